"""What a demo department puts into its notices: reasons, requests, results with plausible values, all labelled 示例."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta, timezone
from typing import Any

CHINA = timezone(timedelta(hours=8))
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECKS = "10X98765432"
# Only what has to be renewed ends on a day of its own; every other result holds for what it was given for.
_VALID_YEARS = {"城镇污水排入排水管网许可证": 5, "道路运输经营许可证": 4}
_FORMATTED: Mapping[str, Any] = {
    "region": "370200", "regions": ["370200"], "uscc": "91370202MA0000000Y", "phone": "13800000001",
    "email": "sample@example.com", "project_code": "2405-370202-04-01-000001", "vin": "LSGJA52U9AH000018",
    "bank_account": "6200000000000000001",
}
_LIMIT = re.compile(r"(\d{1,4})(wd|nd|wh|h|min|mo)", re.ASCII)


def earliest_grant(limits: Mapping[str, Any], now: datetime) -> str:
    """The moment before which the law lets nobody decide (`limits.wait`: a publicity or objection period).

    Working days are taken generously, since a demo department has no calendar of its own.
    """
    match = _LIMIT.fullmatch(str(limits.get("wait") or ""))
    if match is None:
        return now.isoformat()
    amount, unit = int(match[1]), match[2]
    days = {"nd": amount + 1, "mo": 31 * amount + 1, "wd": 2 * amount + 10, "wh": amount + 10}.get(unit, 0)
    exact = {"h": timedelta(hours=amount), "min": timedelta(minutes=amount)}.get(unit, timedelta(0))
    return (now + timedelta(days=days) + exact).isoformat()


def number_for(leg: str, what: str) -> str:
    """A document number, the same for the same leg and document."""
    return "示例" + hashlib.sha256(f"{leg}|{what}".encode()).hexdigest()[:10].upper()


def citizen_id(leg: str, born: date, sex: str | None = None) -> str:
    """A number in the form of GB 11643 with the right check character, in an order code that no office issues (99x); it
    is even for women (`sex` 2), odd for men (1)."""
    last = int(hashlib.sha256(leg.encode()).hexdigest(), 16) % 10
    if sex in {"1", "2"}:
        last = last // 2 * 2 + int(sex) % 2
    digits = f"370202{born:%Y%m%d}99{last}"
    return digits + _CHECKS[sum(int(one) * weight for one, weight in zip(digits, _WEIGHTS, strict=True)) % 11]


def child_told(fields: Mapping[str, Any]) -> dict[str, str]:
    """What an application says of a child whose number a department makes, by the names that departments have for it:
    the day of birth and the sex (1 male, 2 female), as far as it says so."""
    born = next((fields[name] for name in ("born_at", "cssj", "csrq") if isinstance(fields.get(name), str)), "")
    try:
        day = {"born": date.fromisoformat(born[:10]).isoformat()}
    except ValueError:
        day = {}
    return {**day, "sex": str(fields.get("xb", ""))}


def field_value(leg: str, wanted: Mapping[str, Any], today: date) -> Any:
    """A value that a department would give for a field that the hub expects; of a choice the first of its options, of
    rows one or, as often, none: who looks something up mostly finds nothing."""
    kind, options = wanted.get("type", "text"), wanted.get("options")
    if kind == "rows":
        if number_for(leg, "rows")[-1] in "02468ACE":
            return []
        return [{one["field"]: field_value(leg, one, today) for one in wanted.get("columns", ())}]
    if options:
        return [options[0]["code"]] if kind == "many" else options[0]["code"]
    return _of_type(leg, kind, wanted.get("name", ""), today)


def _of_type(leg: str, kind: str, name: str, today: date) -> Any:
    by_kind: dict[str, Callable[[], Any]] = {
        "plate": lambda: f"鲁B{int(hashlib.sha256(leg.encode()).hexdigest(), 16) % 100_000:05}",
        "citizen_id": lambda: citizen_id(leg, today - timedelta(days=30)),
        "date": today.isoformat, "datetime": lambda: f"{today.isoformat()}T09:00:00+08:00",
        "number": lambda: 1, "integer": lambda: 1, "yes_no": lambda: True,
    }
    return _FORMATTED[kind] if kind in _FORMATTED else by_kind.get(kind, lambda: number_for(leg, name))()


def supplement(leg: Mapping[str, Any], round_: int) -> dict[str, Any]:
    """A request to supplement the first paper the applicant uploaded, else any paper, else a field."""
    papers = sorted(leg["materials"], key=lambda paper: paper["obtained"] != "upload")
    if papers:
        first = papers[0]
        note = "请拍全四角，字迹清楚后重新上传"
        ask = {"materials": [{"material": first["material"], "name": first["name"], "note": note}]}
        reason = "材料看不清楚，请重新上传"
    else:
        ask = {"fields": [{"field": name, "note": "请核对后重新填写"} for name in leg["fields"][:1]]}
        reason = "填写的内容核对不上，请改正"
    return {"ask": f"ask-{round_}", "reason": reason, "limit": "5wd", **ask}


def results(leg: Mapping[str, Any], files: Mapping[str, str], today: date) -> list[dict[str, Any]]:
    """The results of a grant: one for each material the hub expects, with the file sent before."""
    expected = _named(leg["gives"].get("fields", ()), "field")
    values = {one["field"]: field_value(leg["leg"], one, today) for one in expected}
    child = leg.get("child") or {}
    values |= {one["field"]: citizen_id(leg["leg"], date.fromisoformat(child["born"]), child["sex"])
               for one in expected if one.get("type") == "citizen_id" and "born" in child}
    found = []
    for one in result_papers(leg):
        sent = [{"file": files[one["name"]]}] if one["name"] in files else []
        found.append({
            "material": one.get("material"), "name": one["name"], "number": number_for(leg["leg"], one["name"]),
            "valid_from": today.isoformat(), "valid_to": last_day(one["name"], today), "files": sent, "fields": {}})
    if values:
        found[0]["fields"] = values
    return found


def last_day(name: str, given_on: date) -> str | None:
    """The last day a result called `name` is valid; None for what never has to be renewed."""
    years = _VALID_YEARS.get(name)
    if years is None:
        return None
    before = given_on - timedelta(days=1)
    day = 28 if (before.month, before.day) == (2, 29) else before.day
    return date(before.year + years, before.month, day).isoformat()


def result_papers(leg: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The papers a grant of this leg yields: what the hub expects, else one decision letter."""
    expected = _named(leg["gives"].get("materials", ()), "material")
    return expected or [{"material": None, "name": f"{leg['matter_name']}办理结果"}]


def _named(given: Sequence[Any], key: str) -> list[Mapping[str, Any]]:
    """Entries of `gives`; a bare code stands for itself."""
    return [one if isinstance(one, Mapping) else {key: one, "name": one} for one in given]


def notice_data(leg: Mapping[str, Any], type_: str, step: Mapping[str, Any]) -> dict[str, Any]:
    """The data of a notice: what the script says over what this type needs."""
    defaults: dict[str, Mapping[str, Any]] = {
        "leg.in_review": {"step": "审查"},
        "leg.refused": {"reason_code": "R-01", "reason": "现场条件不符合规定(示例)"},
        "leg.not_accepted": {"reason_code": "N-01", "reason": "不属于本单位职权范围(示例)"},
        "leg.special_started": {"kind": "专家评审", "basis": "行政许可法第四十五条"},
        "leg.special_ended": {"kind": "专家评审", "basis": "行政许可法第四十五条"},
        "leg.extended": {"limit": "5wd", "reason": "现场条件复杂(示例)", "basis": "行政许可法第四十二条",
                         "approved_by": "单位负责人(示例)"},
        "leg.forwarded": {"to": "上级部门"},
        "leg.simulated": {"opinion": "条件具备，可先行准备"},
        "leg.delivered": {"mode": "electronic"},
        "leg.remark": {"text": "已收悉，正在办理"},
        "leg.fee": {"amount": "0.00", "basis": "免收"},
    }
    if type_ == "leg.supplement_required":
        return {**supplement(leg, leg["round"]), **step}
    return {**defaults.get(type_, {}), **step}
