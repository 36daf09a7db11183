"""Words that pages need: who asks, rules of removal, and the regular sentences."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from jinja2 import pass_context
from jinja2.runtime import Context

from catalog.bundle import Bundle
from catalog.text import BASE_LANGUAGE, Text
from connectors.base import Body
from connectors.matter_codes import MatterCodes, codes_at
from desk.bodies import body_of, supervisor_of
from forms.plan import FieldLine, Plan, PlannedLeg
from web.wiring import house

RULE_NAMES: Mapping[str, str] = {
    "form": "并入一张表", "logic_a": "前面的部门会给", "logic_b": "后一份已能证明", "covers": "另一份已包含",
    "mandate": "已在网上委托", "licence": "证照库调取", "sharing": "部门共享", "premises": "场所预备案",
    "pledge": "签承诺书即可", "given": "前面的部门会给",
}


def departments_of(plan: Plan) -> Mapping[str, str]:
    """Leg number → the name of its department."""
    return {leg.leg: str(leg.department_name) for leg in plan.legs}


def askers_words(line: FieldLine, departments: Mapping[str, str]) -> str:
    """Who needs a field: up to three departments by name, else the first and how many."""
    names = list(dict.fromkeys(departments[asker.leg] for asker in line.askers if asker.leg in departments))
    if not names:
        return ""
    return f"{'、'.join(names)}需要" if len(names) <= 3 else f"{names[0]}等 {len(names)} 个部门需要"


_REGION = re.compile(r"\((\d{6})\)")
_RULE = re.compile(r"\([A-Z]{1,6}-\d+\)")
_DAY = re.compile(r"(?<![\d-])(\d{4})-(\d{2})-(\d{2})(?:T(\d{2}:\d{2})(?::\d{2})?)?(?![\d-])")


def said(text: object) -> str:
    """A sentence as people read it: regions by name, days as `2026年3月1日`, and no codes of rules."""
    plain = _RULE.sub("", _REGION.sub(lambda found: f"（{region_name(found[1])}）", str(text)))
    shown = dated(plain).replace("。；", "；")
    return Text(shown, {**text.lines, BASE_LANGUAGE: shown}) if isinstance(text, Text) else shown


def dated(text: str) -> str:
    """The same text with its days as people read them, and everything else to the letter."""
    return _DAY.sub(_day_words, text)


def _day_words(found: re.Match[str]) -> str:
    time = f" {found[4]}" if found[4] else ""
    return f"{found[1]}年{int(found[2])}月{int(found[3])}日{time}"


def region_name(code: str) -> str:
    """What the region with this code is called; the code itself if nobody knows it."""
    known = house().catalog.regions.get(code)
    return str(known.name) if known else code


@pass_context
def solemn(context: Context) -> bool:
    """Whether a page belongs to a bundle in the tone of condolence."""
    found = bundle_of_page(context)
    return found is not None and found.tone == "condolence"


def bundle_of_page(context: Context) -> Bundle | None:
    """The bundle that a page is about, found by what the page is given; None for other pages."""
    known = context.get("bundle"), context.get("draft"), context.get("view")
    ident = next((_bundle_id(one) for one in known if one), "")
    return house().catalog.bundles.get(ident)


def _bundle_id(one: Any) -> str:
    """The bundle that a bundle, a draft or the view of a case is of; empty for anything else."""
    if isinstance(one, Bundle):
        return one.id
    return str(one.get("bundle", "") if isinstance(one, Mapping) else getattr(one, "bundle", ""))


def called(leg: Any) -> str:
    """What a leg (planned, or of a case's view) is called, with what tells it from its repeats."""
    said: Callable[..., str] = leg.get if isinstance(leg, Mapping) else partial(getattr, leg)
    if not (instance := said("instance")):  # where a row's key may not be shown, its place in the table is
        return f"{said('name')}（{place}）" if (place := said("instance_name", None)) else said("name")
    told = dict.fromkeys([said("instance_name", None) or region_name(instance), region_name(instance)])
    return f"{said('name')}（{' '.join(told)}）"  # of people name and key, for two may have one name


def offices_of(plan: Plan) -> list[str]:
    """Every office that will receive a part of the application, each once, in the order of the legs."""
    bodies = [(body_of(leg, house().deployment, house().catalog), leg) for leg in plan.legs]
    return list(dict.fromkeys(str(body.name if body else leg.department_name) for body, leg in bodies))


def codes_words(leg: Any) -> str:
    """By which codes a leg (planned, or of a case's view) is found in the country's lists and at the city's other
    services; empty where none is known."""
    if isinstance(leg, Mapping):
        basic, codes = leg["code"], MatterCodes(leg["implementation_code"], leg["item_code"])
    else:
        basic, codes = leg.code, codes_at(body_of(leg, house().deployment, house().catalog), leg.matter, leg.code)
    known = [f"实施编码 {codes.implementation}"] if codes.implementation else [f"基本编码 {basic}"] if basic else []
    item = (codes.item or "").removeprefix(codes.implementation or "")
    return "，".join([*known, *([f"业务办理项 {item}"] if item else [])])


def supervisor(leg: PlannedLeg) -> str:
    """The department that supervises a planned leg where a body of several departments decides it; else empty."""
    body = _decided_by(leg)
    return str(supervisor_of(leg, body.id, house().deployment, house().catalog) or "") if body else ""


def phone_of(leg: PlannedLeg) -> str:
    """Where to call about a planned leg: whoever decides it; empty where no number is known."""
    body, kind = _decided_by(leg), house().catalog.departments[leg.department]
    return body.phone if body else kind.phone or ""


def _decided_by(leg: PlannedLeg) -> Body | None:
    """The body that decides a planned leg in place of its department; None where that does so itself."""
    body = body_of(leg, house().deployment, house().catalog)
    return body if body and body.id in house().deployment.taken_over else None


def days(leg: PlannedLeg, unit: str) -> str:
    """On which days a leg is planned, counted from 1 as people do: `第 2–3 个工作日`."""
    if leg.start is None or leg.finish is None:
        return ""
    first, last = min(leg.start + 1, max(leg.finish, 1)), max(leg.finish, 1)
    return f"第 {first if first == last else f'{first}–{last}'} {'个工作日' if unit == 'wd' else '天'}"


def guide_lines(guide: Mapping[str, Any], part: str) -> list[str]:
    """The lines of one part of a guide (`Bundle.guide`), however the author wrote it; none where it is left out."""
    said = guide.get(part) or ()
    return [str(said)] if isinstance(said, str) else [str(line) for line in said]


def kinds(removed: Sequence[Any]) -> str:
    """How many papers are not wanted: kinds, and how many pieces where some are for several people or things."""
    keys = [str(line["key"] if isinstance(line, Mapping) else line.key) for line in removed]
    different = len({re.split("[@#]", key)[0] for key in keys})
    return f"{different} 种" if different == len(keys) else f"{different} 种（{len(keys)} 份）"
