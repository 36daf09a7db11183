"""The lean transport as the dispatcher uses it: a call over a kept connection is begun, and its answer polled."""

import select
import time

from connectors.answers import NoReply, Reply
from connectors.base import Body, Heard
from connectors.keep_alive import KeepAlive
from connectors.transport import Call


class Polled(KeepAlive):
    """`call` begins where it can; `begun` counts how often."""

    def __init__(self, longest_rest: float = 30.0) -> None:
        super().__init__(longest_rest)
        self.begun = 0

    def call(self, call: Call, body: Body) -> Reply | NoReply:
        begun = self.begin(call, body)
        if begun is None:
            return super().call(call, body)
        self.begun += 1
        heard = Heard.ODD if begun.odd else Heard.PART
        while heard is Heard.PART and (left := begun.ends - time.monotonic()) > 0:
            watched = ([], [begun], []) if begun.opens else ([begun], [], [])
            if any(select.select(*watched, left)):
                heard = begun.listen()
        return begun.finish()
