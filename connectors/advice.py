"""What an attempt's `detail` means in plain Chinese and what to do about it, for operators and for departments that try
their system out. The detail itself stays as it is in logs, exports and JSON."""

from __future__ import annotations

import re
from collections.abc import Mapping

_TAKE = "收下后回 2xx，正文为空或 JSON(UTF-8)"
_WHOSE_ADDRESS = "请核对接入清单里的地址和路径，它要直接到接收程序"
_CLASSES: Mapping[str, str] = {
    "3": f"对方要求跳转，我们从不跟随；{_WHOSE_ADDRESS}，不经过登录页，http 和 https 不要写错",
    "4": "对方拒收这条消息；请看对方的日志，推送被拒收时正文里写 {\"detail\": 原因}",
    "5": "对方系统出错；请对方看它的日志，恢复后自动再送",
}
_STATUSES: Mapping[str, str] = {
    "401": "对方说签名不对；请核对两边是同一把密钥，签名用收到的原始正文，两边时钟相差不超过 5 分钟",
    "403": f"对方不让进；请对方的防火墙或网关放行本服务，{_WHOSE_ADDRESS}",
    "404": f"对方这个地址上没有接收程序，或不认得这一件；{_WHOSE_ADDRESS}",
    "408": "对方等不及；请对方检查网络和网关的超时，之后自动再送",
    "409": "对方答复冲突而没有写明收过；收过的请回 409 加 {\"ref\": 本单位编号} 或 {\"code\": \"already_received\"}",
    "410": f"对方说这个地址已停用；{_WHOSE_ADDRESS}",
    "425": "对方请我们晚些再送，会自动再送", "429": "对方请我们慢一些，会按它的 Retry-After 再送",
}
_STATUS = re.compile(r"HTTP (([1-5])\d\d)\b")
_BEGINNINGS: Mapping[str, str] = {
    "2xx with a page": f"对方回了网页，不是接收程序的答复；请对方检查是否被登录页或网关拦下，{_TAKE}",
    "2xx with no readable JSON": f"对方的答复读不懂；请对方{_TAKE}",
    "the answer was cut short": f"对方的答复没有收完(太慢、太大或长度不对)；请对方{_TAKE}，写对 Content-Length",
    "the query's answer names no leg": "对方对查询的答复里没有 ref 也没有 state；查得到请回 200 和 "
                                       "{\"ref\", \"state\"}，查不到回 404；"
                                       "不支持查询的，接入清单里写 can_be_asked: no",
    "it can neither be asked about nor be sent again": "不知道对方是否收到，又不能查询或重送；请电话核对",
    "no answer: the deadline came": "对方没有在时限(deadline)内答完；请对方先存下、马上答复，再慢慢处理",
    "no answer": "对方没有答复就断开了连接；请对方看它的日志",
    "not sent: the deadline came": "连不上对方；请核对地址和端口，放行防火墙，请对方启动接收程序",
    "not sent: ConnectionRefusedError": "对方的地址上没有程序在听；请核对地址和端口，请对方启动接收程序",
    "not sent: gaierror": "找不到这个主机名；请核对接入清单里的地址和本机的域名解析",
    "not sent: SSL": "加密连接没有建成；请核对对方的证书(主机名、有效期、签发者)，自建签发者的写 settings: {ca: …}",
    "not sent": "没有连上对方；请核对接入清单里的地址、证书和网络",
    "the department list has no such office": "接入清单里没有这个单位；请补写后重启",
}


def explained(detail: str) -> str:
    """`detail` with what it means and what to do; any other text (a department's own reason) as it is."""
    says = advice(detail)
    return f"{detail}：{says}" if says else detail


def advice(detail: str) -> str:
    """What `detail` means and what to do; nothing for a text that is not ours."""
    if found := _STATUS.match(detail):
        return _STATUSES.get(found[1]) or _CLASSES.get(found[2], _TAKE)
    return next((says for beginning, says in _BEGINNINGS.items() if detail.startswith(beginning)), "")
