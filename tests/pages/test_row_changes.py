"""What was filled in and uploaded of a row goes with the row, what a program said as well; a new row begins empty."""

from __future__ import annotations

import re
from typing import Any

from tests.pages.client import Visitor, controls

QUESTION = "/bundles/hiring/questions/employees"
NAMES = {"A01": "示例甲甲", "A02": "示例乙乙", "A03": "示例丙丙"}
NUMBERS = {"A01": "370202199911209947", "A02": "370202199707119936", "A03": "passport:E00000001"}


def ask(visitor: Visitor, staff: str, query: str = "", **more: str) -> None:
    """Answer who was hired; all want a card; `more` is said of everybody."""
    visitor.get(QUESTION + query)
    assert not any("id_number" in name or "full_name" in name for name, _ in controls(visitor.page))
    visitor.send(QUESTION + query, *(
        (f"employees.{at}.{name}", value) for at, one in enumerate(staff.split())
        for name, value in (("staff_no", one), ("card_wanted", "yes"), ("archive_in", "no"), *more.items())))


def begun(visitor: Visitor, staff: str) -> str:
    """A draft for these, all filled in."""
    ask(visitor, staff)
    visitor.send("/bundles/hiring/questions/filer", ("filer", "legal_rep"))
    visitor.sign_in()
    visitor.get("/bundles/hiring/plan")
    draft = visitor.send("/bundles/hiring/start", *controls(visitor.page)).split("/")[2]
    visitor.get(f"/drafts/{draft}/form/staff")
    typed = dict(controls(visitor.page))
    for at, one in enumerate(staff.split()):
        typed |= {f"employees.{at}.full_name": NAMES[one], f"employees.{at}.id_number": NUMBERS[one]}
    visitor.send(f"/drafts/{draft}/form/staff", *typed.items(), ("do", "later"))
    return draft


def change(visitor: Visitor, draft: str, staff: str) -> None:
    """Change who was hired, by the pages."""
    visitor.get(f"/drafts/{draft}/plan")
    visitor.send(f"/drafts/{draft}/questions", ("question", "employees"))
    ask(visitor, staff, f"?draft={draft}")
    visitor.get(f"/bundles/hiring/plan?draft={draft}")
    visitor.send(f"/bundles/hiring/start?draft={draft}", *controls(visitor.page))


def kept(visitor: Visitor, draft: str) -> dict[str, Any]:
    """The draft as a program reads it."""
    found: dict[str, Any] = visitor.client.get(f"/api/drafts/{draft}").json
    return found


def said(visitor: Visitor, draft: str) -> list[tuple[Any, Any]]:
    return [(row.get("full_name"), row.get("id_number")) for row in kept(visitor, draft)["form"]["employees"]]


def whole(*staff: str) -> list[tuple[str, str]]:
    return [(NAMES[one], NUMBERS[one]) for one in staff]


def test_what_was_filled_in_goes_with_its_row_and_nobody_gets_anothers(visitor: Visitor) -> None:
    draft = begun(visitor, "A01 A02 A03")
    for staff in ("A03 A01 A02", "A02 A03 A01"):
        change(visitor, draft, staff)
        assert said(visitor, draft) == whole(*staff.split())
    change(visitor, draft, "A02 NEW9 A01")
    assert said(visitor, draft) == [*whole("A02"), (None, None), *whole("A01")]
    change(visitor, draft, "C9")
    assert said(visitor, draft) == [(None, None)], "as many rows, or as few, say nothing about whose they are"


def test_a_page_and_a_program_may_take_turns_at_the_rows(visitor: Visitor) -> None:
    draft = begun(visitor, "A01 A02")
    change(visitor, draft, "A02 A01")
    rows = kept(visitor, draft)["situation"]["employees"]
    token = {"X-CSRFToken": visitor.page.split('name="csrf-token" content="')[1].split('"')[0]}
    sent = {"situation": {"employees": rows[::-1], "filer": "legal_rep"}}
    assert visitor.client.patch(f"/api/drafts/{draft}", json=sent, headers=token).status_code == 200
    assert said(visitor, draft) == whole("A01", "A02")


def test_uploads_go_with_their_rows_and_leave_with_them(visitor: Visitor) -> None:
    draft = begun(visitor, "A01 A02")
    visitor.get(f"/drafts/{draft}/materials")
    visitor.send(f"/drafts/{draft}/sample-papers")
    visitor.get(f"/drafts/{draft}/consent")
    told = re.findall(r'for="sensitive">(.*?)</label>', visitor.page, re.DOTALL)[0]
    assert "录用的员工" not in told and "证件号码（用于核对员工身份" in told, "each with what it is used for"
    before = kept(visitor, draft)["materials"]
    first, second = before["staff_photo#1"], before["staff_photo#2"]
    change(visitor, draft, "A02 A01")
    after = kept(visitor, draft)["materials"]
    assert (after["staff_photo#1"], after["staff_photo#2"]) == (second, first)
    change(visitor, draft, "A01 NEW9")
    assert kept(visitor, draft)["materials"] == {"staff_photo#1": first}


def test_what_a_program_said_of_whole_rows_can_be_put_right_on_the_form(visitor: Visitor) -> None:
    draft = begun(visitor, "A01 A02")
    token = {"X-CSRFToken": visitor.page.split('name="csrf-token" content="')[1].split('"')[0]}
    rows = [{"staff_no": one, "card_wanted": False, "archive_in": False, "full_name": "写错了",
             "id_number": NUMBERS[one]} for one in ("A01", "A02")]
    sent = {"situation": {"employees": rows, "filer": "legal_rep"}}
    assert visitor.client.patch(f"/api/drafts/{draft}", json=sent, headers=token).status_code == 200
    change(visitor, draft, "A01 A02")
    assert said(visitor, draft) == [("写错了", NUMBERS[one]) for one in ("A01", "A02")], "it is the form's from now on"
    told = kept(visitor, draft)["situation"]["employees"]
    assert all(row.keys() == {"staff_no", "card_wanted", "archive_in"} for row in told)
    visitor.get(f"/drafts/{draft}/form/staff")
    assert any(name == "employees.0.full_name" for name, _ in controls(visitor.page)), "it is asked there"


def test_a_cell_that_is_still_blank_is_named_by_its_row(visitor: Visitor) -> None:
    draft = begun(visitor, "A01 A02")
    visitor.get(f"/drafts/{draft}/form/staff?check=1")
    said_of = [line for line in visitor.page.split("<li>") if "#f-employees-1-mobile" in line]
    assert said_of and "员工手机" in said_of[0], "and the link leads to it"
    assert "#f-employees-0-full_name" not in visitor.page, "that one is there"


WRONG = {"contract_kind": "fixed", "hired_on": "2026-06-02", "contract_until": "2026-06-01"}


def test_what_stops_a_plan_is_said_while_it_is_asked_and_leads_to_where_it_is_changed(visitor: Visitor) -> None:
    draft = begun(visitor, "A01")
    ask(visitor, "A01 A02", **WRONG)
    assert "按前面的回答，还不能办理： 第 1 人：合同到期日比开始上班的日期还早" in visitor.text
    visitor.send("/bundles/hiring/questions/filer", ("filer", "legal_rep"))
    assert "现在还不能提交" in visitor.text
    assert visitor.page.count(f'<a class="govuk-link" href="{QUESTION}">改这一题的回答') == 2, "a link for each"
    rows = [{"staff_no": "A01", "card_wanted": False, "archive_in": False, **WRONG}]
    token = {"X-CSRFToken": visitor.page.split('name="csrf-token" content="')[1].split('"')[0]}
    sent = {"situation": {"employees": rows, "filer": "legal_rep"}}
    assert visitor.client.patch(f"/api/drafts/{draft}", json=sent, headers=token).status_code == 200
    visitor.get(f"/drafts/{draft}/plan")
    assert "看您的回答" not in visitor.text, "it is known which"
    button = visitor.page.split("改这一题的回答")[0].rpartition("<button")[2]
    assert 'name="question" value="employees"' in button
    rows = [{**rows[0], "contract_until": "2026-12-31"}]
    child = [{"full_name": "示例甲甲", "id_number": "370202201006169914"}]
    sent = {"situation": {"employees": rows, "filer": "legal_rep"}, "form": {"employees": child}}
    assert visitor.client.patch(f"/api/drafts/{draft}", json=sent, headers=token).status_code == 200
    visitor.get(f"/drafts/{draft}/plan")
    assert "不满十六周岁" in visitor.text and f'<a href="/drafts/{draft}/form/staff">去改：' in visitor.page
    assert visitor.send(f"/drafts/{draft}/questions", ("question", "employees")) == QUESTION


def test_what_is_wrong_in_one_row_and_blank_in_another_is_said_together_and_counted_by_cells(visitor: Visitor) -> None:
    draft = begun(visitor, "A01 A02")
    page = f"/drafts/{draft}/form/staff"

    def left() -> tuple[int, int]:
        line = next(one for one in visitor.client.get("/api/drafts").json["drafts"] if one["draft"] == draft)
        return line["missing"], line["errors"]

    missing, wrong = left()
    assert wrong == 0
    for value, expected in (("1", (missing - 1, 1)), ("", (missing, 0)), ("13800000011", (missing - 1, 0))):
        visitor.get(page)
        typed = {**dict(controls(visitor.page)), "employees.0.mobile": value}
        visitor.send(page, *typed.items(), ("do", "next"))
        assert left() == expected, value
        summary = visitor.page.split("处需要修改")[1].split("</ul>")[0]
        assert ("#f-employees-0-mobile" in summary) == (value != "13800000011")
        assert "#f-employees-1-mobile" in summary, "the blanks of the other row are named in the same round"
    visitor.get(page)
    typed = {**dict(controls(visitor.page)), "employees.1.full_name": ""}
    visitor.send(page, *typed.items(), ("do", "later"))
    assert left() == (missing, 0), "what is emptied is to be filled in again"


def test_of_more_people_than_the_samples_know_each_has_a_number_of_their_own(visitor: Visitor) -> None:
    draft = begun(visitor, "A01 A02 A03")
    visitor.send(f"/drafts/{draft}/sample-form", ("section", "staff"))
    numbers = [number for _, number in said(visitor, draft)]
    assert (len(numbers), len(set(numbers)), kept(visitor, draft)["errors"]) == (3, 3, {})
