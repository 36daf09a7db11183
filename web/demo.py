"""The switch between sample persons, for programs and tests; it exists in demo and test only (see the policy table)."""

from __future__ import annotations

from flask import Blueprint, Response
from flask_wtf.csrf import generate_csrf

from web.answers import shown
from web.identity import sign_in_as
from web.wiring import house

demo = Blueprint("demo", __name__, url_prefix="/demo")


@demo.get("/personas")
def personas() -> Response:
    """The sample persons, and the CSRF token that becoming one needs."""
    listed = [{"id": one.id, "name": one.name, "role": one.role, "role_name": one.role_name,
               "department": one.department, "note": one.note} for one in house().personas]
    return shown({"personas": listed, "csrf_token": generate_csrf()})


@demo.post("/personas/<persona>")
def become(persona: str) -> Response:
    """Become a sample person in this browser."""
    who = sign_in_as(persona)
    return shown({"subject": who.subject, "name": who.name, "role": who.role, "department": who.department})
