"""Who filed for somebody else hears what happens, too, while the mandate lasts; its owner hears of the filing."""

import json
from dataclasses import replace

import pytest

from bench.inside import SUBJECT
from desk.desk import Desk
from desk.errors import UnknownNews
from store.errors import StoreUnavailable
from store.telling import news
from store.telling.bulletins import LEASE
from tests.oversight.conftest import place
from tests.store.test_mandates import BOSS, DAY, NOW, POWER, entrust, file, there

__all__ = ["place", "there"]


def asked(there, key, whom):
    """A case that the agent filed for somebody, of which a department asks for something; its number."""
    reference = file(there, key, on_behalf_of=whom).reference
    there.deliver(NOW)
    there.say("power-grid", f"{reference}-03", "leg.supplement_required", NOW, ask="a1", reason="补一份图", limit="9wd",
              materials=[{"material": "K23"}])
    return reference


def test_an_agent_is_told_until_the_mandate_ends_and_nothing_of_it_stays(there):
    desk = Desk(replace(there.desk._premises, gateway=True))
    given = entrust(there)
    reference = asked(there, "k1", BOSS)
    desk.sweep(NOW)

    def told(subject, now=NOW):
        return [one.kind for one in desk.inbox.page(subject, None, now)[0]]

    assert (sorted(told(BOSS)), told(SUBJECT)) == (["ask", "filed_for"], ["ask"])
    ask, = desk.inbox.page(SUBJECT, None, NOW)[0]
    assert desk.inbox.open(SUBJECT, reference, ask.key, NOW).about == "a1"
    there.desk.mandates.revoke(SUBJECT, given.row.mandate, NOW)
    desk.sweep(NOW + 10 * DAY)
    assert desk.bulletins.make(NOW) == 2
    leaving = desk.bulletins.claim(9, NOW)
    assert [one.bulletin.subject for one in leaving] == [BOSS]
    with pytest.raises(UnknownNews):
        desk.inbox.open(SUBJECT, reference, ask.key, NOW)
    assert told(SUBJECT) == []
    assert told(BOSS).count("reminder") == 1


def test_what_an_agent_may_not_see_any_more_is_not_counted_as_unread_and_hides_nothing_of_their_own(there, monkeypatch):
    desk, database = there.desk, there.house.database
    given = entrust(there)
    asked(there, "k1", BOSS)
    desk.sweep(NOW)
    assert desk.inbox.unread(SUBJECT, NOW) == 1
    told, = desk.inbox.page(SUBJECT, None, NOW)[0]
    own = there.file({**POWER, "filer": "legal_rep"}, "own", NOW).reference

    def many(tx):
        news.add(tx, [replace(told, key=f"ask.{number}{news.AGENTS}") for number in range(2 * news.MOST_COUNTED)])
        news.add(tx, [replace(told, reference=own, key="ask.own")])

    database.write(many)
    assert desk.inbox.unread(SUBJECT, NOW) == news.MOST_COUNTED
    there.desk.mandates.revoke(BOSS, given.row.mandate, NOW)
    with monkeypatch.context() as full:
        full.setattr(database, "write", refuse)
        assert desk.inbox.unread(SUBJECT, NOW) == 0
    assert desk.inbox.unread(SUBJECT, NOW) == 1


def refuse(_):
    raise StoreUnavailable


def test_what_is_about_to_leave_for_an_agent_of_several_is_told_anew_without_those_whose_mandate_ended(there):
    desk = Desk(replace(there.desk._premises, gateway=True))
    given = entrust(there)
    entrust(there, "third")
    cases = [asked(there, whom, whom) for whom in (BOSS, "third")]
    desk.sweep(NOW)

    def left(now):
        found = (json.loads(one.body)["data"] for one in desk.bulletins.claim(9, now))
        return [said["references"] for said in found if said["recipient"]["subject"] == SUBJECT]

    assert desk.bulletins.make(NOW) == 3
    assert [sorted(references) for references in left(NOW)] == [sorted(cases)]
    there.desk.mandates.revoke(SUBJECT, given.row.mandate, NOW)
    later = NOW + 2 * LEASE  # that attempt came to nothing
    assert (left(later), desk.bulletins.make(later), left(later)) == ([], 1, [cases[1:]])
