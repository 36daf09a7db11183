"""Who closes an account is forgotten at once, on both stores; what others rely on stays, and is nobody's by name."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from bench.inside import Inside, inside
from desk.agents.mandates import Wish
from desk.errors import NoMandate, UnknownCase
from desk.staff.acts import Act
from people.accounts import NewAccount
from people.errors import UnknownToken, WrongLogin
from people.identity import VISITOR
from people.oidc.person import Person
from people.oidc.ticket import new_ticket
from people.tokens import Grant
from store import audit, identities, people
from store.engine.opening import Place

NOW = datetime(2026, 1, 5, 1, 0, tzinfo=UTC)
DAY = timedelta(days=1)
POWER = {"services": ["power"], "outside_line": False, "filer": "legal_rep"}
PASSWORD = "一句只有我自己知道的很长的话"
PDF = ("图.pdf", "application/pdf")


@pytest.fixture
def there(place: Place, tmp_path: Path) -> Iterator[Inside]:
    with inside(tmp_path, place.data, place.url) as made:
        yield made


def count(there: Inside, table: str, **where: str) -> int:
    wanted = " and ".join(f"{name} = :{name}" for name in where)
    with there.house.database.read() as tx:
        return int(tx.rows(f"select count(*) as n from {table} where {wanted}", **where)[0]["n"])


@pytest.mark.parametrize("by_platform", [False, True], ids=["local", "platform"])
def test_an_account_that_is_closed_is_gone_and_its_cases_run_on_for_nobody(there: Inside, by_platform: bool) -> None:
    house, desk, someone = there.house, there.desk, Person("https://city.example", "s", None, "示例甲")

    def come(at: datetime) -> str:
        return house.oidc_accounts.enter(someone, new_ticket("", at), at).account

    local = NewAccount("jia", "applicant", "示例甲", password=PASSWORD, details={"holder_name": "示例甲"})
    who = come(NOW) if by_platform else house.accounts.add(local, NOW).account
    account = house.accounts.get(who)
    assert account is not None
    secret, token = house.sessions.open(account, NOW), house.tokens.issue(Grant("applicant", who), NOW)
    receipt = there.file(POWER, "filed", NOW)
    house.database.write(lambda tx: tx.run("update cases set subject = :s where reference = :r", s=who,
                                           r=receipt.reference))
    desk.drafts.open(who, "utilities", POWER, NOW)
    upload = desk.keep_file(who, PDF, [b"x"], NOW).file
    theirs = desk.keep_file("another", PDF, [b"x"], NOW).file
    desk.inbox.choose(who, (), "13800138000")
    given = desk.mandates.give(who, Wish(desk.mandates.show_code("agent", NOW)[0], date(2026, 3, 1)), "k", NOW)
    taken = desk.mandates.give("boss", Wish(desk.mandates.show_code(who, NOW)[0], date(2026, 3, 1)), "k", NOW)
    desk.mandates.show_code(who, NOW)

    house.accounts.erase(who, NOW - 29 * DAY, NOW,
                         lambda tx: audit.record(tx, audit.Entry(NOW, "applicant", "account.erase", who)))

    assert house.sessions.identity(secret, NOW) == VISITOR
    with pytest.raises(UnknownToken):
        house.tokens.identity(token, NOW)
    with pytest.raises(WrongLogin):
        house.accounts.by_password("jia", PASSWORD, "10.0.0.1", NOW)
    with house.database.read() as tx:
        shell = people.account(tx, who)
        assert (shell.name, shell.login, shell.body, shell.password, shell.disabled) == ("", "", {}, None, True)
        assert identities.bonds_of(tx, who) == []
    for table, column in (("drafts", "subject"), ("preferences", "subject"), ("mandate_codes", "agent"),
                          ("sessions", "account"), ("holdings", "owner")):
        assert count(there, table, **{column: who}) == 0, table
    states = [desk.mandates.one(side, one.row.mandate, NOW).state for side, one in (("agent", given), ("boss", taken))]
    assert states == ["revoked", "revoked"]
    with pytest.raises(NoMandate):
        desk.agency.acting("agent", who, "utilities", NOW)
    assert desk.track(receipt.reference, receipt.code, NOW)["state"] == "filed", "the case runs on"
    with house.database.read() as tx:
        done = [(one.actor, one.action) for one in audit.entries(tx)]
    assert done[-1] == ("applicant", "account.erase") and ("applicant", "mandate.revoke") in done

    desk.sweep(NOW + 2 * DAY)
    assert (count(there, "files", file=upload), count(there, "files", file=theirs)) == (0, 1)
    if by_platform:
        again = come(NOW + DAY)
        assert again != who
        with pytest.raises(UnknownCase):
            desk.case_view(again, receipt.reference, NOW + DAY)
    assert count(there, "accounts", account=who) == 1, "its case still tells by its id"


def test_an_account_that_holds_nothing_leaves_nothing_and_a_shell_goes_with_its_last_case(there: Inside) -> None:
    house = there.house
    idle, filed = (house.accounts.add(NewAccount(name, "applicant", "示例", password=PASSWORD), NOW).account
                   for name in ("idle", "filed"))
    reference = there.file(POWER, "filed", NOW).reference
    house.database.write(lambda tx: tx.run("update cases set subject = :s where reference = :r", s=filed, r=reference))
    for one in (idle, filed):
        house.erase_account(one, lambda tx: None)
    assert [count(there, "accounts", account=one) for one in (idle, filed)] == [0, 1]
    assert house.accounts.add(NewAccount("filed", "applicant", "同名的人", password=PASSWORD), NOW), "the name is free"
    house.database.write(lambda tx: tx.run("update cases set closed_at = filed_at where reference = :r", r=reference))
    house.database.write(lambda tx: tx.run("update messages set state = 'done', next_at = null"))
    later = NOW + 40 * DAY
    assert there.desk.operations.erasures.erase([reference], Act("ops", "到期"), later) == {reference: ""}
    there.desk.sweep(later)
    assert count(there, "accounts", account=filed) == 0


def test_a_member_of_the_staff_is_not_blanked(there: Inside) -> None:
    added = there.house.accounts.add(NewAccount("li", "operator", "示例运维", password=PASSWORD), NOW)
    there.house.erase_account(added.account, lambda tx: None)
    kept = there.house.accounts.get(added.account)
    assert kept is not None and (kept.name, kept.disabled) == ("示例运维", False)
