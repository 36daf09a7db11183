"""How this deployment is connected to the city's identity platform: read once, checked whole, refused with every fault.

`YJS_OIDC_CLAIMS` names a small file that says which claim of the platform means what:

    name: name                     # a claim; `org.name` is the claim `name` inside the claim `org`
    citizen_id: id_number
    paper: {claim: id_type, id_card: ["111"], passport: ["414"]}     # without it every number is an identity card's
    kind: {claim: user_type, person: ["1"], organisation: ["2"]}
    organisation: org_name
    credit_code: org_code
    capacity: {claim: org_role, legal_rep: ["1"], agent: ["2"]}
    level: {claim: auth_level, order: [L1, L2, L3]}     # the lowest first
    fields: {mobile: phone_number}                      # more fields of the dictionary, by code

`fields` may not name a field with the number of a role (`numbers`): papers are looked up by the numbers of an account,
so these come by `citizen_id` and `credit_code` alone, which are the person's own.
Without the file the platform tells the name, and the mobile number where it says `phone_number`.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from connectors.addresses import address_fault
from connectors.base import Body
from connectors.lined_yaml import BadYaml, plain, read_lined

SIMPLE = ("name", "citizen_id", "organisation", "credit_code")
CHOICES: Mapping[str, tuple[str, str]] = {"kind": ("person", "organisation"), "capacity": ("legal_rep", "agent")}
OTHERS = 0o007
DEADLINE = 5.0  # seconds for one call, whatever the platform does
LARGEST = 256_000  # bytes of one answer
_NUMBERS_COME_BY = (
    "是办件里某个人或单位的证件号码，不能写在 fields 里：账号上的号码就是本人的，凭它调取证照。请删去这一行；"
    "登录人自己的身份证号写在 citizen_id，登录人所代表单位的统一社会信用代码写在 credit_code，"
    "登录人是不是法定代表人写在 capacity；姓名、手机、地址等不是证件号码的字段可以写在 fields")


class BadSetup(ValueError):
    """The connection to the identity platform cannot be used as it is set up; `problems` has a line for each fault."""

    code = "bad_identity_setup"

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Choice:
    """A claim whose values say which of a few things holds: `said` leads from a value to the thing."""

    claim: str
    said: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Levels:
    """The claim with the real-name level (实名等级), and its values from the lowest to the highest."""

    claim: str
    order: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Meanings:
    """Which claim means what; `simple` by the names of `SIMPLE`, `fields` by codes of the dictionary; `paper` leads
    from a value to what stands before a number on that kind of paper."""

    simple: Mapping[str, str] = field(default_factory=lambda: {"name": "name"})
    fields: Mapping[str, str] = field(default_factory=dict)
    kind: Choice | None = None
    capacity: Choice | None = None
    paper: Choice | None = None
    level: Levels | None = None


@dataclass(frozen=True, slots=True)
class Given:
    """What the settings say, as text. `public_url` is where people reach us; `plain` allows a platform without TLS
    (demo and test); `file:` references begin in the folder `secrets`."""

    issuer: str | None
    client_id: str
    secret: str
    label: str
    scopes: str
    claims: Path | None
    least_level: str
    ca: Path | None
    public_url: str
    plain: bool = False
    secrets: Path | None = None


@dataclass(frozen=True, slots=True)
class Setup:
    """A connection that can be used. `secret` never appears in a repr."""

    issuer: str
    client_id: str
    secret: str = field(repr=False)
    label: str
    scopes: str
    public_url: str
    meanings: Meanings = field(default_factory=Meanings)
    least_level: str = ""
    ca: str | None = None

    @property
    def callback(self) -> str:
        """Where the platform sends people back to: below our public address, whatever host a request names."""
        return f"{self.public_url}/login/platform/back"

    @property
    def reached(self) -> Body:
        """The platform as transports know a receiver, and as those know it who watch certificates."""
        return Body(id="identity-platform", department="", connector="rest", name="统一身份认证平台",
                    address=self.issuer, deadline=DEADLINE, answer_cap=LARGEST,
                    settings={"ca": self.ca} if self.ca else {})


def read_setup(given: Given, environ: Mapping[str, str], dictionary: Collection[str],
               papers: Mapping[str, str], numbers: Collection[str]) -> Setup | None:
    """The connection that the settings describe, None if there is none; raises `BadSetup`. `dictionary` are the codes
    of the fields that there are, `numbers` those among them that hold the number of somebody in a case, `papers` the
    kinds of paper, each with what stands before a number on it."""
    if given.issuer is None:
        return None
    problems = _faults(given)
    secret = _secret(given, environ, problems)
    meanings = _meanings(given, (dictionary, numbers), papers, problems)
    if given.ca is not None and not given.ca.is_file():
        problems.append(f"YJS_OIDC_CA：读不到文件 {given.ca}")
    order = meanings.level.order if meanings.level else ()
    if given.least_level and given.least_level not in order:
        known = "、".join(order) or "对应文件 YJS_OIDC_CLAIMS 里还没有写 level"
        problems.append(f"YJS_OIDC_LEVEL={given.least_level}：不是已知的实名等级；可用：{known}")
    if problems:
        raise BadSetup(problems)
    return Setup(given.issuer, given.client_id, secret, given.label, given.scopes, given.public_url, meanings,
                 given.least_level, str(given.ca) if given.ca else None)


def _faults(given: Given) -> list[str]:
    issuer, problems = str(given.issuer), []
    if fault := address_fault(issuer):
        problems.append(f"YJS_OIDC_ISSUER：{fault}")
    elif not given.plain and not issuer.startswith("https://"):
        problems.append("YJS_OIDC_ISSUER：正式运行时统一身份认证平台必须用 https")
    if "openid" not in given.scopes.split():
        problems.append("YJS_OIDC_SCOPES：必须有 openid，例如 openid profile")
    return problems


def _secret(given: Given, environ: Mapping[str, str], problems: list[str]) -> str:
    """What the reference leads to: `file:PATH` or `env:NAME`, never the secret itself."""
    reference = given.secret
    kind, _, name = reference.partition(":")
    found = ""
    if kind == "env":
        found = environ.get(name, "").strip()
    elif kind == "file":
        found = _content((given.secrets or Path()) / Path(name).expanduser(), problems)
    else:  # what stands there may be the secret itself, which no message may show
        problems.append("YJS_OIDC_SECRET：密钥不能直接写在这里；请写 file:路径 或 env:变量名")
        return ""
    if not found:
        problems.append(f"YJS_OIDC_SECRET：{reference} 读不到内容")
    elif not (found.isascii() and found.isprintable()):
        problems.append(f"YJS_OIDC_SECRET：{reference} 里有不能使用的字符；请核对平台给的客户端密钥")
    return found


def _content(path: Path, problems: list[str]) -> str:
    try:
        if path.stat().st_mode & OTHERS and os.name == "posix":
            problems.append(f"YJS_OIDC_SECRET：本机任何用户都能读到 {path}；请执行 chmod o= {path}")
        return path.read_text("utf-8-sig").strip()
    except (OSError, UnicodeDecodeError):
        return ""


def _meanings(given: Given, codes: tuple[Collection[str], Collection[str]], papers: Mapping[str, str],
              problems: list[str]) -> Meanings:
    """What the file says, with a fault for each line that cannot be used."""
    if given.claims is None:
        return Meanings(fields={"mobile": "phone_number"} if "mobile" in codes[0] else {})
    try:
        read = plain(read_lined(given.claims))
    except BadYaml as error:
        problems.append(f"{given.claims}:{error.line}: {error}")
        return Meanings()
    reader = _Reader(str(given.claims), papers, problems)
    return reader.meanings(read if isinstance(read, dict) else {"": read}, *codes)


class _Reader:
    """Reads the parts of the file, and says of each that is wrong what may stand there."""

    def __init__(self, file: str, papers: Mapping[str, str], problems: list[str]) -> None:
        self._file, self._problems = file, problems
        self._things: Mapping[str, Mapping[str, str]] = {
            **{name: {thing: thing for thing in things} for name, things in CHOICES.items()}, "paper": papers}

    def meanings(self, read: Mapping[str, Any], dictionary: Collection[str], numbers: Collection[str]) -> Meanings:
        """All parts together."""
        known = (*SIMPLE, *self._things, "level", "fields")
        for name in read.keys() - set(known):
            self._wrong(name, f"不认识；可以写 {'、'.join(known)}")
        if "name" not in read:
            self._wrong("name", "没有写；请写明哪个声明是姓名")
        simple = {name: self._claim(name, read[name]) for name in SIMPLE if name in read}
        fields = self._part("fields", read.get("fields", {}))
        for code in fields.keys() - set(dictionary):
            self._wrong("fields", f"字典里没有字段 {code}")
        for code in sorted(fields.keys() & set(numbers)):
            self._wrong(f"fields.{code}", _NUMBERS_COME_BY)
        return Meanings(
            simple, {code: self._claim(f"fields.{code}", claim) for code, claim in fields.items()},
            self._choice("kind", read), self._choice("capacity", read), self._choice("paper", read),
            self._levels(read))

    def _choice(self, name: str, read: Mapping[str, Any]) -> Choice | None:
        if name not in read:
            return None
        part, things = self._part(name, read[name]), self._things[name]
        for key in part.keys() - {"claim", *things}:
            self._wrong(name, f"不认识 {key}；可以写 claim、{'、'.join(things)}")
        said = {value: means for thing, means in things.items()
                for value in self._values(f"{name}.{thing}", part.get(thing, []))}
        return Choice(self._claim(f"{name}.claim", part.get("claim")), said)

    def _levels(self, read: Mapping[str, Any]) -> Levels | None:
        if "level" not in read:
            return None
        part = self._part("level", read["level"])
        return Levels(self._claim("level.claim", part.get("claim")), self._values("level.order", part.get("order")))

    def _values(self, name: str, value: Any) -> tuple[str, ...]:
        if isinstance(value, list) and all(isinstance(one, str) for one in value):
            return tuple(value)
        self._wrong(name, "应是一列值，例如 [\"1\", \"2\"]")
        return ()

    def _claim(self, name: str, value: Any) -> str:
        if isinstance(value, str):
            return value
        self._wrong(name, "应是平台声明的名称")
        return ""

    def _part(self, name: str, value: Any) -> Mapping[str, Any]:
        if isinstance(value, dict):
            return value
        self._wrong(name, "应写成 名称: 值")
        return {}

    def _wrong(self, name: str, say: str) -> None:
        self._problems.append(f"{self._file}：{name} {say}")
