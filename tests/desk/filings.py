"""A small filing of the utilities bundle: water and power, no outside line, by the legal representative (示例)."""

from desk.values import Filing

SITUATION = {"services": ["water", "power"], "outside_line": False, "filer": "legal_rep"}
FORM = {
    "applicant_kind": "enterprise", "holder_name": "示例科技有限公司", "holder_uscc": "91370200163562681G",
    "legal_rep_name": "示例甲", "legal_rep_id": "11010519491231002X",
    "contact_name": "示例乙", "mobile": "13800000000",
    "delivery": "electronic", "project_code": "2026-370202-65-01-000001", "project_name": "示例厂房",
    "site_address": {"region": "370202", "text": "示例路1号"}, "floor_area": 1200, "building_height": 12,
    "handover_on": "2026-06-01", "water_use": "non_resident", "daily_volume": 20, "meter_dn": "dn50", "load_kw": 300,
    "capacity_kva": 400, "voltage": "kv10", "power_sources": "single", "important_user": "none",
    "energy_use": "commercial",
}


CONSENT = {"agreed": True, "sensitive": ["contact_id", "legal_rep_id"]}


def small_filing(**changes):
    given = {"bundle": "utilities", "situation": SITUATION, "form": FORM, "consent": CONSENT}
    return Filing(**{**given, **changes})


PNG = ("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==")
