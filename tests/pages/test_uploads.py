"""Uploads on the papers page in a real browser: several at once, some of them refused, and without scripts."""

from __future__ import annotations

import base64
import io
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pikepdf
from playwright.sync_api import Browser, FilePayload, Page, expect

SEWAGE = {"services": ["water", "drain"], "outside_line": False, "filer": "legal_rep"}
TREES = {"services": ["water", "drain"], "outside_line": True, "line_length": 250, "occupy_area": 0, "dig_area": 0,
         "green_area": 30, "tree_count": 6, "cross_highway": False, "cross_river": False, "spoil_volume": 0,
         "filer": "legal_rep"}
HIRED = {"employees": [{"staff_no": "A01", "card_wanted": True, "archive_in": False}], "filer": "legal_rep"}
LONG = "Screenshot_20261130_123456_com_example_messages_20261130.pdf"


def pdf(size: int = 0) -> bytes:
    """A true PDF of about `size` bytes."""
    made, held = pikepdf.new(), io.BytesIO()
    made.add_blank_page()
    made.Root.Junk = pikepdf.Stream(made, os.urandom(size))
    made.save(held, compress_streams=False)
    return held.getvalue()


def chosen(name: str, content: bytes) -> FilePayload:
    """A file as somebody chooses it."""
    return {"name": name, "mimeType": "application/pdf", "buffer": content}


def to_papers(page: Page, situation: Mapping[str, Any], bundle: str = "utilities") -> None:
    """Sign in and open the papers page of a new draft."""
    page.goto("/login")
    page.get_by_role("button", name="以示例甲登录").click()
    token = page.locator("meta[name=csrf-token]").get_attribute("content") or ""
    made = page.context.request.post("/api/drafts", data={"bundle": bundle, "situation": situation},
                                     headers={"X-CSRFToken": token, "Referer": page.url})
    page.goto(f"/drafts/{made.json()['draft']}/materials")


def test_a_small_file_does_not_break_off_a_large_one_that_is_on_its_way(page: Page) -> None:
    to_papers(page, TREES)
    network = page.context.new_cdp_session(page)
    network.send("Network.enable")
    network.send("Network.emulateNetworkConditions",
                 {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": 400_000})
    controls = page.locator("form[data-upload] input[type=file]")
    controls.nth(0).set_input_files(chosen("大文件.pdf", pdf(1_500_000)))
    expect(page.locator("[data-upload-note]").nth(0)).to_contain_text("正在上传")
    controls.nth(1).set_input_files(chosen("小文件.pdf", pdf()))
    expect(page.locator(".files li")).to_have_count(2)
    expect(page.locator(".files")).to_contain_text(["大文件.pdf", "小文件.pdf"])


def test_of_several_files_the_good_ones_are_kept_and_the_refused_one_is_named_after_the_page_was_renewed(
    page: Page,
) -> None:
    to_papers(page, SEWAGE)
    control = page.locator("form[data-upload] input[type=file]")
    photo = chosen("二.heic", b"\0\0\0\x18ftypheic")
    control.set_input_files([chosen("一.pdf", pdf()), photo, chosen("三.pdf", pdf())])
    expect(page.locator(".files li")).to_have_count(2)
    expect(page.locator(".files")).to_contain_text("一.pdf")
    expect(page.locator(".files")).to_contain_text("三.pdf")
    expect(page.locator(".govuk-error-message")).to_contain_text("二.heic：")
    expect(page.locator(".govuk-error-summary")).to_contain_text("二.heic：")
    page.reload()
    expect(page.locator(".govuk-error-message")).to_have_count(0)


NOISE = """() => {
    const canvas = Object.assign(document.createElement("canvas"), {width: 2400, height: 1600})
    const pen = canvas.getContext("2d"), all = pen.createImageData(2400, 1600)
    for (let at = 0; at < all.data.length; at += 65536) crypto.getRandomValues(all.data.subarray(at, at + 65536))
    for (let at = 3; at < all.data.length; at += 4) all.data[at] = 255
    pen.putImageData(all, 0, 0)
    return canvas.toDataURL("image/jpeg", 1).split(",")[1]
}"""
# What a camera that was held upright writes in front: the picture is to be turned by a quarter.
TURNED = bytes.fromhex("ffe1002245786966000049492a0008000000010012010300010000000600000000000000")


def test_a_photograph_that_is_too_big_is_made_smaller_and_stays_upright(page: Page) -> None:
    to_papers(page, HIRED, "hiring")
    shot = base64.b64decode(page.evaluate(NOISE))
    photo = shot[:2] + TURNED + shot[2:]
    assert len(photo) > 5 * 1024 * 1024, "more than this paper takes"
    page.locator("form[data-upload] input[type=file]").set_input_files(
        {"name": "照片.JPEG", "mimeType": "image/jpeg", "buffer": photo})
    link = page.locator(".files li a")
    expect(link).to_have_text("照片.jpg")
    wide, high = page.evaluate("""async (at) => {
        const picture = await createImageBitmap(await (await fetch(at)).blob())
        return [picture.width, picture.height]
    }""", link.get_attribute("href"))
    assert high > wide, "it lies on its side"
    page.locator("form[data-upload] input[type=file]").set_input_files(chosen("别的.heic", b"\0\0\0\x18ftypheic"))
    expect(page.locator(".govuk-error-message")).to_contain_text("请打开照片截一张图")


def test_without_scripts_too_much_at_once_leads_back_to_the_papers(
    browser: Browser, portal: str, tmp_path: Path,
) -> None:
    context = browser.new_context(base_url=portal, java_script_enabled=False)
    page = context.new_page()
    to_papers(page, SEWAGE)
    files = [tmp_path / f"{number}.pdf" for number in range(3)]
    for file in files:
        file.write_bytes(pdf(19_000_000))
    page.locator("form[data-upload] input[type=file]").set_input_files(files)
    page.get_by_role("button", name="上传").click()
    expect(page.locator(".govuk-error-message")).to_contain_text("一共约 57 MB，一次最多发送 50 MB")
    assert page.url.endswith("/materials")
    context.close()


def test_a_long_file_name_does_not_make_a_phones_page_wider(page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    to_papers(page, SEWAGE)
    page.locator("form[data-upload] input[type=file]").set_input_files(chosen(LONG, pdf()))
    expect(page.locator(".files li")).to_contain_text(LONG)
    expect(page.locator("section.paper:focus")).to_contain_text("已上传")
    assert page.evaluate("document.documentElement.scrollWidth") == 390
