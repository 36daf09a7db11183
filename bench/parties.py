"""The other side of a filing: the sample person whom a form names opens what is asked, and agrees."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import requests


def agree(url: str, name: str, code: str) -> None:
    """Let the sample person called `name` agree to what a code opens, at a portal that has sample persons."""
    with requests.Session() as person:
        person.trust_env = False
        listed = person.get(f"{url}/demo/personas", timeout=30).json()
        who = next(one["id"] for one in listed["personas"] if one["name"] == name)
        _said(person, f"{url}/demo/personas/{who}", listed["csrf_token"], {})
        token = person.get(f"{url}/demo/personas", timeout=30).json()["csrf_token"]
        asked = _said(person, f"{url}/api/agreements/open", token, {"code": code})
        _said(person, f"{url}/api/agreements/{asked['agreement']}", token,
              {"answer": "agree", "digest": asked["digest"], "sensitive": True})


def _said(person: requests.Session, url: str, token: str, body: Mapping[str, Any]) -> dict[str, Any]:
    answer = person.post(url, json=body, headers={"X-CSRFToken": token}, timeout=30)
    if not answer.ok:
        raise RuntimeError(f"{answer.status_code} {answer.text}")
    return dict(answer.json())
