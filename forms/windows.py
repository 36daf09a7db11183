"""When a bundle takes applications: its period (办理期), with days that stop a plan and hours for filing; its end."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time

from catalog.bundle import Bundle
from catalog.dictionary import Window
from catalog.model import Catalog
from forms.answers import Known
from forms.plan import PlanProblem


def window_of(catalog: Catalog, bundle: Bundle) -> Window | None:
    """The period of a bundle; None where it takes applications always."""
    return catalog.windows.get(bundle.window or "")


def window_words(window: Window) -> str:
    """A period as people read it."""
    hours = f"，每天 {window.hours}" if window.hours else ""
    return f"{window.start} 至 {window.end}{hours}"


def closing(catalog: Catalog, bundle: Bundle, today: date) -> str | None:
    """Why a bundle takes nothing new on a day, and what takes its place; None while it does."""
    closed = bundle.closed
    if not catalog.offers(bundle.id):
        return "本地没有开办这件事"
    if closed is None or (closed.since is not None and today < date.fromisoformat(closed.since)):
        return None
    then = catalog.bundles.get(closed.instead or "") if catalog.offers(closed.instead or "") else None
    return f"这件事已停止受理：{str(closed.why).rstrip('。')}{f'；请改办“{then.name}”' if then else ''}"


def window_problems(known: Known) -> Iterator[PlanProblem]:
    """What stops a plan whose day lies outside the period, or after the end of all of them."""
    window = window_of(known.catalog, known.bundle)
    if known.today is None:
        return
    if over := closing(known.catalog, known.bundle, known.today):
        yield PlanProblem("block", "closed", over, None)
    if window is None:
        return
    if known.today < date.fromisoformat(window.start):
        yield _stop(f"还没有开始受理；办理期是 {window_words(window)}")
    elif known.today > date.fromisoformat(window.end):
        yield _stop(f"这一期已经结束受理(办理期是 {window_words(window)})；请留意下一期的通知")


def _stop(text: str) -> PlanProblem:
    return PlanProblem("block", "window", text, None)


def out_of_hours(catalog: Catalog, bundle: Bundle, now: datetime) -> str | None:
    """What to say at a local time outside the daily hours of a bundle's period; None inside them."""
    window = window_of(catalog, bundle)
    if window is None or window.hours is None:
        return None
    opens, closes = (time.fromisoformat(part) for part in window.hours.split("-"))
    if opens <= now.time() < closes:
        return None
    return f"每天 {window.hours} 受理，现在是 {now:%H:%M}；填好的内容和材料都留着，请在受理时间提交"
