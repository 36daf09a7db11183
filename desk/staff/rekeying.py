"""Operators have everything sealed anew with the newest key, and destroy an older one once nothing needs it: then no
copy from before can be read, and what was erased since is gone from all of them."""

from __future__ import annotations

from datetime import datetime, timedelta
from math import ceil
from typing import Any

from desk.premises import Premises
from desk.staff.acts import Act
from store import marks
from store.copies import resealing
from store.copies.resealing import Slice
from store.engine import same_keys
from store.engine.opening import Opened
from store.engine.same_keys import RESEALED
from store.errors import KeysInUse
from store.port import Tx

ALLOWED = timedelta(minutes=5)  # clocks of several hosts differ, and each says once a minute what it seals with
BACKUP = "backup"  # the act, and the mark that says when the last one was made


class Rekeying:
    """What becomes of keys; every act is an entry of the audit log, in the transaction of the act. Beside an embedded
    store there are no other processes to ask: this one has its folder alone."""

    def __init__(self, premises: Premises) -> None:
        self._premises = premises
        self._allowed = timedelta(0) if premises.embedded else ALLOWED

    def reseal(self, newest: str, after: str | None) -> Slice:
        """Seal some more anew, behind where a slice ended; `newest` is the key that the caller means. KeysInUse if this
        process still seals with an older one."""
        self._refuse_older(newest)
        return resealing.reseal(Opened(self._premises.database, self._premises.vault), after)

    def resealed(self, newest: str, done: int, act: Act, now: datetime) -> None:
        """Record that a whole walk found nothing by an older key, and how much was sealed anew before it."""
        self._refuse_older(newest)

        def unit(tx: Tx) -> None:
            others = None if self._premises.embedded else same_keys.others_sealed_last(tx)
            if others is not None and others > now - self._allowed:
                raise KeysInUse(f"{self._seals(others, '旧密钥', now)}请把所有主机都重新启动，"
                                f"{ALLOWED.seconds // 60} 分钟以后再运行一次。")
            known = marks.get(tx, RESEALED)
            late = others is not None and known is not None and others >= known.at - self._allowed
            if done or late or known is None or known.value != newest or known.at > now:
                marks.put(tx, RESEALED, newest, now)
            act.record(tx, "keys.reseal", newest, now, {"done": done})

        if not act.dry_run:
            self._premises.database.write(unit)

    def destroy(self, key: str, keep: timedelta, act: Act, now: datetime) -> dict[str, Any]:
        """Do without a key from now on, by which the caller has found nothing sealed; KeysInUse while a copy may need
        it that is not older than `keep`. `rest` is how long to wait, in seconds, before it is taken out of the file:
        every host must have heard of it, and what one has sealed until then must still be found."""
        def unit(tx: Tx) -> datetime:
            self._refuse_needed(tx, key, keep, now)
            if act.dry_run:
                return same_keys.given_up(tx, key) or now
            if key not in same_keys.destroyed(tx):
                act.record(tx, "keys.destroy", key, now, {})
            return same_keys.give_up(tx, key, now)

        since = self._premises.database.write(unit)
        return {"key": key, "rest": max(0, ceil((since + self._allowed - now).total_seconds()))}

    def _refuse_older(self, newest: str) -> None:
        if self._premises.database.cipher.newest != newest:
            raise KeysInUse("运行中的服务还在用较旧的密钥加密；请重新启动服务（多台机器逐台），再运行一次。")

    def _refuse_needed(self, tx: Tx, key: str, keep: timedelta, now: datetime) -> None:
        newest, done = tx.cipher.newest, marks.get(tx, RESEALED)
        if key == newest:
            raise KeysInUse(f"{key} 是正在用来加密的密钥；请先用 flask keys add 加一个新的。")
        if key not in tx.cipher.ids:
            raise KeysInUse(f"运行中的服务还不认识 {key}：它是刚加入的，重新启动以后就用它加密；不能销毁。")
        if done is None or done.value != newest:
            raise KeysInUse("还没有把旧密钥加密的内容换成新密钥；请先运行 flask keys reseal。")
        last = None if self._premises.embedded else same_keys.sealed_last(tx, key)
        backup, until = marks.get(tx, BACKUP), done.at + keep
        if last is not None and last >= done.at - self._allowed:
            raise KeysInUse(f"{self._seals(last, key, now)}请重新启动它，再运行 flask keys reseal。")
        if backup is None or backup.at <= done.at + self._allowed:
            raise KeysInUse("换成新密钥以后（多台主机：五分钟以后）还没有做过备份；请先运行 flask backup，"
                            "并确认它可以恢复。")
        if now < until:
            raise KeysInUse(f"{self._said(until)} 以前的备份还可能要用 {key}；请到那时再销毁，"
                            "或用 --keep 写明备份只留几天。")

    def _seals(self, last: datetime, key: str, now: datetime) -> str:
        """That a process seals with a key, as it said; a clock that was ahead said so of a time to come."""
        ahead = (f"这个时间比现在（{self._said(now)}）还晚：有主机的时钟快过；请先核对各主机的时钟，"
                 "再按 docs/operating.zh-CN.md 的“时钟”一段处理。") if last > now + self._allowed else ""
        return f"{self._said(last)} 还有进程在用 {key} 加密；{ahead}"

    def _said(self, at: datetime) -> str:
        return f"{at.astimezone(self._premises.zone):%Y-%m-%d %H:%M}"
