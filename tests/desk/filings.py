"""A small filing of the utilities bundle: water and power, no outside line, by the legal representative (示例)."""

import json

from bench.applicant import jsonable
from bench.filling import answers
from connectors.base import Answer
from desk.applicants.afterwards import Supply
from desk.applicants.consents import sensitive_lines
from desk.hearing.notices import Incoming
from desk.sending.recording import Came
from desk.values import Filing
from dispatch.retry import Then
from sources.samples import sample_paper
from tests.desk.conftest import NOW

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


class Filed:
    """A case of any bundle, filed with every paper but those left for `later`, and what happens to it at the desk."""

    def __init__(self, desk, catalog, bundle, situation, later=()):
        self.desk, self.catalog, self.said = desk, catalog, 0
        form = answers(desk.plan(bundle, situation, NOW), NOW.date())
        plan = desk.plan(bundle, situation, NOW, form)
        papers = {line.key: self.paper(line.key) for line in plan.materials if line.key not in later}
        consent = {"agreed": True, "sensitive": [line.code for line in sensitive_lines(plan)]}
        self.filing = Filing(bundle=bundle, situation=jsonable(situation), form=form, materials=papers, consent=consent)
        receipt = desk.intake.file("sample", self.filing, "key-1", NOW)
        self.reference = receipt.reference
        self.offices = {leg.leg.rpartition("-")[2]: leg.department for leg in receipt.legs}

    def paper(self, key):
        kind = self.catalog.materials[key.partition("#")[0].partition("@")[0]]
        name, type_, content = sample_paper(key, kind.spec.file_types)
        return (self.desk.keep_file("sample", (name, type_), [content], NOW).file,)

    def deliver(self, now, answer=None):
        claims = self.desk.claim(dict.fromkeys(self.offices.values(), 64), now)
        came = [Came(claim, answer or Answer("received"), Then("done")) for claim in claims]
        assert self.desk.record(came, now) == []
        return {(claim.id.leg, claim.id.type): json.loads(claim.outgoing.body)["data"] for claim in claims}

    def say(self, leg, type_, now, **data):
        self.said += 1
        said = {"type": type_, "timestamp": now.isoformat(), "data": {"leg": f"{self.reference}-{leg}", **data}}
        return self.desk.notices.take(Incoming(self.offices[leg], f"m{self.said}", json.dumps(said).encode(), said),
                                      now)

    def leg(self, number, now):
        return next(leg for leg in self.desk.case_view("sample", self.reference, now)["legs"] if leg["leg"] == number)

    def answer(self, leg, ask, now, **fields):
        asked = next(one for one in self.leg(leg, now)["asks"] if one["id"] == ask)
        papers = {entry["material"]: self.paper(entry["material"]) for entry in asked["materials"]}
        self.desk.afterwards.supplement("sample", self.reference, Supply(leg, ask, fields, papers), f"answer-{ask}",
                                        now)
