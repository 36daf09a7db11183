"""The one table of settings: every environment variable, its default, what it may be, and the clock at the edge."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

Kind = Literal["production", "demo", "test"]
KINDS: tuple[Kind, ...] = ("production", "demo", "test")
LARGEST_PORT = 65_535
PREFIX = "YJS_"
CLOSE = 0.88  # a name this like one of ours is a slip of the pen; others may be secrets of a department


class NonsenseValue(ValueError):
    """This value of one setting cannot be used; the message says what may stand there."""


class BadSettings(ValueError):
    """Some settings cannot be used; `problems` has one line for each."""

    code = "bad_settings"

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("设置有误，服务没有启动：\n" + "\n".join(f"  {line}" for line in problems))
        self.problems = problems


def _kind(text: str) -> Kind:
    if text not in KINDS:
        raise NonsenseValue(f"只能是 {'、'.join(KINDS)}")
    return text


def _path(text: str) -> Path:
    if "\0" in text:
        raise NonsenseValue("应是一个路径")
    return Path(text).expanduser()


def _text(text: str) -> str:
    return text


def _whole(least: int, most: int) -> Callable[[str], int]:
    """A reader of whole ASCII numbers between `least` and `most`."""
    def read(text: str) -> int:
        if not re.fullmatch(r"[0-9]{1,12}", text, re.ASCII) or not least <= int(text) <= most:
            raise NonsenseValue(f"应是 {least}–{most} 的整数")
        return int(text)
    return read


def _database(text: str) -> str:
    if not text.startswith(("postgresql://", "postgres://")):
        raise NonsenseValue("不设置即为 SQLite；否则应以 postgresql:// 开头")
    return text


def _url(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise NonsenseValue("应是 http:// 或 https:// 开头的网址，不带 ? 和 #")
    return text.rstrip("/")


def _issuer(text: str) -> str:
    """An issuer is compared to the letter, a slash at its end too."""
    _url(text)
    return text


def _zone(text: str) -> ZoneInfo:
    try:
        return ZoneInfo(text)
    except (LookupError, ValueError, OSError) as error:
        raise NonsenseValue("应是时区名，如 Asia/Shanghai") from error


def _switch(text: str) -> bool:
    if text not in ("on", "off"):
        raise NonsenseValue("只能是 on、off")
    return text == "on"


def _hours(text: str) -> tuple[int, int]:
    """Two hours of the day as `21-8`; `off` is no time at all."""
    if text == "off":
        return 0, 0
    found = re.fullmatch(r"([01]?[0-9]|2[0-3])-([01]?[0-9]|2[0-3])", text, re.ASCII)
    if found is None:
        raise NonsenseValue("应是两个钟点，如 21-8，或 off")
    return int(found[1]), int(found[2])


@dataclass(frozen=True, slots=True)
class Setting:
    """One environment variable: its attribute, default text, reader, shape, and a sentence in two languages."""

    name: str
    attribute: str
    default: str | None
    read: Callable[[str], Any]
    shape: str
    zh: str
    en: str


MB = 1_000_000
SETTINGS: tuple[Setting, ...] = (
    Setting("YJS_ENV", "env", "production", _kind, "production | demo | test",
            "运行方式；示例人物和数据只在 demo、test 可用，故障点和可移动的时钟只在 test 可用。",
            "How it runs; sample persons only in demo and test, failpoints and a movable clock only in test."),
    Setting("YJS_DATA", "data", "data", _path, "folder", "数据目录：数据库、文件、锁。",
            "The data folder: database, files, lock."),
    Setting("DATABASE_URL", "database_url", None, _database, "postgresql://…",
            "不设置用数据目录里的 SQLite；设置后用 PostgreSQL。", "Unset: SQLite in the data folder; else PostgreSQL."),
    Setting("YJS_BUNDLES", "bundles", "bundles", _path, "folder", "事项、字段、材料和一件事的定义所在目录。",
            "The folder of the definitions."),
    Setting("YJS_DEPARTMENTS", "departments", None, _path, "file",
            "部门接入清单：每个部门的连接方式、地址、密钥引用和限额。",
            "The deployment's list of departments: connector, address, secret references, limits."),
    Setting("YJS_SECRETS", "secrets", None, _path, "folder",
            "接入清单里 file: 引用的密钥所在目录；不设置时从清单所在目录找。",
            "Where the `file:` secrets of the department list stand; unset: beside the list."),
    Setting("YJS_KEYS", "keys", None, _path, "file", "加密密钥文件，必须放在数据目录之外。",
            "The file of encryption keys; it must stand outside the data folder."),
    Setting("YJS_PUBLIC_URL", "public_url", "http://127.0.0.1:5000", _url, "URL",
            "公众和部门访问本服务的网址；https 时 Cookie 只走加密连接。",
            "The address people and departments use; with https, cookies are sent over TLS only."),
    Setting("YJS_TRUSTED_PROXIES", "trusted_proxies", "0", _whole(0, 5), "0–5",
            "前面有几层可信的反向代理；决定从转发头取第几个来源地址。",
            "How many trusted proxies stand in front; decides which forwarded address is believed."),
    Setting("YJS_ZONE", "zone", "Asia/Shanghai", _zone, "zone name", "计算工作日和显示时间所用的时区。",
            "The zone in which days are counted and times are shown."),
    Setting("PORT", "port", "5000", _whole(1, LARGEST_PORT), f"1–{LARGEST_PORT}", "监听的端口。",
            "The port to listen on."),
    Setting("YJS_BIND", "bind", "127.0.0.1", _text, "address", "监听的地址；容器里用 0.0.0.0。",
            "The address to listen on; 0.0.0.0 inside a container."),
    Setting("FAILPOINTS", "failpoints", "", _text, "name:kill|sleep=S|raise[@nth][,p=P];…",
            "故障点，只在 test 可用。", "Failpoints, in test only."),
    Setting("YJS_CLOCK", "clock_file", None, _path, "file", "可移动的时钟文件，内容为“时刻 [x倍速]”，只在 test 可用。",
            "A movable clock: a file holding `INSTANT [xSPEED]`, re-read; in test only."),
    Setting("YJS_THREADS", "threads", "16", _whole(4, 64), "4–64", "同时处理的请求数；上传最多占八分之三。",
            "Requests served at once; uploads take at most three eighths of them."),
    Setting("YJS_UPLOAD_LIMIT", "upload_limit", str(50 * MB), _whole(MB // 10, 1000 * MB), "bytes",
            "单个上传文件的最大字节数。", "The largest upload in bytes."),
    Setting("YJS_JSON_LIMIT", "json_limit", str(MB), _whole(10_000, 20 * MB), "bytes",
            "JSON 或表单请求的最大字节数。", "The largest JSON or form body in bytes."),
    Setting("YJS_SCANNER", "scanner", "none", _text, "clamd://host:port | unix:/path | none",
            "病毒扫描程序(ClamAV 的 clamd)在哪里；不设置就不扫描，正式运行时启动日志和 /readyz 会说明。",
            "Where the virus scanner (clamd of ClamAV) listens; unset: none, and production says so."),
    Setting("YJS_SCANNER_ANYWHERE", "scanner_anywhere", "off", _switch, "on | off",
            "扫描程序可否不在本机和内网地址；文件以明文送去，一般不要打开。",
            "Whether the scanner's address need not be this machine's or a private one; files go there in clear."),
    Setting("YJS_STRIP_PICTURES", "strip_pictures", "on", _switch, "on | off",
            "是否去掉办事人上传的照片里的拍摄地点、时间、设备、作者等附带信息（画面和方向不变）。",
            "Whether applicants' pictures lose what they tell of place, time, owner and device; how they look stays."),
    Setting("YJS_UPLOAD_RATE", "upload_rate", "16384", _whole(1, 10 * MB), "bytes per second",
            "上传的最低平均速度；更慢的连接会被请回。",
            "The least average speed of an upload; slower ones are turned away."),
    Setting("YJS_BODY_DEADLINE", "body_deadline", "10", _whole(1, 600), "seconds",
            "接收请求内容的起始时限，上传按最低速度另加。",
            "Seconds a body may take to arrive; uploads get more by their size and the least speed."),
    Setting("YJS_SESSION_IDLE", "session_idle", "3600", _whole(60, 86_400), "seconds", "多久不操作就要重新登录。",
            "Seconds without a request after which a session ends."),
    Setting("YJS_SESSION_LIFE", "session_life", "43200", _whole(300, 604_800), "seconds", "一次登录最长多久。",
            "Seconds a session lives at most."),
    Setting("YJS_KEEP_DRAFTS", "keep_drafts", "180", _whole(1, 3_650), "days",
            "草稿多少天没有改动就删除（提交过的草稿也是，办件不受影响）。",
            "Days after which a draft that nobody touches is deleted, a filed one too; its case stays."),
    Setting("YJS_KEEP_UPLOADS", "keep_uploads", "30", _whole(1, 3_650), "days",
            "上传后没有用在办件或草稿里的文件，多少天后删除。",
            "Days after which an upload is deleted that neither a case nor a draft has."),
    Setting("YJS_AUTO_URGE", "auto_urge", "on", _switch, "on | off",
            "是否由本平台在超期后每个工作日自动催办一次；关掉后申请人和督办人员仍可催办。",
            "Whether the portal urges late legs by itself, once a working day; people may in any event."),
    Setting("YJS_OIDC_ISSUER", "oidc_issuer", None, _issuer, "URL",
            "城市统一身份认证平台(OpenID Connect)的 issuer，须与它自己声明的一字不差；不设置就只有本站账号。",
            "The issuer of the city's identity platform, to the letter; unset: local accounts alone."),
    Setting("YJS_OIDC_CLIENT_ID", "oidc_client_id", None, _text, "text", "本站在认证平台登记的客户端编号。",
            "What the identity platform calls us (client id)."),
    Setting("YJS_OIDC_SECRET", "oidc_secret", None, _text, "file:PATH | env:NAME",
            "客户端密钥在哪里；只写引用，不写密钥本身。", "Where the client secret is; a reference, never the secret."),
    Setting("YJS_OIDC_LABEL", "oidc_label", "用城市统一身份认证登录", _text, "text", "登录按钮上的字。",
            "What the button of the sign-in page says."),
    Setting("YJS_OIDC_SCOPES", "oidc_scopes", "openid profile", _text, "words", "向认证平台申请的范围，须含 openid。",
            "What we ask the identity platform for; openid is among it."),
    Setting("YJS_OIDC_CLAIMS", "oidc_claims", None, _path, "file",
            "认证平台的哪个声明是什么意思；写法见 docs/operating.md。不设置只取姓名和手机。",
            "Which claim of the identity platform means what (docs/operating.md); unset: name and mobile number."),
    Setting("YJS_OIDC_LEVEL", "oidc_level", "", _text, "a level", "办事人至少要有的实名等级；不设置不要求。",
            "The least real-name level of an applicant; unset: any."),
    Setting("YJS_OIDC_CA", "oidc_ca", None, _path, "file", "认证平台的证书由自建机构签发时，该机构的证书文件。",
            "The certificate authority of the identity platform, where it is not a public one."),
    Setting("YJS_GATEWAY", "gateway", None, _url, "URL",
            "本市消息网关（短信、微信、政务 App）的接收地址；不设置时申请人只在本站“消息”里看到。",
            "Where the city's message gateway takes bulletins for applicants; unset: they find their news here alone."),
    Setting("YJS_GATEWAY_SECRET", "gateway_secret", None, _path, "file",
            "和消息网关共用的签名密钥所在的文件，每行一个，最新的在前（最多两个）；应放在数据目录之外。",
            "The file of the secrets shared with the gateway, one a line, the newest first, two at most."),
    Setting("YJS_GATEWAY_MOBILE", "gateway_mobile", "off", _switch, "on | off",
            "是否把申请人同意用来接收提醒的手机号告诉消息网关；off 时只给本系统的人员编号。",
            "Whether the gateway is told the number of those who agreed; off: only the subject's id."),
    Setting("YJS_QUIET_HOURS", "quiet_hours", "21-8", _hours, "H-H | off",
            "免打扰时段（YJS_ZONE 的钟点）；其间的提醒等到时段结束再发。",
            "The hours of `YJS_ZONE` in which nothing leaves through the gateway; it waits for their end."),
)


ELSEWHERE: tuple[tuple[str, str, str], ...] = (
    ("YJS_SANDBOX_URL", "示例部门监听的地址；接入清单可用 env:YJS_SANDBOX_URL 引用。dev.py run 用 PORT + 100。",
     "Where the demo departments listen (`flask sandbox`); a list may refer to it. `dev.py run`: `PORT` + 100."),
    ("YJS_PASSWORD", "flask account 的密码，免得在终端询问。", "The password for `flask account`; else asked for."),
    ("SECRET", "flask conform 用的密钥。", "The secret for `flask conform`."),
    ("TOKEN", "flask conform --pull 用的取件令牌。", "The token for `flask conform --pull`."),
)


@dataclass(frozen=True, slots=True)
class Settings:
    """Every setting as a typed value. Make it with `from_environ`; the attributes are those of `SETTINGS`."""

    env: Kind
    data: Path
    database_url: str | None
    bundles: Path
    departments: Path | None
    secrets: Path | None
    keys: Path | None
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
    session_idle: int
    session_life: int
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
    def key_file(self) -> Path:
        """Where the encryption keys are; in demo and test beside the data folder unless said otherwise."""
        return self.keys or self.data.parent / f"{self.data.name}-keys" / "keys"

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
    """Variables with our prefix that neither stand in the table nor in `referred`, the text of the department list."""
    known = {setting.name for setting in SETTINGS} | {name for name, *_ in ELSEWHERE}
    return [f"{name}：没有这个设置，接入清单里也没有 env:{name}；请核对 docs/settings.md" for name in sorted(environ)
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
    if (values["gateway"] is None) != (values["gateway_secret"] is None):
        problems.append("YJS_GATEWAY 和 YJS_GATEWAY_SECRET 要一起设置，写法见 docs/operating.md")
    return problems + _half_set(values)


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


class BadClock(ValueError):
    """The clock file does not hold `INSTANT [xSPEED]`."""


@dataclass(frozen=True, slots=True)
class Clock:
    """The time at the edge. With a file (test only) it is `INSTANT [xSPEED]`, counted from when the file was written,
    so that every process that reads the file agrees; without a speed it runs as fast as the real one, x0 stands."""

    file: Path | None = None

    def now(self) -> datetime:
        """This moment in UTC, timezone-aware; raises `BadClock` when the file cannot be understood."""
        if self.file is None:
            return datetime.now(UTC)
        try:
            words, written = self.file.read_text("ascii").split(), self.file.stat().st_mtime
        except FileNotFoundError:
            return datetime.now(UTC)
        start, speed = read_clock(words)
        return start + timedelta(seconds=(time.time() - written) * speed)


def read_clock(words: list[str]) -> tuple[datetime, float]:
    """The instant and the speed that a clock file's words name; raises `BadClock`."""
    try:
        start = datetime.fromisoformat(words[0])
        speed = float(words[1].removeprefix("x")) if words[1:] else 1.0
    except (ValueError, IndexError) as error:
        raise BadClock("YJS_CLOCK must hold INSTANT [xSPEED], e.g. 2026-11-23T09:00:00+08:00 x60") from error
    if start.tzinfo is None or words[2:]:
        raise BadClock("YJS_CLOCK must hold one instant with its offset and at most one speed")
    return start.astimezone(UTC), speed


def settings_page() -> str:
    """docs/settings.md, made from the table so that it cannot lag."""
    lines = ["# Settings", "",
             "Environment variables. A misspelt one is refused at the start, like every value that cannot be used.",
             "This page is made from the table in `settings.py` by `settings_page()`; a test fails when it lags.", "",
             "| variable | may be | default | 说明 | meaning |", "|---|---|---|---|---|"]
    for one in SETTINGS:
        shape = one.shape.replace("|", "\\|")
        lines.append(f"| `{one.name}` | {shape} | {f'`{one.default}`' if one.default else '–'} | {one.zh} | {one.en} |")
    lines += ["", "Read by one command alone:", "", "| variable | 说明 | meaning |", "|---|---|---|"]
    lines += [f"| `{name}` | {zh} | {en} |" for name, zh, en in ELSEWHERE]
    return "\n".join(lines) + "\n"


assert [f.name for f in fields(Settings)] == [s.attribute for s in SETTINGS], "the table and the values must agree"
