"""What pages say and where they lead, without a browser: questions, the form, filing, progress and withdrawal."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask, render_template

from forms.values import json_ready
from tests.bundles.shipped import public_plan
from tests.pages.client import Visitor, controls
from tests.pages.client import sent as sent_as
from web.pages.answer import papers_of
from web.pages.case import live_part
from web.pages.plan import asked_by_section
from web.pages.words import said
from web.pictures.merge import pages
from web.wiring import NAME

SHORT_LIFE: dict[str, Any] = {"has_certificate": True, "cremated": False, "had": ["driving"], "filer": "self"}
BORN = {"has_certificate": True, "parents_named": "both", "register_with": "mother"}
SMALL: dict[str, Any] = {"services": ["water", "power"], "outside_line": False, "filer": "legal_rep"}


def ask_through(visitor: Visitor, bundle: str, situation: dict[str, Any]) -> list[str]:
    """Answer every question; which were asked."""
    asked = []
    at = visitor.get(f"/bundles/{bundle}/questions")
    while "/questions/" in at:
        asked.append(at.rpartition("/")[2])
        at = visitor.send(at, *sent_as(asked[-1], situation[asked[-1]]))
        assert len(asked) < 30, visitor.text
    return asked


def start(visitor: Visitor, bundle: str = "utilities", person: str | None = "sample-enterprise",
          **situation: Any) -> str:
    """From the questions to the draft of a sample person (None: of who is there already); its id."""
    ask_through(visitor, bundle, situation or SMALL)
    if person is not None:
        visitor.sign_in(person)
    visitor.get(f"/bundles/{bundle}/plan")
    return visitor.send(f"/bundles/{bundle}/start").split("/")[2]


def fill(visitor: Visitor, draft: str) -> None:
    """Everything but the filing, with the sample answers and papers."""
    visitor.send(f"/drafts/{draft}/sample-form", ("section", visitor.get(f"/drafts/{draft}").rpartition("/")[2]))
    visitor.get(f"/drafts/{draft}/materials")
    if "/sample-papers" in visitor.page:
        visitor.send(f"/drafts/{draft}/sample-papers")
    signed = re.findall(r'name="signed" value="([^"]+)"', visitor.page)
    visitor.send(f"/drafts/{draft}/materials", *(("signed", key) for key in signed))
    visitor.get(f"/drafts/{draft}/consent")
    shown = re.search(r'name="shown" value="([^"]+)"', visitor.page)
    assert shown is not None
    visitor.send(f"/drafts/{draft}/consent", ("shown", shown[1]), ("agreed", "yes"), ("sensitive", "yes"))


def file(visitor: Visitor, bundle: str = "utilities", person: str = "sample-enterprise", **situation: Any) -> str:
    """The whole way; the reference."""
    draft = start(visitor, bundle, person, **situation)
    fill(visitor, draft)
    edition = re.search(r'name="edition" value="([^"]+)"', visitor.page)
    assert edition is not None, visitor.text
    return visitor.send(f"/drafts/{draft}/submit", ("edition", edition[1])).split("/")[2]


def test_a_question_with_a_default_is_still_asked_with_the_default_chosen(visitor: Visitor) -> None:
    asked = ask_through(visitor, "newborn", {**BORN, "wants": ["card"], "filer": "self"})
    assert "wants" in asked
    assert "社会保障卡" in visitor.text


def test_the_holder_of_an_account_is_filled_in_with_the_name_that_it_must_be(visitor: Visitor) -> None:
    draft = start(visitor, "newborn", "sample-mother", **BORN, wants=["expenses"], filer="self")
    visitor.get(f"/drafts/{draft}/form/parents")
    visitor.send(f"/drafts/{draft}/form/parents", ("mother_name", "示例戌"), ("do", "next"))
    visitor.get(f"/drafts/{draft}/form/account")
    assert dict(controls(visitor.page))["bank_holder"] == "示例戌"
    assert "已带出，请核对" in visitor.text


def test_a_mistyped_number_of_the_dead_is_said_once_and_leads_to_the_number(visitor: Visitor) -> None:
    draft = start(visitor, "after-life", "sample-retiree", **SHORT_LIFE)
    assert "逝者的家属，自己办理" in visitor.client.get(f"/api/drafts/{draft}").text
    page = f"/drafts/{draft}/form/deceased"
    visitor.send(f"/drafts/{draft}/sample-form", ("section", "deceased"))
    visitor.get(page)
    typed = {**dict(controls(visitor.page)), "deceased_id": "370202194001019914"}
    visitor.send(page, *typed.items(), ("do", "next"))
    visitor.get(f"/drafts/{draft}/consent")
    shown = re.search(r'name="shown" value="([^"]+)"', visitor.page)
    assert shown is not None
    visitor.send(f"/drafts/{draft}/consent", ("shown", shown[1]), ("agreed", "yes"), ("sensitive", "yes"))
    for at in (f"/drafts/{draft}/review", f"/drafts/{draft}/materials?check=1"):
        visitor.get(at)
        found = re.findall(r'href="([^"]+)"[^>]*>(逝者身份证号：凭这个号码没有查到[^<]+)<', visitor.page)
        assert [href for href, _ in found] == [f"{page}#f-deceased_id"], visitor.text
        assert found[0][1].count("、") >= 1
        assert "登记里没有查到您可以代逝者同意" not in visitor.text


def test_the_number_of_somebody_else_is_not_called_one_by_which_nothing_was_found(visitor: Visitor) -> None:
    draft = start(visitor, **{**SMALL, "filer": "agent"})
    visitor.send(f"/drafts/{draft}/sample-form", ("section", visitor.get(f"/drafts/{draft}").rpartition("/")[2]))
    visitor.get(f"/drafts/{draft}/materials")
    assert "凭这个号码没有查到" not in visitor.text
    assert "不是您账号里的号码，不能凭您的同意查询电子证照库" in visitor.text


def test_a_withdrawal_names_each_matter_once_and_keeps_its_number_after_a_mistake(visitor: Visitor) -> None:
    case = f"/cases/{file(visitor)}"
    visitor.get(case)
    legs = sorted(set(re.findall(r'id="leg-([\d.]+)"', visitor.page)))
    at = f"{case}/withdraw?look=1&leg={legs[0]}"
    visitor.get(at)
    action = re.search(r'<form method="post" action="([^"]+)" novalidate', visitor.page)
    assert action is not None and "?" not in action[1]
    key = re.search(r'name="key" value="([^"]+)"', visitor.page)
    assert key is not None
    visitor.send(at, ("leg", legs[0]), ("key", key[1]))
    assert visitor.status == 422
    assert "确认撤回 1 项" in visitor.text
    visitor.send(at, ("leg", legs[0]), ("key", key[1]), ("reason", "测试"))
    assert visitor.status == 200
    assert visitor.page.count("已申请撤回：测试") == 1


def test_a_withdrawal_without_a_matter_says_so(visitor: Visitor) -> None:
    visitor.get(f"/cases/{file(visitor)}/withdraw?look=1")
    assert "请先选择要撤回的事项" in visitor.text


OVERSIZE: dict[str, Any] = {"oversize_class": "II", "start_province": "370000",
                            "route_provinces": ["370000", "320000"], "filer": "legal_rep"}


def test_provinces_are_named_and_every_receiving_office_stands_in_the_consent(visitor: Visitor) -> None:
    draft = start(visitor, "oversize", **OVERSIZE)
    visitor.get(f"/drafts/{draft}/plan")
    assert re.search(r"第 3 步 04 超限运输通行证核发，[^：]+：等 02.1、02.2、03 办完再开始", visitor.text)
    assert "途经省份审查意见（江苏省）" in visitor.text
    assert not re.search(r"370000|320000|DJ-1", visitor.text)
    fill(visitor, draft)
    visitor.get(f"/drafts/{draft}/consent")
    assert "山东省交通运输厅(示例)" in visitor.text
    assert "江苏省交通运输厅(示例)" in visitor.text
    visitor.get(f"/drafts/{draft}/review")
    edition = re.search(r'name="edition" value="([^"]+)"', visitor.page)
    assert edition is not None
    receipt = visitor.send(f"/drafts/{draft}/submit", ("edition", edition[1]))
    for page in (receipt, receipt.removesuffix("/receipt"), receipt.replace("/receipt", "/withdraw")):
        visitor.get(page)
        assert "途经省份审查意见（江苏省）" in visitor.text, page
        assert not re.search(r"\b320000\b", visitor.text), page
    (leg,) = re.findall(r'value="([\d.]+)"[^>]*>\s*<label[^>]*>[\d.]+ 途经省份审查意见（江苏省）', visitor.page)
    visitor.get(f"{visitor.at}?look=1&leg={leg}")
    assert f"“{leg} 途经省份审查意见（江苏省）”不再办以后，这一项也不再办" in visitor.text


def test_a_plan_that_another_window_changed_is_shown_again_before_a_form_is_opened(visitor: Visitor) -> None:
    visitor.sign_in()
    ask_through(visitor, "utilities", SMALL)
    seen = re.search(r'name="seen" value="([^"]+)"', visitor.page)
    assert seen is not None
    visitor.get("/bundles/utilities/questions/services")
    visitor.send("/bundles/utilities/questions/services", ("services", "gas"))
    visitor.send("/bundles/utilities/start", ("seen", seen[1]))
    assert visitor.at == "/bundles/utilities/plan"
    assert "情形已在别处改过" in visitor.text


def test_a_page_of_the_form_that_another_window_changed_keeps_both_until_the_person_decides(visitor: Visitor) -> None:
    at = visitor.get(f"/drafts/{start(visitor)}/form/applicant")
    seen = re.search(r'name="seen" value="([^"]+)"', visitor.page)
    assert seen is not None
    visitor.send(at, ("seen", seen[1]), ("do", "later"), ("holder_name", "示例甲公司"))
    visitor.send(at, ("seen", seen[1]), ("do", "later"), ("holder_name", "示例乙公司"))
    assert visitor.status == 409
    assert "这一页已在别处改过" in visitor.text
    visitor.get(at)
    visitor.send(at, ("seen", seen[1]), ("do", "later"), ("holder_name", "示例甲公司"))
    assert visitor.status == 200, "what is kept already, as by a second press, takes nothing from anybody"
    visitor.send(at, ("seen", seen[1]), ("do", "later"), ("holder_name", "示例乙公司"))
    assert "示例乙公司" in visitor.page
    visitor.get(at)
    assert "示例甲公司" in visitor.page


def test_changing_pages_by_the_side_list_keeps_what_was_typed(visitor: Visitor) -> None:
    at = visitor.get(f"/drafts/{start(visitor)}/form/applicant")
    named = re.findall(r'name="do" value="go:([a-z_]+)"', visitor.page)
    assert {"materials", "review"} < set(named)
    assert visitor.send(at, ("do", f"go:{named[1]}"), ("holder_name", "示例丙公司")).endswith(named[1])
    visitor.get(at)
    assert "示例丙公司" in visitor.page
    assert "每一页都会自动保存" not in visitor.text


def test_a_change_from_the_review_leads_back_to_the_review(visitor: Visitor) -> None:
    draft = start(visitor)
    fill(visitor, draft)
    visitor.get(f"/drafts/{draft}/review")
    change = re.search(r'href="(/drafts/[^"]+review=1)"', visitor.page)
    assert change is not None
    at = visitor.get(change[1])
    visitor.send(f"{at}?review=1", *controls(visitor.page), ("do", "next"))
    assert visitor.at == f"/drafts/{draft}/review"
    visitor.get(change[1])
    visitor.send(f"{at}?review=1", *controls(visitor.page), ("do", "later"))
    assert visitor.at == "/cases", "kept for later"


def test_a_route_without_the_province_it_begins_in_cannot_be_filed(visitor: Visitor) -> None:
    ask_through(visitor, "oversize", {**OVERSIZE, "route_provinces": ["320000"]})
    assert "途经省份里没有起运省份" in visitor.text
    assert "现在还不能提交" in visitor.text


@pytest.mark.parametrize(("filer", "brought"), [("self", True), ("agent", False)])
def test_a_person_is_known_by_the_account_but_not_when_somebody_else_files(
        visitor: Visitor, filer: str, brought: bool) -> None:
    draft = start(visitor, "retirement", "sample-retiree", retire_kind="age", household_local=True, deemed=False,
                  has_fund=False, one_child=False, filer=filer)
    visitor.get(f"/drafts/{draft}/form/person")
    assert ('value="370202196604059930"' in visitor.page) == brought
    assert ('value="示例丙"' in visitor.page) == brought


def test_an_enterprise_does_not_write_its_code_beside_its_name(visitor: Visitor) -> None:
    draft = start(visitor)
    visitor.get(f"/drafts/{draft}/form/applicant")
    assert 'value="91370202MA0000000Y"' in visitor.page


def test_what_is_left_of_a_draft_is_told_as_fields_and_papers(visitor: Visitor) -> None:
    visitor.sign_in()
    start(visitor, services=["water"], outside_line=False, filer="agent")
    visitor.get("/cases")
    assert re.search(r"还有 \d+ 项内容没填、 \d+ 份材料没交", visitor.text)


def test_a_plan_counts_days_from_one_and_papers_by_kind(visitor: Visitor) -> None:
    ask_through(visitor, "utilities", SMALL)
    assert "第 0" not in visitor.text
    assert re.search(r"计划第 \d+(–\d+)? 个工作日办理", visitor.text)
    assert re.search(r"不用交的 \d+ 种", visitor.text)
    ask_through(visitor, "credit-repair", json_ready(public_plan("credit-repair").situation))
    assert re.search(r"自己上传 3 份材料（2 种）", visitor.text), "a paper for each row is one kind"


def test_what_several_departments_look_up_is_called_a_report(visitor: Visitor) -> None:
    ask_through(visitor, "bankruptcy-check", json_ready(public_plan("bankruptcy-check").situation))
    assert "发展和改革委员会汇成一份“企业破产信息核查报告”" in visitor.text
    case = file(visitor, "bankruptcy-check", "sample-administrator", insolvency_kind="settlement", look_for=["tax"],
                filer="agent")
    visitor.get(f"/cases/{case}")
    assert "发展和改革委员会汇总下面各项结果" in visitor.text
    assert "有效期至" not in visitor.text
    visitor.get(f"/cases/{case}/report")
    assert "项没有结果，这一份还不完整" in visitor.text


@pytest.mark.parametrize(("text", "shown"), [
    ("从 2026-05-01 起不受这一条限制", "从 2026年5月1日 起不受这一条限制"), ("2026-11-02T09:00", "2026年11月2日 09:00"),
    ("核对是否符合办理条件(XS-1)", "核对是否符合办理条件"), ("请预留时间。；从", "请预留时间；从"),
    ("编号 2026-370202-44-01-000001 的项目", "编号 2026-370202-44-01-000001 的项目"),
    ("“途经省份审查意见(320000)”", "“途经省份审查意见（江苏省）”"), ("(999999)", "（999999）"),
])
def test_sentences_carry_days_and_names_instead_of_codes(app: Flask, text: str, shown: str) -> None:
    with app.test_request_context():
        assert said(text) == shown


@pytest.mark.parametrize(("state", "reviewable", "words"), [
    ("refused", True, "行政复议"), ("not_accepted", True, "行政复议"), ("refused", False, "12345"),
    ("terminated", False, "重新申请"),
])
def test_a_matter_that_was_not_granted_says_what_can_be_done(
    app: Flask, visitor: Visitor, state: str, reviewable: bool, words: str,
) -> None:
    reference = file(visitor)
    house = app.extensions[NAME]
    code = re.search(r'class="code">([^<]+)</span>.*?class="code">([^<]+)<', visitor.page, re.DOTALL)
    assert code is not None
    view = {**house.desk.track(reference, code[2], house.clock.now()), "masked": False}
    leg = view["legs"][0]
    leg |= {"state": state, "state_name": "不予批准", "reviewable": reviewable}
    with app.test_request_context():
        shown = live_part(view, "/").shown
        masked = live_part({**view, "masked": True}, "/").shown
    assert words in shown
    assert "您可以按原因修改后重新申请" in shown
    assert 'form="anew"' in shown and ("行政复议" in shown) is reviewable
    assert "咨询：城市管理局综合窗口" in shown
    assert re.search(rf'1 项不予批准：</strong><a [^>]*href="#leg-{leg["leg"]}">', shown), "the page begins with it"
    assert 'class="look look-refused"' in shown
    assert "您可以按原因修改后重新申请" not in masked, "the reason is not shown here"
    assert f"/login?next=/cases/{reference}" in masked


@pytest.mark.parametrize(("words", "name"), [
    ("用电", "水电气网联合报装"), ("孩子", "新生儿出生"), ("养老金", "退休"), ("关店", "企业注销"),
    ("用水 宽带", "水电气网联合报装"), ("注销公司", "企业注销"), ("公司注销", "企业注销"),
])
def test_everyday_words_find_what_is_meant(visitor: Visitor, words: str, name: str) -> None:
    visitor.get(f"/?q={words}")
    assert name in visitor.text


def test_suggested_words_find_something(visitor: Visitor) -> None:
    visitor.get("/?q=不存在的事")
    suggested = re.findall(r'href="/\?q=([^"]+)"', visitor.page)
    assert suggested
    for word in suggested:
        visitor.get(f"/?q={word}")
        assert not re.search(r"找到 0 件事", visitor.text), word


def test_a_wrong_file_without_scripts_comes_back_with_the_page_and_its_own_types(visitor: Visitor) -> None:
    draft = start(visitor, "newborn", "sample-mother", **BORN, wants=["card"], filer="self")
    visitor.get(f"/drafts/{draft}/materials")
    key = re.search(r'action="(/drafts/[^"]+/materials/[^"/]+)" data-upload', visitor.page)
    assert key is not None
    visitor.attach(key[1], "照片.png", b"plain words")
    assert visitor.at == f"/drafts/{draft}/materials", "a page that can be gone back to"
    assert "有 1 处需要修改" in visitor.text
    assert visitor.page.count('class="govuk-error-message"') == 1
    assert "附上示例材料" in visitor.text, "the page of the papers, not a page about a fault"
    assert "内容却不是 PNG" in visitor.text
    assert "jpg、png" in visitor.text
    assert "DWG" not in visitor.text
    visitor.send(f"/drafts/{draft}/sample-papers")
    assert ".png" in visitor.text, "the sample is a picture where only pictures are taken"


CLOSING: dict[str, Any] = {"dereg_route": "simple", "debts_cleared": True, "customs_filed": False,
                           "filer": "legal_rep"}


def test_a_notice_period_says_how_long_and_to_which_day_nothing_is_to_be_done(visitor: Visitor) -> None:
    visitor.get("/bundles/deregistration")
    assert re.search(r"办理时间 (?!\d+ →)", visitor.text), "the days are by law: one number, no arrow"
    ask_through(visitor, "deregistration", CLOSING)
    assert "公告或公示要满 20个自然日，期间不用您做什么" in visitor.text
    visitor.get(f"/cases/{file(visitor, 'deregistration', **CLOSING)}")
    assert re.search(r"公告或公示到 \d{4}年\d{1,2}月\d{1,2}日 为止，期间不用您做什么", visitor.text)


def test_a_case_that_is_over_says_on_which_day(visitor: Visitor) -> None:
    case = f"/cases/{file(visitor)}"
    visitor.get("/cases")
    assert re.search(r"预计 \d{4}年\d{1,2}月\d{1,2}日 前办完", visitor.text)
    visitor.get(f"{case}/withdraw")
    legs = re.findall(r'name="leg" value="([^"]+)"', visitor.page)
    visitor.get(f"{case}/withdraw?look=1{''.join(f'&leg={leg}' for leg in legs)}")
    key = re.search(r'name="key" value="([^"]+)"', visitor.page)
    assert key is not None
    visitor.send(f"{case}/withdraw", *(("leg", leg) for leg in legs), ("key", key[1]), ("reason", "不办了"))
    visitor.get("/cases")
    assert re.search(r"\d{4}年\d{1,2}月\d{1,2}日结束", visitor.text), visitor.text
    visitor.get(case)
    assert "全部结束的日子" in visitor.text


def test_an_answer_that_is_refused_comes_back_on_a_page_that_can_be_gone_back_to(visitor: Visitor) -> None:
    at = visitor.get("/bundles/utilities/questions")
    for _ in range(2):
        visitor.send(at)
        assert (visitor.at, visitor.status) == (at, 200)
    assert "请至少选一项" in visitor.text
    visitor.get(at)
    assert "请至少选一项" not in visitor.text


def test_a_number_that_is_none_is_shown_again_with_what_was_typed(visitor: Visitor) -> None:
    at = visitor.get("/bundles/utilities/questions")
    for name, value in {"services": ["power"], "outside_line": True}.items():
        at = visitor.send(at, *sent_as(name, value))
    assert visitor.send(at, (at.rpartition("/")[2], "abc")) == at
    assert 'value="abc"' in visitor.page
    assert "处需要修改" in visitor.text


def test_a_page_of_the_form_with_mistakes_comes_back_by_its_address_with_what_was_typed(visitor: Visitor) -> None:
    at = visitor.get(f"/drafts/{start(visitor)}/form/applicant")
    visitor.send(at, ("do", "next"), ("holder_uscc", "123"))
    assert (visitor.at, visitor.status) == (at, 200)
    assert 'value="123"' in visitor.page
    assert "处需要修改" in visitor.text
    visitor.send(f"/drafts/{at.split('/')[2]}/submit", ("edition", "x"))
    assert visitor.at.endswith("/review")


def test_a_consent_that_is_not_given_is_asked_for_once_more(visitor: Visitor) -> None:
    draft = start(visitor)
    visitor.get(f"/drafts/{draft}/consent")
    visitor.send(f"/drafts/{draft}/consent", ("shown", re.findall(r'name="shown" value="([^"]+)"', visitor.page)[0]))
    assert (visitor.at, visitor.status) == (f"/drafts/{draft}/consent", 200)
    assert "同意后才能提交" in visitor.text
    visitor.get(f"/drafts/{draft}/consent")
    assert "同意后才能提交" not in visitor.text


def test_the_receipt_and_the_list_of_cases_name_whom_it_is_about(visitor: Visitor) -> None:
    reference = file(visitor)
    receipt = visitor.text
    assert "申请人或项目：" in receipt
    assert re.search(r"\d{4}年\d{1,2}月\d{1,2}日 \d{2}:\d{2} 提交", receipt)
    named = re.search(r"申请人或项目：([^ ]+)", receipt)
    assert named is not None
    visitor.get("/cases")
    assert reference in visitor.text
    assert named[1] in visitor.text


def test_a_draft_can_be_thrown_away_from_the_list(visitor: Visitor) -> None:
    draft = start(visitor)
    visitor.get("/cases")
    assert f"/drafts/{draft}/drop" in visitor.page
    assert visitor.send(f"/drafts/{draft}/drop") == "/cases"
    assert f"/drafts/{draft}/drop" not in visitor.page
    visitor.get(f"/drafts/{draft}")
    assert visitor.status == 404


def test_a_live_part_whose_session_ended_sends_the_whole_page_to_sign_in(visitor: Visitor) -> None:
    reference = file(visitor)
    visitor.client.delete_cookie("yjs")
    answer = visitor.client.get(f"/cases/{reference}/live", headers={
        "HX-Request": "true", "HX-Current-URL": f"http://localhost/cases/{reference}"})
    assert answer.status_code == 401
    assert answer.headers["HX-Redirect"] == f"/login?next=/cases/{reference}"


def test_rows_left_empty_are_not_to_be_guessed(visitor: Visitor) -> None:
    at = visitor.get("/bundles/transport-company/questions")
    visitor.send(at)
    assert (visitor.at, visitor.status) == (at, 200)
    assert "至少填写一行" in visitor.text
    assert "估计" not in visitor.text


def test_limits_are_told_in_words_and_not_in_letters(visitor: Visitor) -> None:
    at = visitor.get("/bundles/transport-company/questions")
    visitor.send(at, ("vehicles.0.vin", "LSGJA52U9AH000018"), ("vehicles.0.gross_mass", "99999999"))
    assert "60000 千克" in visitor.text
    assert "kg" not in visitor.text


@pytest.mark.parametrize("bundle", ["utilities", "transport-company", "retirement"])
def test_the_picture_of_the_form_and_its_list_count_the_same(app: Flask, bundle: str) -> None:
    plan = public_plan(bundle)
    with app.test_request_context():
        listed = {name: len(lines) for name, lines in asked_by_section(plan)}
    assert listed == {page.name: page.fields for page in pages(plan)}
    assert sum(listed.values()) == plan.figures.fields_after


def test_a_paper_asked_for_again_has_the_limits_it_was_first_asked_under(app: Flask) -> None:
    plan = replace(public_plan("utilities"), edition=app.extensions[NAME].desk.edition("utilities"))
    ask = {"reason": "材料看不清楚", "open": True, "materials": [{"material": "AU01", "name": "授权委托书"}]}
    first = next(line for line in plan.materials if line.kind == "AU01")
    with app.test_request_context():
        papers = papers_of(plan, ask)
        view = {"reference": "R", "bundle": "utilities", "bundle_name": "示例"}
        page = render_template("answer.html", view=view, leg=plan.legs[0], ask=ask,
                               inputs=[], papers=papers, problems=[], key="k", samples=False)
    assert papers[0].spec == first.spec
    assert f"每个不超过 {first.spec.max_mb} MB" in page


def test_what_was_uploaded_is_opened_by_its_owner_alone(app: Flask, visitor: Visitor) -> None:
    draft = start(visitor, services=["water", "drain"], outside_line=False, filer="legal_rep")
    visitor.get(f"/drafts/{draft}/materials")
    visitor.send(f"/drafts/{draft}/sample-papers")
    link = re.search(rf'href="(/drafts/{draft}/materials/[^"/]+/[0-9a-f]{{32}})"', visitor.page)
    assert link is not None
    assert visitor.client.get(link[1]).data.startswith(b"%PDF")
    assert visitor.client.get(link[1][:-1] + ("0" if link[1][-1] != "0" else "1")).status_code == 404
    other = Visitor(app)
    other.sign_in("sample-agent")
    assert other.client.get(link[1]).status_code == 404


def test_the_address_of_a_refused_press_opened_again_leads_to_its_page_and_others_say_what_to_do(
    visitor: Visitor,
) -> None:
    draft = start(visitor)
    assert visitor.get(f"/drafts/{draft}/submit") == f"/drafts/{draft}/review"
    visitor.get(f"/drafts/{draft}/sample-papers")
    assert (visitor.status, "这一步要按页面上的按钮" in visitor.text) == (405, True)


def test_staff_are_told_that_the_pages_are_not_for_them_and_led_to_none_that_refuses(visitor: Visitor) -> None:
    visitor.sign_in("supervisor")
    for path in ("/", "/cases"):
        visitor.get(path)
        assert "这些页面给办事人用" in visitor.text
        assert 'href="/cases"' not in visitor.page, path
    assert visitor.status == 403


def test_a_row_is_called_what_it_is(visitor: Visitor) -> None:
    at = visitor.get("/bundles/transport-company/questions")
    assert "第 1 辆" in visitor.text
    assert "再加一辆" in visitor.text
    visitor.send(at, ("vehicles.0.vin", "LSGJA52U9AH000018"), ("vehicles.0.gross_mass", "1"))
    assert "第 1 辆：总质量" in visitor.text
    assert "第 1 项" not in visitor.text
    assert "号牌号码" not in visitor.text, "what the police give is not asked"
    rows = [{"vin": "LSGJA52U9AH000018", "gross_mass": 18000}, {"vin": "LZZ5CLVB9NA000024", "gross_mass": 3500}]
    draft = start(visitor, "transport-company", vehicles=rows, filer="legal_rep")
    for page in ("plan", "form/vehicles", "materials", "review"):
        visitor.get(f"/drafts/{draft}/{page}")
        assert "2 辆" in visitor.text, page
        assert not re.search(r"第 [12] 项|”有 2 项|每项", visitor.text), page


def test_a_row_without_the_column_that_decides_a_matter_is_sent_back_with_the_column_named(visitor: Visitor) -> None:
    at = "/bundles/transport-company/questions/vehicles"
    visitor.get(at)
    visitor.send(at, ("vehicles.0.vin", "LSGJA52U9AH000018"))
    assert "必填，请填写" in visitor.page
    visitor.send(at, ("vehicles.0.vin", "LSGJA52U9AH000018"), ("vehicles.0.gross_mass", "30000"))
    assert "必填，请填写" not in visitor.page


def test_what_follows_a_death_is_quiet_from_its_page_to_its_case(visitor: Visitor) -> None:
    visitor.get("/bundles/utilities")
    assert "solemn" not in visitor.page
    assert "改革前后" in visitor.text
    assert "牵头部门：城市管理局" in visitor.text
    visitor.get("/bundles/after-life")
    assert 'class="govuk-template solemn"' in visitor.page
    assert "请节哀" in visitor.text
    assert "改革前后" not in visitor.text
    assert "电话 12333" in visitor.text
    assert "依据：社会保险法第十七条" in visitor.text
    reference = file(visitor, "after-life", "sample-retiree", **SHORT_LIFE)
    visitor.get(f"/cases/{reference}")
    assert 'class="govuk-template solemn"' in visitor.page


def test_a_fee_is_told_before_anything_is_filed(visitor: Visitor) -> None:
    ask_through(visitor, "transport-company", {"vehicles": [{"vin": "LZZ5CLVB9NA000024", "gross_mass": "3500"}],
                                               "filer": "legal_rep"})
    visitor.get("/bundles/transport-company/plan")
    assert "收费 100.00 元，领取结果前缴纳，依据：" in visitor.text
