"""Every question of a request or a loop is answered by an index: none reads a table that grows with finished cases."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import psycopg
import pytest

from store import (
    agreements,
    audit,
    cases,
    choosing,
    consents,
    conservation,
    drafts,
    endings,
    erasure,
    events,
    files,
    identities,
    leases,
    leaving,
    legs,
    mandates,
    messages,
    notices,
    offers,
    operating,
    overseeing,
    people,
    ratings,
    reading,
    report,
    since,
    submissions,
    tallies,
)
from store.chains import moved, seals, verifications
from store.choosing import Wanted
from store.copies import journal
from store.copies.journal import Line
from store.encoding import stamp
from store.engine.dialect import postgres_text, sqlite_text
from store.engine.opening import Opened, Place
from store.engine.sqlite import FILE
from store.legs import LegRow
from store.messages import MessageId
from store.operating import OpenCase
from store.overseeing import After
from store.port import Row, Tx
from store.sign_in import factors, half_sign_ins, sign_ins
from store.telling import bells, bulletins, news, preferences
from store.uploads import uncleared
from store.visits import filed, numbers, visits
from tests.store.samples import NOW, REFERENCE, a_leg, file_case, message_of, minutes

# What grows with every application, finished or not.
GROW = {"cases", "legs", "events", "heads", "messages", "bodies", "attempts", "offers", "notices", "submissions",
        "files", "consents", "audit", "sessions", "drafts", "ratings", "accounts", "quarantine", "identities", "spent",
        "mandates", "agencies", "agreements", "news", "bulletins", "preferences", "bells", "factors", "recovery_codes",
        "half_sign_ins", "sign_ins", "visits", "visit_cases", "known_numbers"}
# Indexes that hold only what is open, waits or is in trouble: to walk one costs no more than that.
SMALL = {"messages_due", "messages_leased", "messages_troubled", "messages_retried", "heads_unsealed",
         "legs_lapsing", "cases_open", "messages_offered", "files_unlinked", "drafts_untouched", "ratings_owed",
         "cases_unjudged", "cases_reopened", "quarantine_open", "legs_yellow", "legs_due", "legs_stalled",
         "legs_beyond", "legs_owed", "cases_unerased",
         "news_to_tell", "news_to_remind", "bulletins_due", "bulletins_troubled"}
DAY = report.Period(NOW, minutes(9), "20260106", "20260105")
LINE = Line(9, "h", "2026", "case.erase", "a")
UNLINKED = files.Unlinked("x", "somebody", NOW)
WHICH = MessageId(REFERENCE, "01", "leg.filed", 1)
LAST = f"{stamp(NOW)}|{REFERENCE}|01|leg.filed|1"

TOLD = news.News(REFERENCE, "k", "someone", "b", "ask", "01", "a", "x", NOW, remind_at=NOW)
BELL = bells.Bell("a", "water-works", NOW)
BULLETIN = bulletins.Bulletin("b", "someone", "due", NOW, NOW, 0, 0, "")

Question = Callable[[Tx], object]
QUESTIONS: dict[str, Question] = {
    "tracking": lambda tx: (cases.has_code(tx, REFERENCE, "x"), reading.whole_case(tx, REFERENCE)),
    "a person's cases": lambda tx: reading.cases_of(tx, "someone"),
    "inbox": lambda tx: reading.inbox(tx, "water-works"),
    "inbox, a later page": lambda tx: reading.inbox(tx, "water-works", "2026|a|01"),
    "inbox, counted": lambda tx: reading.inbox_size(tx, "water-works"),
    "done by an office": lambda tx: (reading.done_of(tx, "water-works"),
                                     reading.done_of(tx, "water-works", "2026|a|01")),
    "arrivals": lambda tx: reading.arrivals(tx, "water-works"),
    "arrivals, counted": lambda tx: reading.arrived(tx, "water-works"),
    "late": lambda tx: overseeing.late(tx, NOW, After("2026", "a", "01"), 9),
    "late of an office": lambda tx: overseeing.late(tx, NOW, After(), 9, "water-works"),
    "soon late": lambda tx: overseeing.soon(tx, NOW, After(), 9),
    "overdue papers": lambda tx: (overseeing.owed(tx, NOW, After("2026", "a", "01"), 9),
                                  overseeing.owes(tx, "someone")),
    "asked beside the list": lambda tx: overseeing.beyond(tx, NOW, After("2026", "a", "01"), 9),
    "stalled": lambda tx: (overseeing.stalled(tx, NOW, After("2026", "a", "01"), 9),
                           overseeing.stalled_by_state(tx, NOW)),
    "late by office": lambda tx: (overseeing.by_office(tx, NOW), overseeing.urges(tx, [REFERENCE])),
    "ratings": lambda tx: (ratings.of_case(tx, REFERENCE), ratings.owed(tx, None, 9), ratings.late(tx, NOW)),
    "how cases ended": lambda tx: (endings.unjudged(tx, 9), endings.reopened(tx, 9)),
    "what to tell of": lambda tx: (moved.note(tx, [moved.Moved(REFERENCE, 0, 9)]), moved.look(tx, "", 9),
                                   moved.take(tx, [moved.Moved(REFERENCE, 0, 9)])),
    "a person's news": lambda tx: (news.of_subject(tx, "someone"), news.unread(tx, "someone"),
                                   news.get(tx, "someone", REFERENCE, "k"), news.read(tx, TOLD, NOW),
                                   news.read_all(tx, "someone", NOW, NOW),
                                   news.read_all(tx, "someone", NOW, NOW, REFERENCE), preferences.get(tx, "someone")),
    "what is to be told": lambda tx: (news.to_tell(tx, NOW, 9), news.untold(tx, "someone", 9),
                                      news.leave(tx, [TOLD], "b"), news.to_remind(tx, NOW, 9),
                                      news.reminded(tx, TOLD, NOW), news.of_bulletins(tx, ["b"]),
                                      news.unread_asks(tx, [REFERENCE]), news.over(tx, [TOLD], NOW)),
    "bulletins": lambda tx: (bulletins.due(tx, NOW, 9), bulletins.lease(tx, [BULLETIN], NOW),
                             bulletins.end(tx, BULLETIN, "sent", "", NOW), bulletins.troubled(tx, None, 9),
                             bulletins.resend(tx, ["b"], NOW), bulletins.figures(tx), bulletins.erase(tx, REFERENCE)),
    "who is reminded of work": lambda tx: (
        bells.to_look(tx, NOW, 9), bells.of(tx, ["a"]), bells.mobiles(tx, ["a"]),
        bells.readers(tx, "water-works"), bells.looked(tx, BELL, NOW, NOW), bells.forget(tx, "a"),
        bells.work(tx, "water-works", NOW, NOW, minutes(9))),
    "at counters": lambda tx: (
        visits.of_session(tx, "s", NOW), visits.of_person(tx, "a", 9), visits.hold(tx, "v", NOW),
        visits.go_on(tx, "v", NOW), visits.end_of_session(tx, "s", NOW, "pressed"), visits.counted(tx, NOW, minutes(9)),
        filed.still_open(tx, "hall", None, 9), numbers.account_of(tx, "n"), numbers.note(tx, "a", "n")),
    "figures": lambda tx: (reading.figures(tx, NOW), verifications.standing(tx), verifications.latest(tx)),
    "erasing": lambda tx: (erasure.obstacle(tx, replace(cases.get(tx, REFERENCE), closed_at=NOW), minutes(99_999)),
                           erasure.erase(tx, cases.get(tx, REFERENCE), NOW, NOW), erasure.taken_back(tx, NOW, "a")),
    "what no scanner has cleared": lambda tx: (
        uncleared.add(tx, "x", NOW), uncleared.barred(tx, ["x"]), uncleared.of_case(tx, REFERENCE),
        uncleared.held_of_case(tx, REFERENCE), uncleared.take(tx, NOW, NOW), uncleared.clear(tx, "x"),
        uncleared.listed(tx, None, 9), messages.held_back(tx, REFERENCE, NOW),
        uncleared.spoiled_results(tx, REFERENCE), messages.redo_untold(tx, REFERENCE, bytes),
        uncleared.settle(tx, "x")),
    "what was taken away": lambda tx: (journal.entries(tx, 9), journal.newest(tx), journal.knows(tx, LINE),
                                       leaving.may_be_erased(tx, "a"), drafts.remove(tx, "d"),
                                       ratings.forgive(tx, REFERENCE)),
    "to be erased": lambda tx: erasure.closed_before(tx, NOW, ""),
    "leftovers": lambda tx: (drafts.drop_untouched(tx, NOW, 9), files.unlinked(tx, NOW), files.disown(tx, [UNLINKED])),
    "cockpit": lambda tx: (tallies.by_department(tx), tallies.by_bundle(tx), tallies.created(tx),
                           conservation.counts(tx), conservation.known(tx)),
    "lapsing": lambda tx: legs.lapsing(tx, NOW, LegRow(**{**_fields(a_leg("01")), "lapse_at": NOW})),
    "claim": lambda tx: leases.claim(tx, Wanted({"water-works": 2}, NOW)),
    "put off": lambda tx: leases.put_off(tx, [(one, NOW) for one in leases.due(tx, Wanted({"water-works": 2}, NOW))]),
    "next due": lambda tx: choosing.next_due(tx, ["water-works"]),
    "expire": lambda tx: (leases.first_end(tx), leases.expire(tx, minutes(99))),
    "leased": lambda tx: (messages.leased(tx), leases.void_leases(tx, NOW)),
    "message": lambda tx: (messages.next_number(tx, REFERENCE, "01", "leg.filed"),
                           leases.attempts_of(tx, message_of(tx, WHICH)), messages.cancel(tx, REFERENCE, "02"),
                           messages.recall(tx, REFERENCE, "02")),
    "events": lambda tx: (events.of_case(tx, REFERENCE), events.last(tx, REFERENCE)),
    "seal": lambda tx: (seals.seal_heads(tx, NOW), seals.latest(tx)),
    "audit": lambda tx: (audit.entries(tx), audit.head(tx)),
    "audit, from a time on": lambda tx: audit.by_time(tx, NOW, None),
    "when a person sent it again": lambda tx: audit.retried_at(tx, f"{REFERENCE}-01"),
    "audit, as it is asked for": lambda tx: audit.listed(tx, audit.Wanted(NOW, minutes(9), "a", "b", "c"), None),
    "a day of a report": lambda tx: (report.counting_in(tx, DAY), report.unsettled(tx, NOW, DAY),
                                     report.cases_named(tx, [REFERENCE]), report.erased_of(tx, [REFERENCE]),
                                     report.first_reference(tx)),
    "staff": lambda tx: people.accounts(tx, "officer"),
    "feed": lambda tx: offers.after(tx, "water-works", 0),
    "offers of a leg": lambda tx: (offers.of_leg(tx, REFERENCE, "01"), offers.untaken_of_leg(tx, REFERENCE, "01")),
    "another way to an office": lambda tx: (offers.fed(tx), offers.push_instead(tx, "water-works", NOW),
                                            offers.offer_instead(tx, "water-works", NOW, 9)),
    "offices that are waited for": reading.waiting,
    "notices": lambda tx: (notices.find(tx, "d", "m"), notices.code_of(tx, "d", "m")),
    "strange notices": lambda tx: (notices.unsettled(tx), notices.listed(tx, None, 9)),
    "troubles": lambda tx: (operating.troubled(tx), operating.troubled(tx, LAST, office="water-works")),
    "tried again": lambda tx: operating.troubled(tx, LAST, retrying=True),
    "open cases": lambda tx: (operating.open_cases(tx, OpenCase("e1", "a")), operating.open_on(tx, "e1")),
    "a page of an office's legs": lambda tx: (
        operating.legs_of(tx, ["water-works", "gas"], None, 9),
        operating.open_at(tx, "water-works", "", None, 9)),
    "a page of an export": lambda tx: (since.references(tx, "a", NOW), since.fresh_of(tx, [REFERENCE], NOW)),
    "what happened since": lambda tx: (since._sealed(tx, NOW, ""),
                                       [since._of_source(tx, source, NOW) for source in since._SOURCES]),
    "the round": lambda tx: conservation.look(tx, conservation.PAGE, "", 9),
    "what moved": lambda tx: conservation.look(tx, conservation.MOVED, "", 9),
    "what was in breach": lambda tx: conservation.look(tx, conservation.KNOWN, "", 9),
    "people": lambda tx: (people.session(tx, "s", NOW), people.token(tx, "t", NOW), people.purge(tx, NOW)),
    "second factors": lambda tx: (factors.factor(tx, "a"), factors.take_step(tx, "a", 1), factors.drop_factor(tx, "a"),
                                  factors.take_code(tx, "a", "c"), factors.codes_left(tx, "a"),
                                  half_sign_ins.get(tx, "s", NOW), half_sign_ins.end_by(tx, "s"),
                                  sign_ins.history(tx, "a")),
    "identities of the platform": lambda tx: (identities.bond(tx, "i", "s"), identities.bonds_of(tx, "a"),
                                              identities.came(tx, identities.Bond("i", "s", "a", NOW, NOW), NOW),
                                              leaving.unneeded(tx, NOW, "", 9), leaving.count_from(tx, NOW),
                                              leaving.drop(tx, "a", NOW), leaving.erase(tx, "a", [UNLINKED], NOW, NOW),
                                              identities.drop_bonds(tx, "a"), people.end_via(tx, "v"),
                                              people.end_all_via(tx, "a"), people.end_all(tx, "a")),
    "mandates, page by page": lambda tx: (mandates.given_by(tx, "p"), mandates.given_to(tx, "a"),
                                          mandates.agencies_of(tx, "a"), mandates.standing_of(tx, "a", NOW)),
    "mandates": lambda tx: (mandates.between(tx, "p", "a"),
                            mandates.count_standing(tx, "p", NOW), mandates.agency(tx, REFERENCE),
                            mandates.page(tx, "W", 9), mandates.ever_between(tx, "p", "a"), people.is_closed(tx, "p"),
                            mandates.filed_by(tx, "a", [REFERENCE]), people.closed(tx, ["p"]),
                            mandates.agent_of(tx, "c", NOW), mandates.revoke(tx, "m", NOW),
                            mandates.drop_ended(tx, NOW, 9), files.hand_over(tx, REFERENCE, "a", "p")),
    "agreements": lambda tx: (agreements.of_draft(tx, "d"), agreements.behind(tx, "c", NOW),
                              agreements.of_case(tx, REFERENCE), agreements.open_for(tx, "c", "p", NOW),
                              agreements.file(tx, "a", REFERENCE), agreements.leave(tx, ["d"])),
    "agreements, page by page": lambda tx: (agreements.of_party(tx, "p"), agreements.of_party(tx, "p", "2026|a")),
    "an applicant's": lambda tx: (drafts.of_subject(tx, "s"), drafts.listed(tx, "s"), submissions.find(tx, "s", "k"),
                                  drafts.unfiled(tx, "s"), files.held(tx, "s"),
                                  files.of_case(tx, REFERENCE), consents.of_case(tx, REFERENCE),
                                  consents.withdraw(tx, "c", "s", NOW)),
}
# Lists that go on page by page: the index gives the order, so that a page costs a page.
PAGED = {"inbox", "inbox, a later page", "late", "late of an office", "soon late", "ratings", "how cases ended",
         "arrivals", "to be erased", "audit, from a time on", "staff", "strange notices", "lapsing", "claim",
         "troubles", "tried again", "open cases", "feed", "a person's cases", "done by an office", "seal",
         "mandates, page by page", "agreements, page by page"}


def _fields(leg: LegRow) -> dict[str, Any]:
    return dict(vars(leg))


class Ear:
    """A transaction that remembers what was asked."""

    def __init__(self, tx: Tx) -> None:
        self._tx, self.heard = tx, list[tuple[str, Mapping[str, Any]]]()
        self.cipher = tx.cipher

    def rows(self, sql: str, /, **params: Any) -> list[Row]:
        self.heard.append((sql, params))
        return self._tx.rows(sql, **params)

    def run(self, sql: str, /, **params: Any) -> int:
        self.heard.append((sql, params))
        return self._tx.run(sql, **params)

    def many(self, sql: str, params: Sequence[Mapping[str, Any]], /) -> int:
        self.heard += [(sql, one) for one in params[:1]]
        return self._tx.many(sql, params)

    def clock(self, now: datetime) -> datetime:
        return self._tx.clock(now)

    def notify(self, topic: str) -> None:
        self._tx.notify(topic)


def heard(store: Opened, question: Question) -> list[tuple[str, Mapping[str, Any]]]:
    """The statements of a question, which is asked in a unit, for some of them write."""
    def unit(tx: Tx) -> list[tuple[str, Mapping[str, Any]]]:
        ear = Ear(tx)
        question(ear)
        return [one for one in ear.heard if not one[0].lstrip().startswith("insert")]

    store.db.write(file_case)
    return store.db.write(unit)


def explained(place: Place, sql: str, params: Mapping[str, Any]) -> list[str]:
    """How SQLite goes about a statement, line by line."""
    connection = sqlite3.connect(place.data / FILE)
    try:
        return [line[3] for line in connection.execute(f"explain query plan {sqlite_text(sql)}", dict(params))]
    finally:
        connection.close()


def walks(line: str) -> bool:
    """Whether a line of a plan reads a whole table that grows, or a whole index of it."""
    words = line.split()
    index = words[words.index("INDEX") + 1] if "INDEX" in words and words[-1] != "INDEX" else ""
    return words[0] == "SCAN" and words[1] in GROW and index not in SMALL


@pytest.mark.parametrize("name", QUESTIONS)
def test_an_index_finds_it(name: str, store: Opened, place: Place) -> None:
    asked = heard(store, QUESTIONS[name])
    assert asked
    if place.url is None:
        plans = {sql: explained(place, sql, params) for sql, params in asked}
        assert {sql: plan for sql, plan in plans.items() if any(map(walks, plan))} == {}
        sorted_ = [sql for sql, plan in plans.items() if any("TEMP B-TREE" in line for line in plan)]
        assert name not in PAGED or sorted_ == []
        return
    with psycopg.connect(place.url) as connection:
        connection.execute("set enable_seqscan = off")  # the tables are tiny; what is left has no index to use
        for sql, params in asked:
            plan = [line for line, in connection.execute(f"explain {postgres_text(sql)}", dict(params))]
            assert [line for line in plan if "Seq Scan on" in line and line.split(" on ")[1].split()[0] in GROW] == []
