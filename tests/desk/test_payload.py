"""What a department is sent: only papers that its matter asks, each by its code and whose it is."""

import json
from dataclasses import replace
from types import MappingProxyType

from cases import fold
from cases.model import Event
from desk.sending import payload
from desk.sending.payload import Addressee, Dossier
from forms.papers.planned import MaterialSlot
from tests.desk.conftest import NOW
from tests.desk.filings import small_filing

TO = Addressee("notices", "files", "code")


def granted_case(desk, *results):
    receipt = desk.intake.file("somebody", small_filing(), "key-1", NOW)
    case = desk._book.known(receipt.reference).case
    slot = MaterialSlot("03", "plan_reply@agent#1", "方案", "result", None, ("01",))
    case = replace(case, plan=replace(case.plan, slots=(slot,)))
    for type_, data in (("leg.sent", {}), ("leg.received", {}), ("leg.accepted", {}),
                        ("leg.granted", {"results": list(results)})):
        case = fold.apply(case, Event(type_, NOW, "department:water-group", "01", data))
    return case


def entries(case):
    power = next(leg for leg in case.plan.legs if leg.leg == "03")
    return payload.materials(Dossier(case, {"form": {}, "materials": {}}, MappingProxyType({})), power, TO)


def test_only_the_result_that_a_matter_asks_flows_to_it(desk):
    case = granted_case(desk, {"material": "plan_reply", "name": "供水方案", "number": "G-1"},
                        {"material": "K99", "name": "内部意见", "number": "N-1"})
    [entry] = entries(case)
    assert (entry["material"], entry["role"], entry["stands_for"], entry["obtained"]) == (
        "plan_reply", "agent", None, "result")
    assert [document["number"] for document in entry["documents"]] == ["G-1"]


def test_a_paper_of_a_person_is_named_by_its_code_and_the_role(desk):
    desk.intake.file("somebody", small_filing(), "key-1", NOW)
    bodies = [json.loads(claim.outgoing.body) for claim in desk.claim({"power-grid": 4}, NOW)]
    papers = {entry["material"]: entry for body in bodies for entry in body["data"]["materials"]}
    assert papers["ID01"]["role"] == "legal_rep"
    assert papers["BL01"]["role"] is None
    assert papers["CO03"]["stands_for"] == "CO01"
    assert not any("@" in code or "#" in code for code in papers)
