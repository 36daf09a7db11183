"""docs/errors.md, made from the errors themselves: every stable code, its status, and what to do."""

from __future__ import annotations

from collections.abc import Iterator

from cases.judge import QUARANTINE
from desk.errors import DeskError
from people.errors import PeopleError
from store.errors import StoreError
from web.errors import OWN_WORDS

AT_THE_EDGE: tuple[tuple[int, str, str], ...] = (
    (400, "bad_argument", "网址里的参数不对；错误树里写明是哪一个。"),
    (400, "bad_json", "JSON 无法读懂或超出限制；detail 写明位置。"),
    (400, "bad_logout_token", "统一身份认证平台发来的注销令牌没有通过核对；请核对 iss、aud、签名和时间。"),
    (400, "bad_key", "Idempotency-Key 不能用；请用 1–200 个可见的 ASCII 字符。"),
    (400, "unknown_host", "请求的主机名不是 YJS_PUBLIC_URL 的；代理要把 Host 原样传来。"),
    (400, "csrf", "页面停留太久或来自别处；请刷新页面后再提交，已填内容仍在。"),
    (400, "cut_off", "内容没有发完连接就断了；请重新发送。"),
    (401, "bad_token", "令牌不对、已过期或已撤销；请换一个令牌。"),
    (401, "signature_missing", "缺少签名头；请按接入文档签名。"),
    (401, "signature_window", "签名时间与现在相差超过 5 分钟；请校准时钟后重新签名。"),
    (401, "signature_wrong", "签名不对；密钥是 whsec_ 之后部分 base64 解码后的字节，结果用 base64，前加 v1,"
     "（国密密钥 whsm3_ 用 HMAC-SM3，前加 v1sm3,）。"),
    (422, "empty_file", "文件是空的(0 字节)；请重新选择文件。"),
    (422, "file_active", "文件里有脚本、附件或自动操作；请另存后再传。"),
    (422, "file_damaged", "文件已损坏或不完整；请重新导出或拍照。"),
    (422, "file_infected", "文件里查出病毒，没有收下；请用别的文件。"),
    (422, "file_double", "文件里夹带了另一种内容；请用原软件重新导出。"),
    (422, "file_locked", "PDF 加了密码；请去掉密码。"),
    (422, "file_pixels", "图片尺寸太大；请缩小。"),
    (422, "file_size", "文件太大。"),
    (422, "file_too_complex", "文件内容太复杂；请另存为普通 PDF。"),
    (422, "file_type", "文件类型不在允许范围，或含有活动内容。"),
    (422, "file_type_differs", "文件内容与扩展名或声明的类型不一致。"),
    (422, "invalid_body", "内容有误；错误树按字段写明。"),
    (422, "no_file", "没有收到文件。"),
    (500, "internal", "服务出错，已记录；请稍后再试，并提供 request_id。"),
    (503, "paused", "服务暂停接收部门消息；按 Retry-After 稍后重发，内容和编号保持不变。"),
    (503, "too_many_downloads", "正在下载的文件太多；请等前面的下载完成，再试这一个。"),
    (503, "not_ready", "服务还没有准备好；detail 写明是存储还是分发器。"),
)
_HEAD = """# Error codes

Every error has one shape: `application/problem+json` (RFC 9457) with `type`, `title`, `status`, `code`, `detail`
(Chinese, what to do next), `request_id`, and for invalid input `errors`, a tree keyed by field. The codes are stable;
the words may change. This page is made by `web/api/codes.py`; a test fails when it lags.
"""


def codes_page() -> str:
    """The page as Markdown."""
    rows = sorted({*_of_classes(DeskError), *_of_classes(PeopleError), *AT_THE_EDGE,
                   *((status, code, words) for status, (code, words) in OWN_WORDS.items())})
    lines = [_HEAD, "## Answers", "", "| status | code | meaning |", "|---|---|---|"]
    lines += [f"| {status} | `{code}` | {words} |" for status, code, words in rows]
    lines += ["", "## Notices kept aside (202)", "", "| code | meaning |", "|---|---|"]
    lines += [f"| `{code}` | {words} |" for code, words in sorted(QUARANTINE.items())]
    lines += ["", "## The store (commands and logs; as an answer 503 or 507 with Retry-After)", ""]
    lines += ["| code | meaning |", "|---|---|"]
    lines += [f"| `{code}` | {words} |" for _, code, words in sorted(_of_classes(StoreError))]
    return "\n".join(lines) + "\n"


def _of_classes(base: type[Exception]) -> Iterator[tuple[int, str, str]]:
    """Status, code and docstring of an error class and all below it."""
    yield getattr(base, "status", 503), str(getattr(base, "code", "")), " ".join((base.__doc__ or "").split())
    for below in base.__subclasses__():
        yield from _of_classes(below)
