"""The papers page without scripts: what is too much at once is said beside the paper."""

import io

import pytest
from werkzeug.datastructures import FileStorage, MultiDict
from werkzeug.test import encode_multipart

from tests.pages.client import Visitor


@pytest.fixture
def browser(app, house):
    """An applicant on the papers page of a draft that wants a drawing."""
    found = Visitor(app)
    found.sign_in(next(one.id for one in house.personas if one.role == "applicant"))
    found.get("/bundles/connect/questions/services")
    found.send("/bundles/connect/questions/services", ("services", "water"))
    draft = found.send("/bundles/connect/start").split("/")[2]
    found.get(f"/drafts/{draft}/materials")
    found.papers = found.at
    return found


def send(browser, *sizes, **headers):
    """Send files of these sizes for the drawing as one plain form."""
    token = browser.page.split('name="csrf-token" content="')[1].split('"')[0]
    files = [FileStorage(io.BytesIO(b"%PDF" + bytes(size)), f"{size}.pdf", "file") for size in sizes]
    form = MultiDict([("csrf_token", token), *(("file", file) for file in files)])
    return posted(browser, f"{browser.papers}/drawing", form, **headers)


def posted(browser, path, form, **headers):
    """Send a form with parts, which is made in memory: the test client would leave a file behind for a large one."""
    boundary, body = encode_multipart(form)
    return browser.client.post(path, data=body, content_type=f"multipart/form-data; boundary={boundary}",
                               headers=headers, buffered=True)


@pytest.mark.parametrize(("sizes", "said"), [
    ((1_700_000, 1_700_000), "一次选的文件一共约 3 MB，一次最多发送 2 MB，一份也没有保存；请分几次上传"),
    ((2_500_000,), "文件超过 2 MB，请缩小后重新上传"),
])
def test_too_much_in_one_form_leads_back_to_the_papers_and_is_said_beside_the_paper(browser, sizes, said):
    answer = send(browser, *sizes)
    assert (answer.status_code, answer.location) == (303, browser.papers)
    browser.get(browser.papers)
    assert f"图纸：{said}" in browser.text
    assert "删去" not in browser.text


def test_a_program_that_sends_too_much_gets_the_status(browser):
    answer = send(browser, 1_700_000, 1_700_000, Accept="application/json")
    assert (answer.status_code, answer.json["code"]) == (413, "too_large")


def test_a_form_with_parts_that_has_a_sign_no_store_takes_is_refused(browser):
    token = browser.page.split('name="csrf-token" content="')[1].split('"')[0]
    answer = posted(browser, f"{browser.papers}/drawing", MultiDict([("csrf_token", token), ("remove", "a\0b")]))
    assert (answer.status_code, "不能使用的字符" in answer.text) == (400, True)


def test_another_form_that_is_too_large_is_answered_as_everywhere(browser):
    answer = posted(browser, "/login", {"login": "x" * 3_100_000})
    assert answer.status_code == 413
    assert "发送的内容超过大小限制" in answer.text
