"""Whose papers are looked up: whoever types somebody else's number into a form has nothing of theirs fetched."""

import pytest

from bench.filling import answers
from desk import errors
from desk.applicants.lookups import RELATED
from desk.editions import Editions
from desk.parties.holders import Holders
from desk.parties.persons import Person
from sources.port import Found
from store import people
from tests.desk.conftest import NOW
from tests.desk.filings import CONSENT, FORM, SITUATION, small_filing

OURS = {"holder_uscc": FORM["holder_uscc"], "legal_rep_id": FORM["legal_rep_id"]}
OTHER_FIRM = "91370202MA0000000Y"
DEATH = {"has_certificate": True, "cremated": False, "had": ["pension", "driving"], "filer": "self"}
OF_THE_DECEASED = {"ID02@deceased", "driving_licence@deceased"}


@pytest.fixture
def account(opened):
    def made(details, subject="somebody", boss="示例甲"):
        names = {"person_name": "示例甲", "agent_name": "示例甲", "legal_rep_name": boss}
        opened.db.write(lambda tx: people.add_account(tx, people.Account(
            account=subject, login=subject, role="applicant", name="示例甲", created_at=NOW,
            body={**names, **details})))
    return made


def drafted(desk, form, bundle="utilities", situation=SITUATION):
    draft = desk.drafts.open("somebody", bundle, situation, NOW)
    return desk.drafts.save("somebody", draft.id, {"form": form}, NOW)


def asked_for(draft):
    return {line.key: line for line in draft.plan.materials}


def looked_up(plan):
    return {line.key for line in plan.removed_materials if line.rule in {"licence", "sharing"}}


def death(desk, catalog, **numbers):
    plan = desk.plan("after-life", DEATH, NOW)
    form = {**answers(plan, NOW.date()), **numbers}
    return drafted(desk, form, "after-life", DEATH), form


def consented(desk, draft):
    return desk.drafts.save("somebody", draft.id, {
        "consent": {"agreed": True, "sensitive": list(draft.scope.sensitive)}}, NOW)


def test_ones_own_licences_are_looked_up_however_the_number_is_typed(desk, sources, account):
    account({**OURS, "holder_uscc": "９１３７０２００１６３５６２６８１ｇ"})
    draft = drafted(desk, FORM)
    assert "BL01" in looked_up(draft.plan)
    assert desk.submit_draft("somebody", draft.id, CONSENT, NOW).reference
    assert {query.numbers.get("holder") for query in sources.asked} >= {FORM["holder_uscc"], FORM["legal_rep_id"]}


def test_the_number_of_the_boss_that_an_account_fills_in_is_the_boss_s(desk, account):
    account(OURS, boss="示例的老板")
    draft = drafted(desk, FORM)
    assert "BL01" in looked_up(draft.plan)
    assert "ID01@legal_rep" in asked_for(draft)


def test_another_firms_licence_is_brought_and_nobody_is_asked_for_it(desk, sources, account):
    account({**OURS, "holder_uscc": OTHER_FIRM})
    draft = drafted(desk, FORM)
    line = asked_for(draft)["BL01"]
    assert line.why.rule == "others"
    says = "统一社会信用代码不是您账号里的号码，不能凭您的同意查询电子证照库（号码填错了请改正），请您自己上传；"
    assert line.why.text.startswith(says)
    assert "licence:business_licence" not in draft.scope.lookups
    with pytest.raises(errors.InvalidAnswers) as refused:
        desk.submit_draft("somebody", draft.id, CONSENT, NOW)
    assert "BL01" in refused.value.errors["materials"]
    with pytest.raises(errors.InvalidAnswers) as refused:
        desk.intake.file("somebody", small_filing(), "key-1", NOW)
    assert "BL01" in refused.value.errors["materials"]
    assert FORM["holder_uscc"] not in {query.numbers.get("holder") for query in sources.asked}


@pytest.mark.parametrize("typed", ["110105-19491231-002x", " 11010519491231002Ｘ "])
def test_ones_own_number_is_ones_own_however_the_form_has_it(desk, account, typed):
    account({**OURS, "holder_uscc": "91370200-163562681-G"})
    draft = drafted(desk, {**FORM, "legal_rep_id": typed})
    assert {"BL01", "ID01@legal_rep"} <= looked_up(draft.plan)
    assert desk.submit_draft("somebody", draft.id, CONSENT, NOW).reference


@pytest.mark.parametrize(("bundle", "situation", "code"), [
    ("utilities", SITUATION, "holder_uscc"),
    ("retirement", {"retire_kind": "age", "household_local": True, "deemed": False, "has_fund": False,
                    "one_child": False, "filer": "self"}, "holder_id"),
    ("disability", {"card_need": "have", "guarded": False, "wants": ["living"], "filer": "self"}, "holder_id")])
def test_a_number_among_the_answers_of_the_situation_is_a_number_like_any_other(
        desk, sources, account, bundle, situation, code):
    account({})
    form = FORM if bundle == "utilities" else answers(desk.plan(bundle, situation, NOW), NOW.date())
    moved = {**situation, code: form[code]}
    draft = consented(desk, drafted(desk, {name: one for name, one in form.items() if name != code}, bundle, moved))
    assert draft.consented
    assert form[code] not in {value for query in sources.asked for value in query.numbers.values()}


def test_a_mistyped_number_put_right_is_looked_up(desk, account):
    account(OURS)
    draft = drafted(desk, {**FORM, "holder_uscc": OTHER_FIRM})
    assert "BL01" in asked_for(draft)
    right = desk.drafts.save("somebody", draft.id, {"form": {"holder_uscc": FORM["holder_uscc"]}}, NOW)
    assert "BL01" in looked_up(right.plan)


def test_an_account_that_says_nobodys_number_has_nothing_looked_up_of_persons(desk, account):
    account({})
    draft = drafted(desk, FORM)
    assert {"BL01", "ID01@legal_rep"} <= asked_for(draft).keys()
    assert looked_up(draft.plan) == {line.key for line in draft.plan.removed_materials
                                     if line.source and line.source.by == ("project_code",)}


@pytest.mark.parametrize("subject", ["somebody", "program"])
def test_a_passport_is_brought_for_no_source_is_asked_by_its_number(desk, sources, account, subject):
    passport = "passport:E12345678"
    account({**OURS, "legal_rep_id": passport})
    draft = desk.drafts.open(subject, "utilities", SITUATION, NOW)
    draft = desk.drafts.save(subject, draft.id, {"form": {**FORM, "legal_rep_id": "passport: e1234-5678"}}, NOW)
    line = asked_for(draft)["ID01@legal_rep"]
    assert line.why.text.startswith(
        "电子证照库按身份证号查询，法定代表人证件号码填的是别的证件，没有查询，请您自己上传；")
    assert "BL01" in looked_up(draft.plan)
    with pytest.raises(errors.InvalidAnswers) as refused:
        desk.submit_draft(subject, draft.id, CONSENT, NOW)
    assert refused.value.errors.keys() == {"materials"}
    assert "ID01@legal_rep" in refused.value.errors["materials"]
    with pytest.raises(errors.InvalidAnswers) as refused:
        desk.intake.file(subject, small_filing(form={**FORM, "legal_rep_id": passport}), "key-1", NOW)
    assert "ID01@legal_rep" in refused.value.errors["materials"]
    assert not [query for query in sources.asked if passport in query.numbers.values()]


def test_no_register_of_relations_is_asked_by_a_passport(desk, sources, catalog, account):
    account({"holder_id": "passport:E12345678"})
    draft, _ = death(desk, catalog, holder_id="passport: e1234-5678")
    line = asked_for(draft)["driving_licence@deceased"]
    assert line.why.text.startswith("电子证照库按身份证号查询，申请人证件号码填的是别的证件，没有查询，请您自己上传；")
    assert (line.why.rule, draft.scope.lookups) == ("others", ())
    consented(desk, draft)
    assert not sources.asked


@pytest.mark.parametrize(("known", "typed"), [
    ("passport: e1234-5678", "PASSPORT:E12345678"), ("foreign_resident:11010519491231002x", "11010519491231002X"),
    ("hk_macao_permit:H1234567801", "hk_macao_permit:H12345678"),
    ("ｐａｓｓｐｏｒｔ：Ｅ１２３４５６７８", "passport:E12345678"),
])
def test_one_number_is_one_however_account_and_form_have_it(known, typed):
    person = Person("somebody", "示例甲", (known,))
    assert person.is_called(typed, "示例甲")
    assert not person.is_called(typed.replace("8", "9").replace("X", "9"), "示例甲")
    assert not person.is_called(typed, "示例乙")


def test_a_program_without_an_account_answers_for_those_it_files_for(desk, sources):
    assert desk.intake.file("program", small_filing(), "key-1", NOW).reference
    assert FORM["holder_uscc"] in {query.numbers.get("holder") for query in sources.asked}


def test_what_was_found_before_the_account_changed_is_not_used(desk, opened, account):
    account(OURS)
    draft = drafted(desk, FORM)
    assert consented(desk, draft).found["outcomes"]["BL01"] == "hit"
    opened.db.write(lambda tx: people.renew(tx, people.account(tx, "somebody"), "示例甲", {}))
    assert "BL01" in asked_for(desk.drafts.read("somebody", draft.id, NOW))
    with pytest.raises(errors.InvalidAnswers) as refused:
        desk.submit_draft("somebody", draft.id, None, NOW)
    assert "BL01" in refused.value.errors["materials"]


def test_whoever_is_found_related_has_the_papers_of_the_deceased_looked_up(desk, sources, catalog, account):
    _, form = death(desk, catalog)
    account({"holder_id": form["holder_id"]})
    draft, _ = death(desk, catalog)
    assert looked_up(draft.plan) >= OF_THE_DECEASED
    assert "经您代逝者(个人信息保护法第四十九条)同意" in str([line.why.text for line in draft.plan.removed_materials])
    done = consented(desk, draft)
    assert done.found["outcomes"][f"{RELATED}deceased"] == "hit"
    assert looked_up(done.plan) >= OF_THE_DECEASED
    first, second, *rest = [query.name for query in sources.asked]
    assert ({first, second}, "driving_licence" in rest) == ({"kinship_registry", "death_registry"}, True)


@pytest.mark.parametrize(("register", "answer", "says"), [
    ("kinship_registry", "miss", "登记里没有查到您可以代逝者同意，没有查询电子证照库"),
    ("death_registry", "absent", "登记里没有查到您可以代逝者同意，没有查询电子证照库"),
    ("kinship_registry", "failed", "登记没有应答，核对不了您能不能代逝者同意，没有查询电子证照库，请您自己上传"),
])
def test_nothing_of_somebody_is_asked_whom_no_register_tells_to_be_dead_and_related(
        desk, sources, catalog, account, register, answer, says):
    _, form = death(desk, catalog)
    account({"holder_id": form["holder_id"]})
    sources.answers[register] = Found(answer)
    done = consented(desk, death(desk, catalog)[0])
    lines = asked_for(done)
    assert lines.keys() >= OF_THE_DECEASED
    assert lines["driving_licence@deceased"].why.text.startswith(says)
    assert {query.name for query in sources.asked} & {"driving_licence", "household_register"} == set()


def test_where_no_register_is_connected_nothing_of_somebody_is_asked_and_the_page_says_so_beforehand(
        desk, sources, catalog, account):
    sources.off = {"death_registry"}
    _, form = death(desk, catalog)
    account({"holder_id": form["holder_id"]})
    draft, _ = death(desk, catalog)
    line = asked_for(draft)["driving_licence@deceased"]
    assert line.why.text.startswith("这里还没有接通核对您能不能代逝者同意的登记，没有查询电子证照库，请您自己上传")
    assert line.why.rule == "unconnected" and not {one for one in draft.scope.lookups if "driving" in one}
    consented(desk, draft)
    assert not {query.name for query in sources.asked} & {"driving_licence", "death_registry", "household_register"}


def test_the_register_of_relations_is_not_asked_about_two_others(desk, sources, catalog, account):
    account({"holder_id": "370202198001019912"})
    draft, _ = death(desk, catalog)
    lines = asked_for(draft)
    assert lines.keys() >= {*OF_THE_DECEASED, "kinship_proof"}
    assert lines["driving_licence@deceased"].why.text.startswith("申请人证件号码不是您账号里的号码，")
    assert (consented(desk, draft).scope.lookups, sources.asked) == ((), [])


def test_the_numbers_of_principal_and_agent_are_both_their_own(premises, account):
    account({"holder_uscc": OTHER_FIRM, "holder_name": "示例公司", "deceased_id": "370202193602109937"}, "principal")
    account({"agent_id": "370202198503029926", "mobile": "13800000000"}, "agent")
    own = Holders(premises, Editions(premises)).own
    assert own(["principal", "agent"]) == {OTHER_FIRM, "370202198503029926"}
    assert own(["nobody"]) is None


@pytest.mark.parametrize(("kin", "comes"), [("hit", "looked up"), ("miss", "uploaded")])
def test_a_guardian_has_to_be_found_one_and_of_who_files_alone_nobody_is_asked(desk, sources, account, kin, comes):
    cards = {"card_service": "apply", "card_way": "mail", "guarded": True, "uses": [], "filer": "agent"}
    form = answers(desk.plan("card-services", cards, NOW), NOW.date())
    account({"agent_id": form["agent_id"]})
    sources.answers["guardian_registry"] = Found(kin, {"number": "示例0001"})
    done = consented(desk, drafted(desk, form, "card-services", cards))
    assert ("ID01@holder" in looked_up(done.plan)) is (comes == "looked up")
    assert [query.numbers for query in sources.asked if query.name == "guardian_registry"] == [
        {"agent_id": form["agent_id"], "holder_id": form["holder_id"]}]
    alone = desk.plan("card-services", {**cards, "guarded": False, "filer": "self"}, NOW)
    line = next(line for line in alone.removed_materials if line.key == "ID01@holder")
    assert line.why.text.startswith("经您同意，从电子证照库调取")


def test_a_holder_who_has_an_agent_consents_as_themself(desk, sources, account):
    cards = {"card_service": "apply", "card_way": "mail", "guarded": False, "uses": [], "filer": "agent"}
    form = answers(desk.plan("card-services", cards, NOW), NOW.date())
    account({"holder_id": form["holder_id"]})
    draft = drafted(desk, form, "card-services", cards)
    line = next(line for line in draft.plan.removed_materials if line.key == "ID01@holder")
    assert (line.why.text.startswith("经您同意，"), "sharing:guardian_registry" in draft.scope.lookups) == (True, False)
    consented(desk, draft)
    assert {query.name for query in sources.asked} == {"citizen_card"}


def test_whoever_must_agree_is_somebody_else_as_long_as_the_form_names_nobody(desk, account):
    sale = {"mortgaged": False, "moves": ["water"], "bills_paid": True, "filer": "self"}
    form = answers(desk.plan("home-transfer", sale, NOW), NOW.date())
    account({"holder_id": form["holder_id"]})
    named = drafted(desk, form, "home-transfer", sale)
    assert looked_up(named.plan) >= {"ID01@owner", "home_title"}  # once the seller agrees
    nameless = desk.drafts.save("somebody", named.id, {"form": {"home_owner_name": None}}, NOW)
    assert asked_for(nameless).keys() >= {"ID01@owner", "home_title"}


@pytest.mark.parametrize(("child", "comes"), [("37020220200301994X", "looked up"), ("110105200503010016", "uploaded")])
def test_for_a_child_of_fourteen_years_nobody_consents(desk, sources, account, child, comes):
    school = {"school_region": "370202", "school_stage": "junior", "household_here": True, "home_kind": "own",
              "guardian_relation": "mother", "filer": "self"}
    form = {**answers(desk.plan("school-entry", school, NOW), NOW.date()), "child_id": child}
    account({"holder_id": form["holder_id"]})
    done = consented(desk, drafted(desk, form, "school-entry", school))
    assert ("ID02@child" in looked_up(done.plan)) is (comes == "looked up")
    assert (child in str([query.numbers for query in sources.asked])) is (comes == "looked up")
