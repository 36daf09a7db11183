"""The table of all settings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from settings.readers import (
    address,
    database,
    factor,
    hours,
    issuer,
    kind,
    names,
    path,
    site,
    switch,
    text,
    url,
    whole,
    zone,
)

LARGEST_PORT = 65_535


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
    Setting("YJS_ENV", "env", "production", kind, "production | demo | test",
            "运行方式；示例人物和数据只在 demo、test 可用，故障点和可移动的时钟只在 test 可用。",
            "How it runs; sample persons only in demo and test, failpoints and a movable clock only in test."),
    Setting("YJS_DATA", "data", "data", path, "folder", "数据目录：数据库、文件、锁。",
            "The data folder: database, files, lock."),
    Setting("DATABASE_URL", "database_url", None, database, "postgresql://…",
            "不设置用数据目录里的 SQLite；设置后用 PostgreSQL。", "Unset: SQLite in the data folder; else PostgreSQL."),
    Setting("YJS_BUNDLES", "bundles", "bundles", path, "folder", "事项、字段、材料和一件事的定义所在目录。",
            "The folder of the definitions."),
    Setting("YJS_OFFER", "offered", None, names, "id,id,…",
            "本地开办哪些一件事（编号，逗号分开）；不设置就是全部。其余的照样检查，不要求对接部门，不列出，不能提交。",
            "Which bundles this place offers; unset: all. The others are checked, need no department, take nothing."),
    Setting("YJS_DEPARTMENTS", "departments", None, path, "file",
            "部门接入清单：每个部门的连接方式、地址、密钥引用和限额。",
            "The deployment's list of departments: connector, address, secret references, limits."),
    Setting("YJS_SOURCES", "sources", None, path, "file",
            "来源清单：电子证照库、数据共享平台和预备案库怎样查询；正式运行时没有接通的由办事人上传，"
            "启动日志和 /readyz 会说明。",
            "The list of sources: licence library, data sharing, premises files. What is not connected is brought in "
            "production, which says so."),
    Setting("YJS_SECRETS", "secrets", None, path, "folder",
            "接入清单和来源清单里 file: 引用的密钥所在目录；不设置时从清单所在目录找。",
            "Where the `file:` secrets of the lists of departments and sources stand; unset: beside the list."),
    Setting("YJS_KEYS", "keys", None, path, "file", "加密密钥文件，必须放在数据目录之外。",
            "The file of encryption keys; it must stand outside the data folder."),
    Setting("YJS_JOURNAL", "journal", None, path, "file",
            "删除记录：删除、注销、停用和撤销另记在这个文件里，恢复备份后据此重做；不设置时在密钥文件旁边。",
            "The journal of what was erased, closed, taken back: a restore does it again; unset: beside the keys."),
    Setting("YJS_PUBLIC_URL", "public_url", "http://127.0.0.1:5000", site, "URL",
            "公众和部门访问本服务的网址，不带路径；https 时 Cookie 只走加密连接。",
            "The address people and departments use, without a path; with https, cookies are sent over TLS only."),
    Setting("YJS_TRUSTED_PROXIES", "trusted_proxies", "0", whole(0, 5), "0–5",
            "前面有几层可信的反向代理；决定从转发头取第几个来源地址。",
            "How many trusted proxies stand in front; decides which forwarded address is believed."),
    Setting("YJS_ZONE", "zone", "Asia/Shanghai", zone, "zone name", "计算工作日和显示时间所用的时区。",
            "The zone in which days are counted and times are shown."),
    Setting("PORT", "port", "5000", whole(1, LARGEST_PORT), f"1–{LARGEST_PORT}", "监听的端口。",
            "The port to listen on."),
    Setting("YJS_BIND", "bind", "127.0.0.1", address, "address",
            "监听的地址，不带端口；容器里用 0.0.0.0，IPv6 如 ::1。",
            "The address to listen on, without a port; 0.0.0.0 inside a container; IPv6 as ::1."),
    Setting("FAILPOINTS", "failpoints", "", text, "name:kill|sleep=S|raise[=EIO][@nth][,p=P];…",
            "故障点，只在 test 可用。", "Failpoints, in test only."),
    Setting("YJS_CLOCK", "clock_file", None, path, "file", "可移动的时钟文件，内容为“时刻 [x倍速]”，只在 test 可用。",
            "A movable clock: a file holding `INSTANT [xSPEED]`, re-read; in test only."),
    Setting("YJS_THREADS", "threads", "16", whole(4, 64), "4–64", "同时处理的请求数；上传最多占八分之三。",
            "Requests served at once; uploads take at most three eighths of them."),
    Setting("YJS_UPLOAD_LIMIT", "upload_limit", str(50 * MB), whole(MB // 10, 1000 * MB), "bytes",
            "单个上传文件的最大字节数。", "The largest upload in bytes."),
    Setting("YJS_JSON_LIMIT", "json_limit", str(MB), whole(10_000, 20 * MB), "bytes",
            "JSON 或表单请求的最大字节数。", "The largest JSON or form body in bytes."),
    Setting("YJS_SCANNER", "scanner", "none", text, "clamd://host:port | unix:/path | none",
            "病毒扫描程序(ClamAV 的 clamd)在哪里；不设置就不扫描，正式运行时启动日志和 /readyz 会说明。",
            "Where the virus scanner (clamd of ClamAV) listens; unset: none, and production says so."),
    Setting("YJS_SCANNER_ANYWHERE", "scanner_anywhere", "off", switch, "on | off",
            "扫描程序可否不在本机和内网地址；文件以明文送去，一般不要打开。",
            "Whether the scanner's address need not be this machine's or a private one; files go there in clear."),
    Setting("YJS_STRIP_PICTURES", "strip_pictures", "on", switch, "on | off",
            "是否去掉办事人上传的照片里的拍摄地点、时间、设备、作者等附带信息（画面和方向不变）。",
            "Whether applicants' pictures lose what they tell of place, time, owner and device; how they look stays."),
    Setting("YJS_UPLOAD_RATE", "upload_rate", "16384", whole(1, 10 * MB), "bytes per second",
            "上传的最低平均速度；更慢的连接会被请回。",
            "The least average speed of an upload; slower ones are turned away."),
    Setting("YJS_BODY_DEADLINE", "body_deadline", "10", whole(1, 600), "seconds",
            "接收请求内容的起始时限，上传按最低速度另加。",
            "Seconds a body may take to arrive; uploads get more by their size and the least speed."),
    Setting("YJS_RATE", "rate", "", factor, "0–1000",
            "每个来源每秒请求数是常规（见运维手册）的几倍，0 为不限；不设置时 production 为 1，demo、test 为 0。",
            "Times the usual requests a second of a caller (operating.md); 0: any number. Unset: 1; in demo, test 0."),
    Setting("YJS_SESSION_IDLE", "session_idle", "3600", whole(60, 86_400), "seconds", "多久不操作就要重新登录。",
            "Seconds without a request after which a session ends."),
    Setting("YJS_SESSION_LIFE", "session_life", "43200", whole(300, 604_800), "seconds", "一次登录最长多久。",
            "Seconds a session lives at most."),
    Setting("YJS_VISIT_IDLE", "visit_idle", "600", whole(60, 86_400), "seconds",
            "窗口人员为到场的人办理时，多久不操作就自动结束这次接待。",
            "Seconds without a request after which the visit of a person at a counter ends."),
    Setting("YJS_STAFF_FACTOR", "staff_factor", None, switch, "on | off",
            "工作人员用账号密码登录时是否还要验证器里的验证码；不设置时，正式运行要，demo、test 不要。",
            "Whether staff who sign in by password need a code of an app, too; unset: in production alone."),
    Setting("YJS_PASSWORD_DAYS", "password_days", "0", whole(0, 3_650), "days",
            "密码用多少天后必须更换；0 不要求。", "Days after which a password has to be changed; 0: never."),
    Setting("YJS_KEEP_DRAFTS", "keep_drafts", "180", whole(1, 3_650), "days",
            "草稿多少天没有改动就删除（提交过的草稿也是，办件不受影响）。",
            "Days after which a draft that nobody touches is deleted, a filed one too; its case stays."),
    Setting("YJS_KEEP_UPLOADS", "keep_uploads", "30", whole(1, 3_650), "days",
            "上传后没有用在办件或草稿里的文件，多少天后删除。",
            "Days after which an upload is deleted that neither a case nor a draft has."),
    Setting("YJS_AUTO_URGE", "auto_urge", "on", switch, "on | off",
            "是否由本平台在超期后每个工作日自动催办一次；关掉后申请人和督办人员仍可催办。",
            "Whether the portal urges late legs by itself, once a working day; people may in any event."),
    Setting("YJS_OIDC_ISSUER", "oidc_issuer", None, issuer, "URL",
            "城市统一身份认证平台(OpenID Connect)的 issuer，须与它自己声明的一字不差；不设置就只有本站账号。",
            "The issuer of the city's identity platform, to the letter; unset: local accounts alone."),
    Setting("YJS_OIDC_CLIENT_ID", "oidc_client_id", None, text, "text", "本站在认证平台登记的客户端编号。",
            "What the identity platform calls us (client id)."),
    Setting("YJS_OIDC_SECRET", "oidc_secret", None, text, "file:PATH | env:NAME",
            "客户端密钥在哪里；只写引用，不写密钥本身。", "Where the client secret is; a reference, never the secret."),
    Setting("YJS_OIDC_LABEL", "oidc_label", "用城市统一身份认证登录", text, "text", "登录按钮上的字。",
            "What the button of the sign-in page says."),
    Setting("YJS_OIDC_SCOPES", "oidc_scopes", "openid profile", text, "words", "向认证平台申请的范围，须含 openid。",
            "What we ask the identity platform for; openid is among it."),
    Setting("YJS_OIDC_CLAIMS", "oidc_claims", None, path, "file",
            "认证平台的哪个声明是什么意思；写法见 docs/operating.md。不设置只取姓名和手机。",
            "Which claim of the identity platform means what (docs/operating.md); unset: name and mobile number."),
    Setting("YJS_OIDC_LEVEL", "oidc_level", "", text, "a level", "办事人至少要有的实名等级；不设置不要求。",
            "The least real-name level of an applicant; unset: any."),
    Setting("YJS_OIDC_CA", "oidc_ca", None, path, "file", "认证平台的证书由自建机构签发时，该机构的证书文件。",
            "The certificate authority of the identity platform, where it is not a public one."),
    Setting("YJS_GATEWAY", "gateway", None, url, "URL",
            "本市消息网关（短信、微信、政务 App）的接收地址；不设置时申请人只在本站“消息”里看到。",
            "Where the city's message gateway takes bulletins for applicants; unset: they find their news here alone."),
    Setting("YJS_GATEWAY_SECRET", "gateway_secret", None, path, "file",
            "和消息网关共用的签名密钥所在的文件，每行一个，最新的在前（最多两个）；应放在数据目录之外。",
            "The file of the secrets shared with the gateway, one a line, the newest first, two at most."),
    Setting("YJS_GATEWAY_MOBILE", "gateway_mobile", "off", switch, "on | off",
            "是否把申请人同意用来接收提醒的手机号告诉消息网关；off 时只给本系统的人员编号。",
            "Whether the gateway is told the number of those who agreed; off: only the subject's id."),
    Setting("YJS_QUIET_HOURS", "quiet_hours", "21-8", hours, "H-H | off",
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
