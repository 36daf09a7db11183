"""On the tracking page, and by the API, one urges what is late and rates what has ended."""

import re

import pytest

from app import create_app
from people.tokens import Grant
from tests.ops.conftest import deployment, file, received, say
from tests.pages.client import Visitor
from tests.web.conftest import Caller
from web.wiring import NAME

__all__ = ["deployment"]
FILED, LATE = "2026-01-05T10:00:00+08:00", "2026-01-09T10:00:00+08:00"
WHO = "sample-enterprise"


class Town:
    """A portal whose clock can be moved, and one person's case of a water leg (01) and a power leg (02)."""

    def __init__(self, app, clock):
        self.app, self.clock, self.home = app, clock, app.extensions[NAME]
        self.move(FILED)
        receipt, = file(self.home, subject=WHO)
        received(self.home)
        self.reference, self.code = receipt.reference, receipt.code
        for number, office in (("01", "water-office"), ("02", "power-office")):
            say(self.home, f"{self.reference}-{number}", "leg.accepted", office=office)

    def move(self, to):
        self.clock.write_text(f"{to} x0", "ascii")

    def visitor(self):
        made = Visitor(self.app)
        made.sign_in(WHO)
        return made

    def program(self):
        return Caller(self.app, self.home.tokens.issue(Grant("applicant", WHO), self.home.clock.now()))

    def end(self, number, office):
        say(self.home, f"{self.reference}-{number}", "leg.granted", office=office, later=2, results=[])


@pytest.fixture
def town(deployment, monkeypatch):
    clock = deployment.folder / "clock"
    monkeypatch.setenv("YJS_CLOCK", str(clock))
    app = create_app()
    yield Town(app, clock)
    app.extensions[NAME].close()


def test_a_late_leg_has_a_button_and_after_it_was_pressed_a_word_of_when_again(town):
    visitor = town.visitor()
    visitor.get(f"/cases/{town.reference}")
    assert 'form="urge"' not in visitor.page
    town.move(LATE)
    visitor = town.visitor()
    visitor.get(f"/cases/{town.reference}")
    assert re.findall(r'form="urge" name="leg" value="(\d+)"', visitor.page) == ["01", "02"]
    for _ in range(2):  # pressed twice
        visitor.send(f"/cases/{town.reference}/urge", ("leg", "01"))
        assert visitor.status == 200
    assert re.findall(r'form="urge" name="leg" value="(\d+)"', visitor.page) == ["02"]
    assert "已催办 1 次；今天已经催过" in visitor.text


def test_the_part_that_renews_itself_stays_the_same_beside_a_button(town):
    town.move(LATE)
    visitor = town.visitor()
    first = visitor.client.get(f"/cases/{town.reference}/live")
    assert 'form="urge"' in first.text
    again = visitor.client.get(f"/cases/{town.reference}/live", headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304


def test_whoever_has_only_the_code_can_do_nothing(town):
    town.end("01", "water-office")
    town.move(LATE)
    guest = Visitor(town.app)
    guest.get("/track")
    guest.send("/track", ("reference", town.reference), ("code", town.code))
    assert guest.at == f"/track/{town.reference}"
    assert [word for word in ('id="urge"', 'form="urge"', "评价") if word in guest.page] == []


def test_a_program_urges_and_rates_by_the_contract(town):
    program, path = town.program(), f"/api/cases/{town.reference}"
    key = {"Idempotency-Key": "k1"}
    assert program.post(f"{path}/urge", {"leg": "01"}).json["code"] == "missing_key"
    early = program.post(f"{path}/urge", {"leg": "01"}, headers=key)
    assert (early.status_code, early.json["code"]) == (409, "not_now")
    town.end("02", "power-office")
    town.move(LATE)
    program = town.program()
    urged = [program.post(f"{path}/urge", {"leg": "01", "reason": "急"}, headers=key) for _ in range(2)]
    assert [(one.status_code, one.json["legs"][0]["urges"], one.json["legs"][0]["can_urge"]) for one in urged] == [
        (200, 1, False)] * 2
    rated = program.post(f"{path}/rating", {"leg": "02", "level": 2, "items": {"guide": 3}, "words": "慢"},
                         headers={"Idempotency-Key": "k2"})
    assert [(one["leg"], one["open"], one["rating"] and one["rating"]["level"]) for one in rated.json["handlings"]] == [
        (None, False, None), ("01", False, None), ("02", False, 2)]
    assert rated.json["handlings"][2]["rating"]["answer_by"].startswith("2026-01-30T23:59:59")
    assert program.post(f"{path}/rating", {"level": True}, headers={"Idempotency-Key": "k3"}).status_code == 422
    stranger = Caller(town.app, town.home.tokens.issue(Grant("applicant", "else"), town.home.clock.now()))
    assert {stranger.get(f"{path}/rating").status_code,
            stranger.post(f"{path}/rating", {"level": 5}, headers=key).status_code} == {404}


def test_one_rates_on_a_calm_page_where_nothing_is_chosen_beforehand(town):
    visitor = town.visitor()
    visitor.get(f"/cases/{town.reference}")
    assert "评价" not in visitor.text
    town.end("01", "water-office")
    town.end("02", "power-office")
    page = f"/cases/{town.reference}/rating"
    visitor.get(f"/cases/{town.reference}")
    assert visitor.page.count(f'href="{page}') == 3  # the whole case, and both legs
    visitor.get(page)
    assert "checked" not in visitor.page
    visitor.send(page, ("key", "k1"), ("leg", ""), ("words", "还行"))
    assert (visitor.status, "请选择满意程度" in visitor.text, "还行" in visitor.text) == (422, True, True)
    visitor.send(page, ("key", "k1"), ("leg", ""), ("level", "1"), ("item.efficiency", "2"), ("words", "慢"))
    assert visitor.at == f"/cases/{town.reference}"
    assert "整件事 您的评价：非常不满意 2026年1月26日 前整改，并打电话告诉您结果" in visitor.text
    visitor.get(page)
    assert "您已经评价过：非常不满意" in visitor.text
    visitor.get(f"{page}?leg=77")
    assert visitor.status == 404


def test_what_is_on_no_list_is_told_to_whoever_was_asked_and_to_supervisors_with_the_lists_own_words(town):
    reference, leg = town.reference, f"{town.reference}-01"
    say(town.home, leg, "leg.supplement_required", later=2, ask="a", reason="还缺一样", limit="5wd",
        materials=[{"material": "XX99", "name": "社区证明"}])
    say(town.home, f"{reference}-02", "leg.fee", office="power-office", later=2, amount=30, basis="工本费")
    visitor = town.visitor()
    for path in (f"/cases/{reference}", f"/cases/{reference}/legs/01/asks/a"):
        visitor.get(path)
        assert "“社区证明”不在这个事项公布的材料清单里" in visitor.text and "拨打 12345 反映" in visitor.text
    assert "这个事项公布的清单里没有收费，部门告知了 30 元" not in visitor.text, "that is no matter of this request"
    visitor.sign_in("supervisor")
    visitor.get("/staff/warnings?beyond=1")
    assert "清单之外 2 件" in visitor.text and leg in visitor.text
    assert "“社区证明”不在这个事项公布的材料清单里" in visitor.text and "清单上是：" in visitor.text
    assert 'name="leg"' not in visitor.page
