"""The sheet of a matter names all that comes to its department, so that nothing in a push is news to its engineer."""

from datetime import date
from typing import get_args

import pytest

from bench.applicant import CATALOG
from bench.filling import answers
from catalog.dictionary import FieldType
from forms.compose import compose
from forms.shown.sheet import TRAVELS, sheet_lines, sheet_of
from forms.split import leg_fields

TODAY = date(2026, 3, 2)


@pytest.mark.parametrize("bundle", sorted(CATALOG.bundles))
def test_whatever_a_leg_receives_stands_in_the_sheet_of_its_matter(bundle):
    situation = CATALOG.bundles[bundle].figures
    plan = compose(CATALOG, bundle, situation, today=TODAY)
    form, seen = answers(plan, TODAY), 0
    for leg in plan.legs:
        named = {one["field"] for one in sheet_of(CATALOG, CATALOG.matters[leg.matter])["fields"]}
        for name, value in leg_fields(plan, leg.leg, form).items():
            rows = value if isinstance(value, list) and value and isinstance(value[0], dict) else ()
            assert {name.partition("[]")[0] for name in named} >= {name}
            assert {f"{name}[].{column}" for row in rows for column in row} <= named
            seen += 1
    assert seen


def test_the_sheet_says_name_unit_codes_and_date_form():
    said = {one["field"]: one for one in sheet_of(CATALOG, CATALOG.matters["water-supply"])["fields"]}
    assert said["ysxz"]["values"] == {"01": "居民生活", "02": "非居民", "03": "特种用水", "04": "施工临时"}
    assert (said["xysy"]["unit"], said["xysy"]["always"], said["xwtsrq"]["date_form"]) == ("kPa", False, "%Y%m%d")
    lines = list(sheet_lines(sheet_of(CATALOG, CATALOG.matters["deemed-years"])))
    assert "  办结给内容 deemed_months  视同缴费月数（整数；month）" in lines


def test_every_type_of_field_says_how_it_travels():
    assert TRAVELS.keys() == set(get_args(FieldType))
