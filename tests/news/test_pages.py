"""A person finds what came under 消息 and chooses what is told outside; an operator finds what did not arrive."""

import re
from datetime import timedelta

import pytest

from people.tokens import Grant
from store.telling import bulletins, news
from store.telling.news import News
from tests.ops.conftest import deployment, file, received, say
from tests.oversight.test_pages import WHO, town
from tests.web.conftest import Caller

__all__ = ["deployment", "town"]


@pytest.fixture
def asked(town):
    """The water company asks for a paper, the power company has refused."""
    say(town.home, f"{town.reference}-01", "leg.supplement_required", later=3, ask="a1", reason="缺<b>附图</b>",
        limit="10wd", materials=["drawing"])
    say(town.home, f"{town.reference}-02", "leg.refused", "power-office", later=3, reason_code="R1", reason="不符")
    town.home.desk.sweep(town.home.clock.now())
    return town


def test_news_is_counted_on_every_page_and_leads_to_where_one_goes_on(asked):
    visitor = asked.visitor()
    visitor.get("/")
    assert re.search(r"消息\s*2\s*条未读", visitor.text)
    visitor.get("/news")
    assert visitor.text.count("未读") == 4, "in the head, for the case, and beside each"
    assert "需要您补充" in visitor.text
    assert "附图" not in visitor.text
    links = re.findall(r'href="(/news/[^"]+/[^"]+)"', visitor.page)
    assert visitor.get(next(link for link in links if "/ask." in link)) == f"/cases/{asked.reference}/legs/01/asks/a1"
    assert visitor.get(next(link for link in links if "/refused." in link)) == f"/cases/{asked.reference}"
    assert "条未读" not in visitor.text
    other = asked.visitor()
    other.sign_in("sample-retiree")
    assert (other.get(links[0]), other.status) == (links[0], 404)
    assert visitor.get("/news/x/y") and visitor.status == 404


def test_all_that_one_has_seen_is_read_at_once_and_what_came_since_is_not(asked):
    visitor = asked.visitor()
    visitor.get("/news")
    until = re.search(r'name="until" value="([^"]+)"', visitor.page)[1]
    visitor.send("/news", ("until", "2020-01-01T00:00:00+00:00"))
    assert "2 条未读" in visitor.text
    visitor.send("/news", ("until", until))
    assert "条未读" not in visitor.text


def test_news_stands_by_case_what_calls_for_its_reader_first_and_is_read_by_case(asked):
    asked.move("2026-01-05T10:10:00+08:00")
    home, now = asked.home, asked.home.clock.now()
    later, = file(home, subject=WHO, first=1)
    received(home)
    for number, office in (("01", "water-office"), ("02", "power-office")):
        for at, type_, said in ((4, "leg.granted", {"results": []}), (5, "leg.delivered", {"mode": "post"})):
            say(home, f"{later.reference}-{number}", type_, office, later=at, **said)
            home.desk.sweep(now)  # what comes before the next look is told as one
    visitor, program = asked.visitor(), asked.program()
    flat = program.get("/api/news").json["news"]
    visitor.get("/news")
    order = re.findall(r'<section class="news-case" aria-labelledby="case-([^"]+)"', visitor.page)
    assert order == [asked.reference, later.reference] != list(dict.fromkeys(one["reference"] for one in flat))
    first, second = visitor.page.split('<section class="news-case"')[1:]
    assert ("2 条未读" in first, "示例项目" in first, "<details" in first) == (True, True, False)
    told = sum(one["reference"] == later.reference for one in flat)
    assert f"{told} 条未读" in second and f"另外 {told - 3} 条" in second
    until = re.search(r'name="until" value="([^"]+)"', visitor.page)[1]
    visitor.send("/news", ("until", until), ("reference", later.reference))
    assert visitor.text.count("2 条未读") == 2 and f"{told} 条未读" not in visitor.text
    assert visitor.page.count("全部已读") == 1
    assert [one["news"] for one in program.get("/api/news").json["news"]] == [one["news"] for one in flat]
    visitor.send("/news", ("until", until), ("reference", "another's"))
    assert "2 条未读" in visitor.text


def test_what_is_told_outside_is_chosen_and_what_has_a_limit_always_is(asked):
    visitor, program = asked.visitor(), asked.program()
    visitor.get("/news/preferences")
    assert "不能关掉" in visitor.text
    visitor.send("/news/preferences", ("kind", "granted"), ("agreed", "on"), ("mobile", "138"))
    assert (visitor.status, "应为 11 位手机号" in visitor.text) == (422, True)
    visitor.send("/news/preferences", ("kind", "granted"), ("agreed", "on"), ("mobile", "138 0013 8000"))
    assert "已按您的选择保存" in visitor.text
    found = program.get("/api/news/preferences").json
    assert (found["kinds"], found["mobile"], found["leaves"]) == (["granted"], "13800138000", False)
    refused = program.call("PUT", "/api/news/preferences", {"kinds": ["ask"]})
    assert (refused.status_code, list(refused.json["errors"])) == (422, ["kinds"])
    assert program.call("PUT", "/api/news/preferences", {"kinds": []}).json["mobile"] == ""


def test_programs_read_the_same_and_say_what_was_read(asked):
    program = asked.program()
    found = program.get("/api/news").json
    assert (found["unread"], found["next"]) == (2, None)
    ask = next(one for one in found["news"] if one["kind"] == "ask")
    assert (ask["urgent"], ask["until"], ask["read"], ask["leg"]) == (True, "2026-01-19", False, "01")
    stranger = Caller(asked.app, asked.home.tokens.issue(Grant("applicant", "else"), asked.home.clock.now()))
    assert stranger.get("/api/news").json == {"unread": 0, "news": [], "next": None}
    assert stranger.post("/api/news/read", {"news": [ask["news"]]}).status_code == 404
    assert program.post("/api/news/read", {"news": [ask["news"]]}).json["unread"] == 1


def test_an_operator_sees_what_did_not_arrive_and_sends_it_again_with_a_reason(town):
    now = town.home.clock.now()
    town.home.database.write(lambda tx: bulletins.add(tx, "news_1", WHO, b"{}", now))
    with town.home.database.read() as tx:
        one, = bulletins.due(tx, now, 9)
    town.home.database.write(lambda tx: bulletins.end(tx, one, "refused", "HTTP 422", now))
    visitor = town.visitor()
    visitor.sign_in("operator")
    visitor.get("/staff/bulletins")
    assert "网关拒收" in visitor.text and "试过 0 次，" in visitor.text and "停下" in visitor.text
    assert WHO not in visitor.page
    visitor.send("/staff/bulletins", ("key", "news_1"), ("reason", ""))
    assert visitor.status == 422
    visitor.send("/staff/bulletins", ("key", "news_1"), ("reason", "已修复"))
    assert "已安排重发 1 条" in visitor.text
    figures = Caller(town.app).get("/metrics").get_data(as_text=True)
    assert "yijianshi_bulletins_waiting 1.0" in figures
    assert 'yijianshi_bulletins_troubled{key=' not in figures


def test_each_case_has_its_own_count_however_much_of_another_is_unread(town):
    now, (old, new) = town.home.clock.now(), [one.reference for one in file(town.home, 2, subject=WHO, first=1)]

    def piece(reference, key, at, kind="delivered"):
        return News(reference=reference, key=key, subject=WHO, bundle="联合", kind=kind, leg="01", about="",
                    text=f"“供水报装”{key}", at=now + timedelta(seconds=at))

    town.home.database.write(lambda tx: news.add(
        tx, [*(piece(old, f"k{n}", -n) for n in range(110)), piece(new, "k1", 5, "ask")]))
    visitor = town.visitor()
    visitor.get("/news")
    assert re.findall(r">(\d+) 条未读<", visitor.page)[-2:] == ["1", "100"]
    visitor.send("/news", ("until", "9999-12-31T23:59:59-12:00"), ("reference", new))
    assert visitor.status == 200, "a day beyond the calendar is none"
