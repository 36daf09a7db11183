"""One sample person entrusts another on the pages, who files for them, until it is taken back."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape

import pytest
from flask import Flask

from desk.agents import mandates
from tests.pages.client import Visitor
from web.pages import lists as pages_lists
from web.wiring import NAME

BUNDLE = "utilities"
POWER = (("services", "power"), ("outside_line", "no"))


@pytest.fixture
def agent(app: Flask) -> Visitor:
    """The one who files for another, and has told them the code."""
    made = Visitor(app)
    made.sign_in("sample-retiree")
    return made


def entrusted(visitor: Visitor, agent: Visitor, *fields: tuple[str, str]) -> str:
    """Let the agent make a code and the visitor use it; where that led."""
    agent.get("/mandates")
    agent.send("/mandates/code")
    code = re.search(r'class="code">([^<]+)<', agent.page)
    assert code is not None
    assert 'class="code"' not in (agent.get("/mandates"), agent.page)[1], "it is shown once"
    visitor.get("/mandates/new")
    visitor.send("/mandates/new", ("code", code[1].lower()))
    assert "这个代办码是 示例丙 的" in visitor.text
    hidden = dict(re.findall(r'type="hidden" name="(code|key)" value="([^"]+)"', visitor.page))
    until = re.search(r'name="valid_until" value="([^"]+)"', visitor.page)
    assert until is not None
    return visitor.send("/mandates/new", *hidden.items(), ("do", "give"), ("valid_until", until[1]), *fields)


def number_of(visitor: Visitor) -> str:
    """The mandate that can be ended first on the page."""
    found = re.search(r"/mandates/(WT\w+)/end", visitor.page)
    assert found is not None
    return found[1]


def begin(agent: Visitor, number: str) -> str:
    """File for the principal: from the page of the bundle to the draft."""
    agent.get(f"/bundles/{BUNDLE}")
    assert "替示例甲办" in agent.text
    agent.send(f"/bundles/{BUNDLE}/for", ("mandate", number))
    for name, value in POWER:
        assert agent.at.endswith(f"/questions/{name}"), "who files is not asked: it is the agent"
        agent.send(agent.at, (name, value))
    assert "替 示例甲 办理" in agent.text and "不用上传任何材料" in agent.text
    seen = re.search(r'name="seen" value="([^"]+)"', agent.page)
    assert seen is not None
    return agent.send(f"/bundles/{BUNDLE}/start", ("seen", seen[1]))


def test_a_person_entrusts_another_who_files_for_them_until_it_is_taken_back(
    app: Flask, visitor: Visitor, agent: Visitor,
) -> None:
    visitor.sign_in("sample-enterprise")
    entrusted(visitor, agent, ("whole", "some"), ("bundle", BUNDLE), ("act", "answer"))
    assert (visitor.at, "已委托示例丙" in visitor.text) == ("/mandates", True)
    number = number_of(visitor)
    draft = re.match("/drafts/[0-9a-f]+", begin(agent, number))
    assert draft is not None
    assert "您正在替示例甲办理" in agent.text
    kept = app.extensions[NAME].desk.drafts.read("sample-retiree", draft[0].rpartition("/")[2],
                                               app.extensions[NAME].clock.now()).form
    assert [kept[code] for code in ("holder_name", "legal_rep_name", "agent_name", "agent_id", "mandate_no")] == [
        "示例科技有限公司", "示例甲", "示例丙", "370202196604059930", number]
    assert "project_name" not in kept, "what else the principal's account knows is not handed on"
    agent.get(f"{draft[0]}/materials")
    assert "授权委托书" in agent.text and "已在网上委托您办理" in agent.text
    agent.send(f"{draft[0]}/sample-form")
    agent.get(f"{draft[0]}/materials")
    agent.send(f"{draft[0]}/sample-papers")
    agent.get(f"{draft[0]}/consent")
    assert "由您代示例甲作出" in agent.text
    shown = re.search(r'name="shown" value="([^"]+)"', agent.page)
    assert shown is not None
    agent.send(f"{draft[0]}/consent", ("shown", shown[1]), ("agreed", "yes"), ("sensitive", "yes"))
    marks = dict(re.findall(r'name="(edition|seen)" value="([^"]+)"', agent.page))
    receipt = agent.send(f"{draft[0]}/submit", *marks.items())
    assert receipt.endswith("/receipt"), unescape(agent.text)
    case = receipt.removesuffix("/receipt")
    agent.get(case)
    assert "您受示例甲委托代办" in agent.text and "撤回申请" not in agent.text
    visitor.get(case)
    assert "由示例丙受您委托代办" in visitor.text and "撤回申请" in visitor.text
    visitor.get(f"{case}/consent")
    assert "代办人示例丙代您在" in visitor.text and "撤回同意" in visitor.text
    agent.get(f"{case}/consent")
    assert "撤回同意" not in agent.text
    agent.get("/cases")
    assert "替示例甲办" in agent.text
    home = app.extensions[NAME]
    now, day = home.clock.now(), home.clock.now().date() + timedelta(days=9)
    wider = home.desk.mandates.give("sample-enterprise", mandates.Wish(
        home.desk.mandates.show_code("sample-retiree", now)[0], day), "wider", now).row
    agent.get(f"{case}/withdraw?leg=03&look=1")
    key = re.search(r'name="key" value="([^"]+)"', agent.page)
    assert key is not None
    take_back = (f"{case}/withdraw", ("leg", "03"), ("reason", "不办了"), ("key", key[1]))
    assert agent.send(*take_back).startswith(case)
    home.desk.mandates.revoke("sample-retiree", wider.mandate, now)
    begun = re.match("/drafts/[0-9a-f]+", begin(agent, number))
    agent.get(f"/bundles/{BUNDLE}")
    agent.send(f"/bundles/{BUNDLE}/for", ("mandate", number))
    for name, value in POWER:
        agent.send(agent.at, (name, value))
    visitor.get(f"/mandates/{number}/end")
    visitor.send(f"/mandates/{number}/end")
    assert "已撤销对示例丙的委托" in visitor.text
    assert begun is not None
    for path, status in ((case, 404), (f"{case}/live", 404), (f"{case}/receipt", 404), (f"{begun[0]}/review", 403)):
        agent.get(path)
        assert (path, agent.status) == (path, status)
        assert "示例科技" not in agent.text
    assert agent.send(*take_back) == "/cases", "it was done, and is not said to be unknown"
    agent.send(*take_back[:3], ("key", "another"))
    assert agent.status == 404
    agent.get("/cases")
    assert "内容不再显示" in agent.text and "由委托人自己跟进" in agent.text and "示例甲" not in agent.text
    agent.get(f"/bundles/{BUNDLE}/plan")
    assert (agent.status, "委托已经结束" in agent.text) == (403, True), "it is not silently for oneself"
    agent.get(f"/bundles/{BUNDLE}/plan")
    assert agent.at.endswith("/questions/filer")
    assert "替示例甲办" not in (agent.get(f"/bundles/{BUNDLE}"), agent.text)[1]
    visitor.get(case)
    assert visitor.status == 200


def test_a_wrong_code_and_a_wrong_day_are_said_where_they_are(visitor: Visitor, agent: Visitor) -> None:
    visitor.sign_in("sample-mother")
    visitor.get("/mandates/new")
    visitor.send("/mandates/new", ("code", ""))
    assert (visitor.status, "请填写代办码" in visitor.text) == (422, True)
    visitor.send("/mandates/new", ("code", "00000000"))
    assert (visitor.status, "代办码不对" in visitor.text) == (404, True)
    entrusted(visitor, agent, ("whole", "some"), ("valid_until", "2020-01-01"))
    assert visitor.status == 422
    assert "请至少选一件事" in visitor.text


def test_long_lists_are_turned_page_by_page_each_by_itself(
    app: Flask, visitor: Visitor, agent: Visitor, monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pages_lists, "LISTED", 2)
    monkeypatch.setattr(mandates, "MOST_OFFERED", 1)
    home, visitor_id, agent_id = app.extensions[NAME], "sample-enterprise", "sample-retiree"
    visitor.sign_in(visitor_id)
    now = home.clock.now()
    given = []
    for number in range(5):
        principal = visitor_id if number < 3 else "sample-mother"
        code, at = home.desk.mandates.show_code(agent_id, now)[0], now + timedelta(microseconds=number)
        wish = mandates.Wish(code, now.date() + timedelta(days=9 + number))
        given.append(home.desk.mandates.give(principal, wish, f"give-{number}", at).row)
    visitor.get("/mandates")
    assert re.findall(r"编号 (WT\w+)", visitor.page) == [given[2].mandate, given[1].mandate]
    assert "谁委托了我" in visitor.text
    visitor.get(unescape(re.findall(r'href="([^"]+)" rel="next"', visitor.page)[0]))
    assert re.findall(r"编号 (WT\w+)", visitor.page)[0] == given[0].mandate
    assert ("谁委托了我" in visitor.text, "回到第一页" in visitor.text) == (False, True)
    agent.get("/mandates?list=received")
    assert re.findall(r"编号 (WT\w+)", agent.page) == [given[4].mandate, given[3].mandate]
    assert "我委托了谁" not in agent.text
    agent.get("/cases?list=others&after=x")
    assert (agent.status, "替别人办的" in agent.text, ">已提交</h2>" in agent.page) == (200, True, False)
    agent.get(f"/bundles/{BUNDLE}")
    assert (agent.text.count("办（委托到"), "没有列出的委托人" in agent.text) == (1, True)
    agent.send(f"/bundles/{BUNDLE}/for", ("mandate", "other"), ("number", "WT1"))
    assert (agent.status, "没有这个编号的委托" in agent.text) == (403, True)
    agent.get(f"/bundles/{BUNDLE}")
    agent.send(f"/bundles/{BUNDLE}/for", ("mandate", "other"), ("number", f" {given[0].mandate.lower()}"))
    assert agent.at.endswith("/questions/services"), "who files is not asked: it is the agent"
    agent.get(f"/bundles/{BUNDLE}")
    assert f'value="{given[0].mandate}"' in agent.page
