"""The README's own lines work: its curl calls against a running portal, its eight hops name real files."""

import re
import shlex
import time
from pathlib import Path

import pytest
import requests

from bench.town import Town

HOME = Path(__file__).resolve().parent.parent
README = (HOME / "README.md").read_text()


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    running = Town(tmp_path_factory.mktemp("readme")).start()
    yield running
    running.stop()


def curl_lines():
    block = README.split("<!-- api-walk", 1)[1].split("```sh\n", 1)[1].split("```", 1)[0]
    return [shlex.split(line) for line in block.replace("\\\n", " ").splitlines() if line.startswith("curl")]


def call(words, town, token, reference):
    headers, data, url = {}, None, None
    rest = iter(words[1:])
    for word in rest:
        if word == "-H":
            name, _, value = next(rest).partition(": ")
            headers[name] = value.replace("$TOKEN", token)
        elif word == "-d":
            given = next(rest)
            data = (HOME / given[1:]).read_bytes() if given.startswith("@") else given.encode()
        elif not word.startswith("-"):
            url = word.replace("http://127.0.0.1:5000", town.url).replace("REFERENCE", reference)
    return requests.request("POST" if data else "GET", url, headers=headers, data=data, timeout=30)


def test_the_curl_lines_compose_file_and_show_a_case(town):
    token, reference, answers = town.token(), "", []
    for words in curl_lines():
        answer = call(words, town, token, reference)
        assert answer.ok, answer.text
        reference = answer.json().get("reference", reference)
        answers.append(answer.json())
    plan, receipt, view = answers
    assert {leg["matter"] for leg in receipt["legs"]} == {"water-supply", "power-supply"}
    assert plan["figures"]["materials"]["after"] == 0
    assert view["reference"] == receipt["reference"]


def test_the_filed_case_ends(town):
    token = town.token()
    again = call(curl_lines()[1], town, token, "")
    reference, until = again.json()["reference"], time.monotonic() + 60
    while time.monotonic() < until:
        view = call(curl_lines()[2], town, token, reference)
        if view.json()["state"] == "finished":
            break
        time.sleep(0.2)
    assert view.json()["state"] == "finished"


def test_following_one_application_takes_eight_hops_through_files_that_exist():
    hops = README.split("## Follow one application", 1)[1].split("## ", 1)[0]
    assert [int(number) for number in re.findall(r"^(\d)\. ", hops, re.MULTILINE)] == list(range(1, 9))
    assert all((HOME / name).exists() for name in re.findall(r"\]\(([^)]+)\)", hops))


def test_set_up_is_two_commands():
    block = README.split("## Run it", 1)[1].split("```sh\n", 1)[1].split("```", 1)[0]
    assert [line.split("#")[0].strip() for line in block.splitlines()] == ["python3 dev.py run", "python3 dev.py test"]
