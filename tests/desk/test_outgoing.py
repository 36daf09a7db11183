"""The leg rows that a change rewrites: writing only those that became different leaves what writing all would."""

from collections.abc import Mapping
from datetime import datetime
from random import Random

import pytest

from cases.due import Dates
from cases.model import Case
from desk.known import Known
from desk.sending.outgoing import dated_row, legs_of
from store.cases import CaseRow
from store.legs import LegRow
from tests.cases.case_plans import T0, filed
from tests.cases.case_years import CALENDAR
from tests.cases.lives import life, random_plan

ROW = CaseRow("2509260001", "anna", "sample", "0", "plan", T0, "code", {})


def known(case: Case, n: int, rows: Mapping[str, LegRow]) -> Known:
    return Known(ROW, case, n, rows)


def all_rows(before: Known, now: datetime) -> dict[str, LegRow]:
    """Every row of the case, counted whole."""
    dates = Dates(before.case, CALENDAR, now)
    return {number: dated_row(before, number, dates) for number in before.case.legs}


def blank(case: Case) -> dict[str, LegRow]:
    return {number: LegRow(ROW.reference, number, leg.matter, leg.department, leg.department, leg.state, 1, T0, T0)
            for number, leg in case.legs.items()}


@pytest.mark.parametrize("seed", range(40))
def test_writing_the_rows_that_changed_leaves_what_writing_all_of_them_leaves(seed: int) -> None:
    dice = Random(seed)
    plan = random_plan(dice)
    rows, n, spared = all_rows(known(filed(plan).case, 1, blank(filed(plan).case)), T0), 1, 0
    for moment in life(plan, dice, talkative=True):
        before = all_rows(known(moment.before, n, rows), moment.now)
        n += len(moment.happened)
        moved = known(moment.after, n, before)
        written = legs_of(moved, moment.before, Dates(moment.after, CALENDAR, moment.now))
        rows = {**before, **{row.leg: row for row in written}}
        wanted = all_rows(moved, moment.now)
        assert {number: row.but(n=0) for number, row in rows.items()} == {
            number: row.but(n=0) for number, row in wanted.items()}
        assert all(row.n == n and row.but(n=0) != before[row.leg].but(n=0) for row in written)
        spared += len(rows) - len(written)
    assert spared > 0
