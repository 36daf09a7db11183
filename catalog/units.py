"""Units of measurement: which convert into which, and by how much. Exact decimals, never floats."""

from __future__ import annotations

from decimal import Decimal

_FAMILIES: dict[str, dict[str, str]] = {
    "length": {"mm": "0.001", "cm": "0.01", "m": "1", "km": "1000"},
    "area": {"m2": "1", "mu": "666.6666666667", "ha": "10000", "km2": "1000000"},
    "volume": {"L": "0.001", "m3": "1", "10k_m3": "10000"},
    "flow": {"m3/d": "0.0416666666667", "m3/h": "1", "L/s": "3.6"},
    "mass": {"g": "0.001", "kg": "1", "t": "1000"},
    "mass_flow": {"kg/h": "0.001", "t/h": "1"},
    "power": {"W": "0.001", "kW": "1", "MW": "1000"},
    "apparent_power": {"kVA": "1", "MVA": "1000"},
    "voltage": {"V": "0.001", "kV": "1"},
    "current": {"A": "1"},
    "energy": {"MJ": "0.001", "GJ": "1"},
    "electricity": {"kWh": "1", "MWh": "1000"},
    "pressure": {"Pa": "0.001", "kPa": "1", "MPa": "1000"},
    "temperature": {"C": "1"},
    "money": {"yuan": "1", "10k_yuan": "10000"},
    "share": {"percent": "1"},
    "time": {"min": "1", "h": "60"},
    "days": {"day": "1", "week": "7"},
    "months": {"month": "1", "year": "12"},
    "rate": {"Mbps": "1", "Gbps": "1000"},
    "people": {"person": "1"},
    "pieces": {"piece": "1"},
    "vehicles": {"vehicle": "1"},
    "groups": {"group": "1"},
}
UNITS: dict[str, tuple[str, Decimal]] = {
    unit: (family, Decimal(factor)) for family, units in _FAMILIES.items() for unit, factor in units.items()
}


SPOKEN: dict[str, str] = {
    "毫米": "mm", "厘米": "cm", "米": "m", "公里": "km", "千米": "km", "平方米": "m2", "平米": "m2", "㎡": "m2",
    "亩": "mu",
    "公顷": "ha", "升": "L", "立方米": "m3", "方": "m3", "克": "g", "千克": "kg", "公斤": "kg", "吨": "t", "瓦": "W",
    "千瓦": "kW", "元": "yuan", "万元": "10k_yuan", "月": "month", "个月": "month", "年": "year",
    "人": "person", "件": "piece", "辆": "vehicle", "组": "group",
}


WRITTEN: dict[str, str] = {
    "m": "米", "km": "千米", "mm": "毫米", "cm": "厘米", "m2": "平方米", "m3": "立方米", "ha": "公顷", "mu": "亩",
    "kg": "千克", "g": "克", "t": "吨", "L": "升", "m3/h": "立方米/小时", "m3/d": "立方米/天", "L/s": "升/秒",
    "t/h": "吨/小时", "min": "分钟", "h": "小时", "day": "天", "month": "个月", "year": "年", "yuan": "元",
    "10k_yuan": "万元", "percent": "%", "person": "人", "piece": "个", "vehicle": "辆", "group": "组", "C": "℃",
}


def unit_words(unit: str | None) -> str:
    """A unit as people write it."""
    return WRITTEN.get(unit, unit) if unit else ""


def row_words(unit: str | None) -> str:
    """What one row of a group is called, beside its number: 人, 辆, else 项."""
    return unit_words(unit) or "项"


def convertible(one: str, other: str) -> bool:
    """Whether an amount in `one` can be said in `other`; unknown units convert only into themselves."""
    if one == other:
        return True
    return one in UNITS and other in UNITS and UNITS[one][0] == UNITS[other][0]


def same_family(unit: str) -> tuple[str, ...]:
    """The units that `unit` converts into, itself included."""
    return tuple(_FAMILIES[UNITS[unit][0]]) if unit in UNITS else (unit,)


def convert(amount: Decimal, one: str, other: str) -> Decimal:
    """`amount` of `one` said in `other`, rounded to 10 digits after the point; raises ValueError between families."""
    if one == other:
        return amount
    if not convertible(one, other):
        raise ValueError(f"{one} does not convert into {other}")
    exact = amount * UNITS[one][1] / UNITS[other][1]
    return exact.quantize(Decimal(1)) if exact == exact.to_integral_value() else round(exact, 10).normalize()
