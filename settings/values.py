"""The settings in force: read from the environment, refused with everything that is wrong at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from settings.readers import Kind, NonsenseValue
from settings.table import ELSEWHERE, SETTINGS

PREFIX = "YJS_"
CLOSE = 0.88  # a name this like one of ours is a slip of the pen; others may be secrets of a department


class BadSettings(ValueError):
    """Some settings cannot be used; `problems` has one line for each."""

    code = "bad_settings"

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("设置有误，服务没有启动：\n" + "\n".join(f"  {line}" for line in problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Settings:
    """Every setting as a typed value. Make it with `from_environ`; the attributes are those of `SETTINGS`."""

    env: Kind
    data: Path
    database_url: str | None
    bundles: Path
    offered: frozenset[str] | None
    departments: Path | None
    sources: Path | None
    secrets: Path | None
    keys: Path | None
    journal: Path | None
    public_url: str
    trusted_proxies: int
    zone: ZoneInfo
    port: int
    bind: str
    failpoints: str
    clock_file: Path | None
    threads: int
    upload_limit: int
    json_limit: int
    scanner: str
    scanner_anywhere: bool
    strip_pictures: bool
    upload_rate: int
    body_deadline: int
    rate: float | None
    session_idle: int
    visit_idle: int
    session_life: int
    staff_factor: bool | None
    password_days: int
    keep_drafts: int
    keep_uploads: int
    auto_urge: bool
    oidc_issuer: str | None
    oidc_client_id: str | None
    oidc_secret: str | None
    oidc_label: str
    oidc_scopes: str
    oidc_claims: Path | None
    oidc_level: str
    oidc_ca: Path | None
    gateway: str | None
    gateway_secret: Path | None
    gateway_mobile: bool
    quiet_hours: tuple[int, int]

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> Settings:
        """Read every setting from `environ`; raises `BadSettings` with all that is wrong, each by name."""
        values: dict[str, Any] = {}
        problems: list[str] = []
        for setting in SETTINGS:
            text = environ.get(setting.name) or setting.default
            try:
                values[setting.attribute] = None if text is None else setting.read(text)
            except NonsenseValue as error:
                problems.append(f"{setting.name}={text}：{error}")
        problems += _unknown(environ)
        if not problems:
            problems = _contradictions(values)
        if problems:
            raise BadSettings(tuple(problems))
        return cls(**values)

    @property
    def demonstrates(self) -> bool:
        """Whether sample persons and papers may be shown (demo and test)."""
        return self.env != "production"

    @property
    def rates(self) -> float:
        """Times the usual rates of callers."""
        return self.rate if self.rate is not None else float(not self.demonstrates)

    @property
    def asks_factor(self) -> bool:
        """Whether every member of the staff must have a second factor."""
        return not self.demonstrates if self.staff_factor is None else self.staff_factor

    @property
    def key_file(self) -> Path:
        """Where the encryption keys are; in demo and test beside the data folder unless said otherwise."""
        return _key_file(self.keys, self.data)

    @property
    def journal_file(self) -> Path:
        """Where the journal of what was taken away is; beside the keys unless said otherwise."""
        return self.journal or self.key_file.with_name(f"{self.key_file.name}.journal")

    @property
    def secure(self) -> bool:
        """Whether people reach the service over TLS."""
        return self.public_url.startswith("https://")


def _unknown(environ: Mapping[str, str]) -> list[str]:
    """Variables that look like ours and are not: a misspelt setting must not be silently without effect."""
    known = [*(setting.name for setting in SETTINGS), *(name for name, *_ in ELSEWHERE if name.startswith("YJS_"))]
    meant = {name: [bare] if (bare := name.removeprefix(PREFIX)) in known else get_close_matches(name, known, 1, CLOSE)
             for name in environ if name not in known}
    return [f"{name}：没有这个设置，是不是 {close[0]}？" for name, close in sorted(meant.items()) if close]


def unused(environ: Mapping[str, str], referred: str) -> list[str]:
    """Variables with our prefix that neither stand in the table nor in `referred`, the text of the lists."""
    known = {setting.name for setting in SETTINGS} | {name for name, *_ in ELSEWHERE}
    return [f"{name}：没有这个设置，清单里也没有 env:{name}；请核对 docs/settings.md" for name in sorted(environ)
            if name.startswith(PREFIX) and name not in known and f"env:{name}" not in referred]


def _contradictions(values: Mapping[str, Any]) -> list[str]:
    """What is wrong between settings that are each readable."""
    problems = []
    if values["env"] != "test":
        for_tests = (("FAILPOINTS", values["failpoints"]), ("YJS_CLOCK", values["clock_file"]))
        problems += [f"{name} 只能在 YJS_ENV=test 时使用" for name, given in for_tests if given]
    keys, data = values["keys"], values["data"]
    if keys is not None and keys.resolve().is_relative_to(data.resolve()):
        problems.append("YJS_KEYS：密钥文件不能放在数据目录 YJS_DATA 里面")
    if values["journal"] is not None and values["journal"].resolve().is_relative_to(data.resolve()):
        problems.append("YJS_JOURNAL：删除记录不能放在数据目录 YJS_DATA 里面，否则会和数据一起丢")
    if values["journal"] is not None and values["journal"].resolve() == _key_file(keys, data).resolve():
        problems.append("YJS_JOURNAL：删除记录不能就是密钥文件 YJS_KEYS；请写另一个文件")
    if (values["gateway"] is None) != (values["gateway_secret"] is None):
        problems.append("YJS_GATEWAY 和 YJS_GATEWAY_SECRET 要一起设置，写法见 docs/operating.md")
    return problems + _half_set(values)


def _key_file(keys: Path | None, data: Path) -> Path:
    return keys or data.parent / f"{data.name}-keys" / "keys"


def _half_set(values: Mapping[str, Any]) -> list[str]:
    """What is missing of a connection to the identity platform, or has no connection to belong to."""
    ours = {setting.name: setting for setting in SETTINGS if setting.name.startswith("YJS_OIDC_")}
    if values["oidc_issuer"] is not None:
        needed = ("YJS_OIDC_CLIENT_ID", "YJS_OIDC_SECRET")
        return [f"{name} 没有设置；设置了 YJS_OIDC_ISSUER 就必须有它" for name in needed
                if not values[ours[name].attribute]]
    # A default says nothing about what was meant.
    alone = [name for name, setting in ours.items() if values[setting.attribute] not in {None, setting.default}]
    return [f"{name} 没有用：还要设置 YJS_OIDC_ISSUER" for name in alone]
