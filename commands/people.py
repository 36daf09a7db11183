"""The commands of `flask` for people and programs: accounts and bearer tokens."""

from __future__ import annotations

import json
from datetime import datetime, tzinfo
from typing import Any

import click

from catalog.papers import ID_CARD
from commands.shell import JSON, act, beside, changed, moment, printable, read_settings, stop
from people.identity import ROLES
from people.visits import PLACE
from store import identities, people
from store.sign_in import factors, sign_ins

APPLICANT = "applicant"
STAFF = tuple(role for role in ROLES if role != APPLICANT)


@click.command()
@click.argument("role", type=click.Choice(ROLES))
@click.option("--subject", required=True, help="For whom the token stands, e.g. an account's id.")
@click.option("--department", default=None, help="The office an officer's token is bound to.")
@click.option("--days", type=int, default=90, show_default=True, help="How long it lives.")
@act("签发令牌")
def token(role: str, subject: str, department: str | None, days: int, **said: Any) -> None:
    """A bearer token for the API; shown once, stored hashed, revocable."""
    asked = {"role": role, "subject": subject, "department": department, "days": days, **said}
    made = changed("token", asked)
    if made["holder"] is None and role == APPLICANT:  # departments' and staff's programs look at no account's cases
        click.echo(f"提示：没有编号为 {subject} 的账号；这个令牌只代表以此为名的程序，看不到任何账号的办件。", err=True)
    click.echo("可以签发。" if said["dry_run"] else made["token"])


@click.command()
@click.argument("login")
@click.option("--role", type=click.Choice(ROLES), required=True, help="What the person is here.")
@click.option("--name", required=True, help="The name shown in pages.")
@click.option("--department", default=None, help="The office an officer works for.")
@click.option("--counter", default=None, help="What the counter of a clerk is called (role counter).")
@click.password_option(envvar="YJS_PASSWORD", help="Asked for when not given.")
@act("建立账号")
def account(login: str, **said: Any) -> None:
    """Make a local account for a person."""
    asked = {"login": login, **said}
    made = changed("account", asked)
    click.echo("可以建立。" if said["dry_run"] else made["account"])


@click.group()
def accounts() -> None:
    """The local accounts there are (made by `flask account`)."""


@accounts.command("list")
@click.option("--role", type=click.Choice(STAFF), default=None, help="Only this role.")
@JSON
def accounts_list(role: str | None, as_json: bool) -> None:
    """The accounts of staff: id, role, office or counter, login, name, since when it has a second factor, when somebody
    signed in last, identities of the platform that open it and when each came last, whether closed. Applicants are not
    listed."""
    zone = read_settings().zone
    with beside() as opened, opened.db.read() as tx:
        found = [one for each in STAFF if role in (None, each) for one in people.accounts(tx, each)]
        bonds = {one.account: identities.bonds_of(tx, one.account) for one in found}
        since = {one.account: factor.since for one in found if (factor := factors.factor(tx, one.account))}
        last = {one.account: came[0].at for one in found if (came := sign_ins.history(tx, one.account).last)}
    shown = [{"account": one.account, "role": one.role, "department": one.department or one.body.get(PLACE),
              "login": one.login, "name": one.name, "disabled": bool(one.disabled),
              "created_at": moment(one.created_at, zone),
              "factor_since": _maybe(since.get(one.account), zone), "signed_in_at": _maybe(last.get(one.account), zone),
              "identities": [{"identity": bond.subject, "bound_at": moment(bond.bound_at, zone),
                              "seen_at": moment(bond.seen_at, zone)} for bond in bonds[one.account]]}
             for one in found]
    if as_json:
        click.echo(json.dumps(shown, ensure_ascii=False, indent=2))
        return
    for line in shown:
        closed = "已停用" if line.pop("disabled") else "在用"
        for name, word in (("factor_since", "登记验证器"), ("signed_in_at", "登录过")):
            line[name] = f"{line[name]} {word}" if line[name] else None
        line["identities"] = "、".join(f"{bond.subject}（{moment(bond.seen_at, zone)} 来过）"
                                       for bond in bonds[str(line["account"])])
        click.echo("  ".join(printable(str(value or "–")) for value in (*line.values(), closed)))


@accounts.command("disable")
@click.argument("login")
@act()
def accounts_disable(login: str, **said: Any) -> None:
    """Close an account: its sessions end at once, its password and its tokens open nothing any more."""
    _change(login, "disable", "停用", said)


@accounts.command("enable")
@click.argument("login")
@act()
def accounts_enable(login: str, **said: Any) -> None:
    """Open a closed account again."""
    _change(login, "enable", "恢复", said)


@accounts.command("erase")
@click.argument("login")
@act()
def accounts_erase(login: str, **said: Any) -> None:
    """Erase an applicant's account for good, as the person can on a page; what was filed stays for its time."""
    _change(login, "erase", "注销，账号里的个人信息一并删除", said)


@accounts.command("password")
@click.argument("login")
@click.password_option(envvar="YJS_PASSWORD", help="Asked for when not given.")
@act()
def accounts_password(login: str, password: str, **said: Any) -> None:
    """Give an account another password; all its sessions end."""
    _change(login, "password", "更换密码", {"password": password, **said})


@accounts.command("identify")
@click.argument("login")
@click.option("--citizen-id", prompt="证件号码", help="Asked for when not given.")
@click.option("--paper", default=ID_CARD, show_default=True, help="On which paper the number stands, e.g. passport.")
@click.option("--organisation", default=None, help="For which organisation the person files, if for one.")
@click.option("--credit-code", default=None, help="The organisation's 统一社会信用代码.")
@click.option("--legal-rep", is_flag=True, help="The person is its legal representative.")
@act()
def accounts_identify(login: str, **said: Any) -> None:
    """Say whose local account it is, once you have seen the person's card (and the organisation's licence): only papers
    of these numbers are looked up for them."""
    _change(login, "identify", "登记证件号码", said)


@accounts.command("reset-factor")
@click.argument("login")
@act()
def accounts_reset_factor(login: str, **said: Any) -> None:
    """Take the second factor from an account whose owner lost it, and its recovery codes; all its sessions end, and the
    next sign-in sets up another one."""
    _change(login, "reset-factor", "取消验证器", said)


@accounts.command("bind")
@click.argument("login")
@click.option("--identity", required=True, help="How the city's identity platform calls the person (sub).")
@act()
def accounts_bind(login: str, identity: str, **said: Any) -> None:
    """Let an identity of the city's platform open an account of the staff (single sign-on)."""
    _change(login, "bind", "绑定认证平台的身份", {"identity": identity, **said})


@accounts.command("unbind")
@click.argument("login")
@act()
def accounts_unbind(login: str, **said: Any) -> None:
    """No identity of the platform opens the account any more; sessions that came that way end."""
    _change(login, "unbind", "解除认证平台的身份", said)


def _maybe(at: datetime | None, zone: tzinfo) -> str | None:
    return None if at is None else moment(at, zone)


def _change(login: str, change: str, word: str, said: dict[str, Any]) -> None:
    done = changed("account-change", {"login": login, "change": change, **said})
    click.echo(f"{login}（{done['account']}，{done['role']}）：{'将' if said['dry_run'] else '已'}{word}")


@click.group()
def tokens() -> None:
    """The bearer tokens there are (made by `flask token`)."""


@tokens.command("list")
@JSON
def tokens_list(as_json: bool) -> None:
    """Every token without its secret: id, role, subject, until when."""
    zone = read_settings().zone
    with beside() as opened, opened.db.read() as tx:
        shown = [{"id": one.id, "role": one.role, "subject": one.subject, "department": one.department,
                  "created_at": moment(one.created_at, zone), "expires_at": moment(one.expires_at, zone),
                  "revoked_at": moment(one.revoked_at, zone) if one.revoked_at else None} for one in people.tokens(tx)]
    click.echo(json.dumps(shown, ensure_ascii=False, indent=2) if as_json else
               "\n".join("  ".join(printable(str(value or "–")) for value in line.values()) for line in shown))


@tokens.command("revoke")
@click.argument("token", metavar="ID")
@act()
def tokens_revoke(token: str, **said: Any) -> None:
    """Make a token worthless from now on."""
    if not changed("revoke", {"id": token, **said})["revoked"]:
        stop(f"没有可以吊销的令牌 {token}；请用 flask tokens list 核对。")
    click.echo(f"{token}：{'将吊销' if said['dry_run'] else '已吊销'}")
