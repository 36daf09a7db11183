"""The announced years 2025 and 2026 and a provisional 2027, as the tests of `cases` count with them."""

from zoneinfo import ZoneInfo

from cases.calendar_days import WorkCalendar, work_calendar
from catalog.dictionary import CalendarYear
from catalog.text import Text

SHANGHAI = ZoneInfo("Asia/Shanghai")


def _days(year: int, text: str) -> tuple[str, ...]:
    return tuple(f"{year}-{part}" for part in text.split())


YEARS = (
    CalendarYear(
        2025, Text("国办发明电〔2024〕12号"),
        _days(2025, "01-01 01-28 01-29 01-30 01-31 02-03 02-04 04-04 05-01 05-02 05-05 06-02 "
                    "10-01 10-02 10-03 10-06 10-07 10-08"),
        _days(2025, "01-26 02-08 04-27 09-28 10-11"),
    ),
    CalendarYear(
        2026, Text("国办发明电〔2025〕7号"),
        _days(2026, "01-01 01-02 02-16 02-17 02-18 02-19 02-20 02-23 04-06 05-01 05-04 05-05 06-19 09-25 "
                    "10-01 10-02 10-05 10-06 10-07"),
        _days(2026, "01-04 02-14 02-28 05-09 09-20 10-10"),
    ),
    CalendarYear(2027, Text("尚未公布"), _days(2027, "01-01 02-05 02-08 10-01"), (), provisional=True),
)
CALENDAR: WorkCalendar = work_calendar(YEARS, SHANGHAI)
