"""Accounts and tokens, made and closed by the portal for the shell of its machine; each act is in the audit log."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import partial
from typing import Any, TypeVar

from catalog.papers import ID_CARD
from catalog.reading import kinds_of_paper
from desk.parties.persons import number_on
from desk.staff.acts import Act
from forms.formats import FORMATS, BadFormat
from people.accounts import Beside, NewAccount
from people.errors import PeopleError
from people.identity import role_of
from people.oidc.person import Person, fit_subject, known_of
from people.tokens import Grant
from people.visits import PLACE
from store.people import Account
from web.wiring import House

LONGEST_LIFE_DAYS = 366
Asked = Mapping[str, Any]
T = TypeVar("T")


class CommandRefused(Exception):
    """The portal refused a command; the message says why."""

    code = "command_refused"


def act_of(asked: Asked) -> Act:
    """Who does it, why, and whether it is only tried out."""
    return Act(by=str(asked["by"]), reason=str(asked["reason"]), dry_run=bool(asked.get("dry_run")))


def token(home: House, asked: Asked) -> dict[str, Any]:
    """Issue a bearer token: `role`, `subject`, `department` (officers), `days` of life; `holder` is the name of the
    account that it stands for, None if there is none."""
    department, days, now = _office(home, asked), int(asked.get("days", 90)), home.clock.now()
    if not 1 <= days <= LONGEST_LIFE_DAYS:
        raise CommandRefused(f"--days 应是 1–{LONGEST_LIFE_DAYS} 的整数")
    act, subject = act_of(asked), str(asked["subject"])
    grant = Grant(role=role_of(asked["role"]), subject=subject, department=department, by=act.by,
                  life=timedelta(days=days))
    held = home.accounts.get(subject)
    said = {"role": grant.role, "department": department, "days": days}
    secret = "" if act.dry_run else home.tokens.issue(
        grant, now, lambda tx: act.record(tx, "token.issue", subject, now, said))
    return {"token": secret, "holder": held.account if held else None}


def account(home: House, asked: Asked) -> dict[str, Any]:
    """Make a local account: `login`, `role`, `name`, `department` (officers), `counter` (clerks, what theirs is
    called), `password`, which its owner changes at the first sign-in."""
    act, now, login = act_of(asked), home.clock.now(), str(asked["login"]).strip()
    if not login or not str(asked["name"]).strip():
        raise CommandRefused("账号名和姓名都不能是空的")
    place = str(asked.get(PLACE) or "").strip()
    if place and asked["role"] != "counter":
        raise CommandRefused("--counter 是窗口的名称，只和 --role counter 一起写")
    new = NewAccount(login=login, role=role_of(asked["role"]), name=str(asked["name"]),
                     department=_office(home, asked), password=str(asked["password"]), must_change=True,
                     details={PLACE: place} if place else {})
    said = {"role": new.role, "department": new.department}
    if act.dry_run:
        return {"account": ""}
    return {"account": _allowed(lambda: home.accounts.add(
        new, now, lambda tx, made: act.record(tx, "account.add", made.account, now, said)).account)}


def change(home: House, asked: Asked) -> dict[str, Any]:
    """Close an account, open it again, erase it, give it another password, take its second factor from it, say whose it
    is, or let an identity of the platform open it, or none any more: `login`, `change`, `password`, `identity`, and the
    numbers of `identify`."""
    act, now, found = act_of(asked), home.clock.now(), _known(home, str(asked["login"]))
    changes: Mapping[str, Callable[..., None]] = {
        "disable": home.accounts.disable, "enable": home.accounts.enable,
        "password": partial(_give_password, home, found, str(asked.get("password", ""))),
        "reset-factor": partial(_reset_factor, home),
        "bind": partial(_bind, home, str(asked.get("identity"))), "unbind": partial(_unbind, home),
        "identify": partial(_identify, home, found, asked),
        "erase": home.erase_account}
    how = str(asked["change"])
    if how in {"bind", "unbind"} and found.role == "applicant":
        raise CommandRefused("办事人的账号由本人第一次登录时建立，不能另外绑定；这里只绑定工作人员的账号")
    if how == "identify" and (found.role != "applicant" or found.login.startswith("@")):
        raise CommandRefused("只登记办事人本地账号的证件号码；从统一身份认证平台来的，以平台核实的为准")
    if how == "erase" and found.role != "applicant":
        raise CommandRefused("工作人员做过的事要记得是谁；他们的账号只停用（flask accounts disable），不注销")
    if not act.dry_run:
        _allowed(lambda: changes[how](
            found.account, beside=lambda tx: act.record(tx, f"account.{how}", found.account, now, {})))
        home.desk.write_down(now)  # at once: what was taken away must not come back with a copy
    return {"account": found.account, "role": found.role}


def _give_password(home: House, found: Account, password: str, _account: str, beside: Beside) -> None:
    """Give an account another password."""
    home.accounts.give_password(found, password, home.clock.now(), beside)


def _identify(home: House, found: Account, asked: Asked, _account: str, beside: Beside) -> None:
    """Say which person an account is, and for which organisation they sign in, as somebody has made sure of it."""
    number, code = _person_number(home, asked), asked.get("credit_code") or ""
    organisation = str(asked.get("organisation") or "").strip()
    if bool(code) is not bool(organisation):
        raise CommandRefused("替单位办事的，--organisation 和 --credit-code 要一起写")
    person = Person(issuer="", subject="", sid=None, name=found.name, citizen_id=number, organisation=organisation,
                    credit_code=_number("uscc", code) if code else "",
                    capacity="legal_rep" if asked.get("legal_rep") else "")
    home.accounts.identify(found, known_of(person, home.parts.roles), beside, number="" if organisation else number)


def _person_number(home: House, asked: Asked) -> str:
    """The person's number, with the kind of the paper that somebody has seen."""
    kind, kinds = str(asked.get("paper") or ID_CARD), sorted(kinds_of_paper(home.catalog))
    if kind not in kinds:
        raise CommandRefused(f"不认识证件种类 {kind}；--paper 可以写 {'、'.join(kinds)}")
    try:
        return number_on(kind, str(asked["citizen_id"]))
    except BadFormat as wrong:
        more = "；不是身份证的，请用 --paper 写明是哪一种" if kind == ID_CARD else ""
        raise CommandRefused(f"{wrong}{more}") from None


def _number(kind: str, said: Any) -> str:
    try:
        return FORMATS[kind](str(said).strip())
    except BadFormat as wrong:
        raise CommandRefused(str(wrong)) from None


def _reset_factor(home: House, account: str, beside: Beside) -> None:
    """Take the second factor from an account."""
    if not home.factors.reset(account, beside):
        raise CommandRefused("这个账号没有登记验证器")


def _bind(home: House, subject: str, account: str, beside: Beside) -> None:
    """Let an identity of the platform open a member of the staff's account."""
    platform, found = home.oidc, home.accounts.get(account)
    if platform is None or found is None:
        raise CommandRefused("还没有接入统一身份认证平台；请先设置 YJS_OIDC_ISSUER，写法见 docs/operating.md")
    if not fit_subject(subject):
        raise CommandRefused("--identity 应是认证平台对这个人的编号(sub)：1–255 个字符，没有控制字符")
    home.oidc_accounts.bind(found, (platform.setup.issuer, subject), home.clock.now(), beside)


def _unbind(home: House, account: str, beside: Beside) -> None:
    """No identity opens this account any more."""
    if not home.oidc_accounts.unbind(account, beside):
        raise CommandRefused("这个账号没有绑定认证平台的身份")


def _known(home: House, login: str) -> Account:
    found = home.accounts.by_login(login)
    if found is None:
        raise CommandRefused(f"没有账号 {login}；工作人员的账号可用 flask accounts list 查看")
    return found


def _allowed(work: Callable[[], T]) -> T:
    try:
        return work()
    except PeopleError as refused:
        raise CommandRefused(refused.detail) from refused


def _office(home: House, asked: Asked) -> str | None:
    """The office an officer belongs to, which must be one of the deployment's."""
    department: str | None = asked.get("department")
    if asked["role"] == "officer" and department not in home.deployment.bodies:
        known = "、".join(sorted(home.deployment.bodies))
        raise CommandRefused(f"officer 需要 --department，且应是接入清单里的单位：{known}")
    return department


PEOPLE: Mapping[str, Callable[[House, Asked], dict[str, Any]]] = {
    "token": token, "account": account, "account-change": change}
