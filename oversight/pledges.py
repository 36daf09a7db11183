"""What departments still have to look after: papers for which they took a signed statement (告知承诺), by the day or
the matter that the definitions name for the check (事后核查)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from cases.calendar_days import WorkCalendar
from cases.clock import explain
from catalog import canonical
from catalog.edition import open_edition
from catalog.limits import BadLimit, parse_limit
from catalog.matter import Matter
from catalog.model import Catalog
from forms.papers.planned import RemovedMaterial
from forms.plan import Plan, PlannedLeg
from store import editions
from store.port import Database
from store.report import GRANTED, CaseCount, LegCount, Period

_PLEDGE = "pledge"
_MOST_KNOWN = 10_000


@dataclass(frozen=True, slots=True)
class Owed:
    """A statement in place of a paper, in a leg that was granted: the check is due `by` a day, or done `within` a
    matter (its name); neither where the definitions say nothing of it."""

    leg: str
    office: str
    matter: str
    paper: str
    form: str
    signers: tuple[str, ...]
    decided_at: datetime
    by: datetime | None
    within: str | None


class Pledges:
    """Finds them, case by case; editions are opened once."""

    def __init__(self, database: Database, calendar: WorkCalendar) -> None:
        self._database, self._calendar = database, calendar
        self._editions: dict[str, Catalog] = {}
        self._without: set[str] = set()  # plans without any, which many cases share

    def of(self, found: Iterable[CaseCount], period: Period) -> Iterator[Owed]:
        """Those of legs that were granted in the period; what was erased says nothing of it any more."""
        for case in found:
            granted = {leg.leg: leg for leg in case.legs if leg.how == GRANTED and leg.decided_at is not None
                       and period.start <= leg.decided_at < period.end}
            if granted and not case.erased:
                yield from self._of_case(case, granted)

    def _of_case(self, case: CaseCount, granted: dict[str, LegCount]) -> Iterator[Owed]:
        if case.plan in self._without:
            return
        with self._database.read() as tx:
            body = editions.plan(tx, case.plan)
        if f'"{_PLEDGE}"' not in body:  # most are without, and a plan takes long to read
            if len(self._without) < _MOST_KNOWN:
                self._without.add(case.plan)
            return
        plan = canonical.loads(body.encode(), Plan)
        signed = [line for line in plan.removed_materials if line.rule == _PLEDGE]
        for planned in plan.legs:
            if (leg := granted.get(planned.leg)) is not None:
                for line in (line for line in signed if planned.leg in line.askers):
                    yield self._owed(case, leg, planned, line)

    def _owed(self, case: CaseCount, leg: LegCount, planned: PlannedLeg, line: RemovedMaterial) -> Owed:
        catalog, form = self._catalog(case.edition), line.by[0] if line.by else ""
        check = _check_of(catalog.matters[leg.matter], form)
        assert leg.decided_at is not None
        matter, known = catalog.matters.get(check or ""), catalog.materials.get(form)
        by = self._day(leg.decided_at, check) if check and matter is None else None
        return Owed(f"{case.reference}-{leg.leg}", leg.office, planned.title, str(line.name),
                    str(known.name) if known else form, line.signers, leg.decided_at, by,
                    str(matter.name) if matter else None)

    def _day(self, decided_at: datetime, check: str) -> datetime | None:
        """The day of a check that is to come within a time; None for a time that an older version let pass unread."""
        try:
            return explain(decided_at, parse_limit(check), (), self._calendar).due
        except BadLimit:
            return None

    def _catalog(self, edition: str) -> Catalog:
        if edition not in self._editions:
            with self._database.read() as tx:
                self._editions[edition] = open_edition(editions.get(tx, edition).body.encode())
        return self._editions[edition]


def _check_of(matter: Matter, form: str) -> str | None:
    """What is said of the check after the statement `form`, in the matter or one of its variants."""
    asks = [matter.asks, *(variant.asks for variant in matter.variants if variant.asks is not None)]
    return next((ask.pledge.later_check for one in asks for ask in one.materials
                 if ask.pledge is not None and ask.pledge.form == form and ask.pledge.later_check), None)
