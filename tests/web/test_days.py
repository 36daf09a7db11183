"""Days on pages: written in Chinese, and never a fault for what was stored before days were checked."""

import pytest

from web.html import day, moment


@pytest.mark.parametrize(("stored", "shown"), [
    ("2027-01-01", "2027年1月1日"), ("长期", "长期"), ("2027/01/01", "2027/01/01"), ("2027-1-1", "2027-1-1"),
    (None, ""), ("", ""), ("自核发之日起五年内有效", "自核发之日起五年内有效"),
])
def test_a_day_is_shown_whatever_was_stored(stored, shown):
    assert day(stored) == moment(stored) == shown
