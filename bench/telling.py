"""What telling applicants costs beside everything else, as CPU milliseconds of the middle turn: the sealer with and
without noting which cases moved, a look at cases of which nothing is to be told, news of cases that end, and bulletins
made of it. How many cases there are is the first argument, else 200, each of a water leg and a power leg.

Filing and notices have no part in it: the statements that they run are counted and shown (`statements_…`), so that two
versions can be compared.
"""

from __future__ import annotations

import base64
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bench.figures import show
from bench.inside import Inside, inside
from store.chains import seals
from store.chains.moved import Moved, note
from store.engine import sqlite as adapter
from store.telling import news

CASES, TURNS = 200, 5
NOW = datetime(2026, 1, 5, 1, 0, tzinfo=UTC)
TWO = {"services": ["water", "power"], "outside_line": False, "filer": "legal_rep"}
MINUTE = timedelta(minutes=1)


@contextmanager
def counted() -> Iterator[list[str]]:
    """Every statement that units run meanwhile."""
    ran: list[str] = []
    kept = {name: getattr(adapter.SqliteTx, name) for name in ("rows", "run", "many", "fill")}

    def counting(name: str) -> Callable[..., Any]:
        def ask(self: Any, sql: str, *rest: Any, **params: Any) -> Any:
            ran.append(sql)
            return kept[name](self, sql, *rest, **params)
        return ask

    for name in kept:
        setattr(adapter.SqliteTx, name, counting(name))
    try:
        yield ran
    finally:
        for name, own in kept.items():
            setattr(adapter.SqliteTx, name, own)


def spent(work: Callable[[], object]) -> float:
    """CPU milliseconds that `work` takes."""
    used = time.process_time()
    work()
    return (time.process_time() - used) * 1000


class Bench:
    """Some cases, and what is done to them."""

    def __init__(self, there: Inside, cases: int) -> None:
        self.there, self.now = there, NOW
        self.desk = there.desk
        self.database = there.house.database
        self.references = [self._file(number) for number in range(cases)]
        while there.deliver(self.now):
            pass
        self.desk.sweep(self.now)

    def _file(self, number: int) -> str:
        return self.there.file(TWO, f"key-{number}", self.now).reference

    def all_say(self, type_: str, **data: Any) -> None:
        """The power company says something of every case."""
        self.now += MINUTE
        for reference in self.references:
            assert self.there.say("power-grid", f"{reference}-03", type_, self.now, **data) == "applied"

    def sealing(self) -> None:
        """The sealer, and of it the part that notes what moved; then a look at what tells nothing."""
        took: dict[str, list[float]] = {"seal": [], "note": [], "look": []}
        for turn in range(TURNS):
            self.all_say("leg.remark", text=f"第 {turn} 次")
            moved = [Moved(reference, 10, 20) for reference in self.references]
            took["seal"].append(spent(lambda: self.database.write(lambda tx: seals.seal_heads(tx, self.now))))
            took["note"].append(spent(lambda moved=moved: self.database.write(  # type: ignore[misc]
                lambda tx: note(tx, moved))))
            took["look"].append(spent(lambda: self.desk.telling.go_round(self.now)))
        for name, each in took.items():
            show(f"{name}_ms_per_1000_cases", statistics.median(each) * 1000 / len(self.references))

    def telling(self) -> None:
        """An ask of every case is told and leaves."""
        self.all_say("leg.supplement_required", ask="a1", reason="缺附图", limit="60wd", materials=["BL01"])
        self.database.write(lambda tx: seals.seal_heads(tx, self.now))
        show("tell_ms_per_1000_cases",
             spent(lambda: self.desk.telling.go_round(self.now)) * 1000 / len(self.references))
        with self.database.read() as tx:
            told = len(news.untold(tx, "sample", 10 * len(self.references)))
        assert told == len(self.references)
        made = spent(lambda: [None for _ in iter(lambda: self.desk.bulletins.make(self.now), 0)])
        show("bundle_ms_per_1000_news", made * 1000 / told)

    def statements(self) -> None:
        """What a filing and a notice run."""
        with counted() as ran:
            reference = self._file(-1)
        show("statements_of_a_filing", len(ran))
        while self.there.deliver(self.now):
            pass
        with counted() as ran:
            self.there.say("power-grid", f"{reference}-03", "leg.remark", self.now, text="好")
        show("statements_of_a_notice", len(ran))


def main() -> None:
    """Fill a store and measure."""
    cases = int(sys.argv[1]) if sys.argv[1:] else CASES
    with tempfile.TemporaryDirectory() as folder:
        secret = Path(folder, "gateway.secret")
        secret.write_text(f"whsec_{base64.b64encode(bytes(range(32))).decode()}")
        with inside(Path(folder), YJS_GATEWAY="http://127.0.0.1:9/gateway", YJS_GATEWAY_SECRET=str(secret),
                    YJS_QUIET_HOURS="off") as there:
            measure(Bench(there, cases))


def measure(bench: Bench) -> None:
    """Everything there is to measure."""
    bench.statements()
    bench.sealing()
    bench.telling()


if __name__ == "__main__":
    main()
