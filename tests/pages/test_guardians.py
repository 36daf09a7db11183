"""A guardian files for somebody else: who files is not asked where only they can, and their own number is there."""

from __future__ import annotations

import re

from flask import Flask

from tests.pages.client import Visitor
from tests.pages.test_mandates import agent, entrusted, number_of

__all__ = ("agent",)
BUNDLE = "card-services"
ANSWERS = {"card_service": "apply", "card_way": "mail"}


def test_a_guardian_is_not_asked_who_files_and_finds_their_own_number_filled_in(app: Flask) -> None:
    guardian = Visitor(app)
    guardian.sign_in("sample-agent")
    guardian.get(f"/bundles/{BUNDLE}/questions")
    asked = []
    while "/questions/" in guardian.at and len(asked) < 9:
        asked.append(guardian.at.rpartition("/")[2])
        value = "yes" if asked[-1] == "guarded" else ANSWERS.get(asked[-1], "")
        guardian.send(guardian.at, *([(asked[-1], value)] if value else []))
    assert asked == ["card_service", "card_way", "guarded", "uses"], "nobody is asked what a rule has settled"
    assert "监护人或代办人" in guardian.text and "经办人(代理人)" not in guardian.text
    assert "不能办理" not in guardian.text
    seen = re.search(r'name="seen" value="([^"]+)"', guardian.page)
    assert seen is not None
    draft = re.match("/drafts/[0-9a-f]+", guardian.send(f"/bundles/{BUNDLE}/start", ("seen", seen[1])))
    assert draft is not None
    guardian.get(f"{draft[0]}/form/agent")
    for field, value in (("agent_name", "示例乙"), ("agent_id", "370202198503029926")):
        control, = re.findall(rf'<input[^>]*name="{field}"[^>]*>', guardian.page)
        assert f'value="{value}"' in control
    assert guardian.text.count("已从您的账号带出，请核对") == 2
    guardian.get(f"{draft[0]}/form/person")
    assert "370202198503029926" not in guardian.page, "whose card it is, is somebody else"


def answering(app: Flask, guarded: str) -> Visitor:
    """Somebody who has answered everything but who files."""
    person = Visitor(app)
    person.sign_in("sample-agent")
    person.get(f"/bundles/{BUNDLE}/questions")
    for question, value in (*ANSWERS.items(), ("guarded", guarded)):
        person.send(f"/bundles/{BUNDLE}/questions/{question}", (question, value))
    person.send(f"/bundles/{BUNDLE}/questions/uses")
    return person


def test_who_files_is_asked_after_all_once_the_answer_that_settled_it_is_another(app: Flask) -> None:
    person = answering(app, "yes")
    assert person.at.endswith("/plan")
    person.send(f"/bundles/{BUNDLE}/questions/guarded", ("guarded", "no"))
    assert person.at.endswith("/questions/filer"), "nobody has said that they file for somebody else"


def test_who_said_that_they_file_for_themselves_and_is_a_guardian_files_as_one(app: Flask) -> None:
    person = answering(app, "no")
    person.send(f"/bundles/{BUNDLE}/questions/filer", ("filer", "self"))
    assert person.at.endswith("/plan")
    person.send(f"/bundles/{BUNDLE}/questions/guarded", ("guarded", "yes"))
    assert person.at.endswith("/plan") and "不能办理" not in person.text


def test_whoever_files_under_a_mandate_is_never_asked_who_files(
    app: Flask, visitor: Visitor, agent: Visitor,
) -> None:
    visitor.sign_in("sample-agent")
    entrusted(visitor, agent, ("whole", "some"), ("bundle", BUNDLE), ("act", "answer"))
    agent.get(f"/bundles/{BUNDLE}")
    agent.send(f"/bundles/{BUNDLE}/for", ("mandate", number_of(visitor)))
    for question, value in (*ANSWERS.items(), ("guarded", "yes")):
        agent.send(f"/bundles/{BUNDLE}/questions/{question}", (question, value))
    agent.send(f"/bundles/{BUNDLE}/questions/uses")
    agent.send(f"/bundles/{BUNDLE}/questions/guarded", ("guarded", "no"))
    assert agent.at.endswith("/plan")
