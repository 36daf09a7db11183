"""The conformance kit for a system that only calls out (`flask conform --pull`): lays test legs out and looks on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from sandbox.checks import Check, Reports, a_leg, a_message, must_be_secret
from sandbox.hub import Hub
from sandbox.shelf import Line, Shelf


@dataclass(frozen=True, slots=True)
class Watch:
    """Who is watched: the secret its notices are signed with, the token it fetches with, where it finds us (`listen`
    and `port`; 0: any free one), and how many seconds each step may take."""

    secret: str
    token: str
    within: float = 20.0
    listen: str = "127.0.0.1"
    port: int = 0


def conform_pull(watch: Watch, say: Callable[[str], None]) -> list[Check]:
    """Lay test legs out for a system that fetches and watch what it does; `say` is told at once where they are.

    Raises `BadAim` before anything is laid out.
    """
    must_be_secret(watch.secret)
    hub = Hub([watch.secret], watch.listen, watch.port)
    hub.shelf = Shelf(watch.token)
    try:
        return list(_Trial(watch, hub, hub.shelf).checks(say))
    finally:
        hub.close()


class _Trial:
    """One run with one system."""

    def __init__(self, watch: Watch, hub: Hub, shelf: Shelf) -> None:
        self.watch, self.hub, self.shelf = watch, hub, shelf
        self.leg = a_leg()

    def checks(self, say: Callable[[str], None]) -> Iterator[Check]:
        """Every check in order; while nobody comes the rest would only say so again."""
        filed = self.lay(self.leg, "leg.filed")
        say(f"请让取件程序到 {self.hub.url}/api/departments/conform 取件，每一步最多等 {self.watch.within:g} 秒。")
        came = self.came()
        yield came
        if not came.passed:
            return
        yield self.read("清单里的消息要读取", filed)
        yield self.confirmed("读过的消息要确认", filed)
        yield self.onward()
        urged = self.lay(self.leg, "leg.urged")
        yield self.read("后续消息(催办)要按自己的 n 读取", urged)
        yield self.confirmed("后续消息(催办)也要确认", urged)
        yield from Reports(
            self.hub, self.watch.within, lambda: self.lay(f"{self.leg[:-1]}2", "leg.filed")).checks()

    def lay(self, leg: str, type_: str) -> Line:
        """Lay out a test message."""
        return self.shelf.lay(a_message(self.hub, leg, type_))

    def came(self) -> Check:
        """The feed must be asked for, with the token."""
        came = self.shelf.wait(lambda: bool(self.shelf.afters), self.watch.within)
        turned = f"，令牌不对被拒 {self.shelf.turned_away} 次" if self.shelf.turned_away else ""
        return Check(
            "要带令牌来取清单", came, ("来取过" if came else "没有来取") + turned,
            "GET …/legs?after=0，请求头 Authorization: Bearer 令牌，令牌和这里的 TOKEN 是同一个；"
            "取件间隔较长的，用 --notices-within 多等一会儿")

    def read(self, name: str, line: Line) -> Check:
        """A message that is laid out must be read."""
        done = self.shelf.wait(lambda: line.read, self.watch.within)
        return Check(name, done, "读过了" if done else "没有读",
                     "GET …/legs/办件编号?n=cursor，n 是清单里这一行的 cursor；同一件的每条消息各有自己的 n")

    def confirmed(self, name: str, line: Line) -> Check:
        """What was read must be confirmed with its own code."""
        done = self.shelf.wait(lambda: line.taken, self.watch.within)
        wrong = f"，read_code 不对 {self.shelf.wrong_codes} 次" if self.shelf.wrong_codes else ""
        return Check(name, done, ("确认了" if done else "没有确认") + wrong,
                     "POST …/legs/办件编号/received，正文 {\"read_code\": …}，用这条消息自己的 read_code")

    def onward(self) -> Check:
        """The next look begins where the last one ended."""
        done = self.shelf.wait(lambda: self.shelf.afters[-1] > 0, self.watch.within)
        return Check(
            "下一次取件要从上次的 cursor 开始", done, f"after={self.shelf.afters[-1]}",
            "保存每页答复里的 cursor，下一次作为 after 带上；清单只会在后面增加")
