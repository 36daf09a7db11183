"""What a form was sent with that could not be taken, until its page is shown again.

A refused form is answered by a redirect to its page, as a taken one is: going back in the browser then never meets
a page that it would have to send again. Most of what was sent is kept with the draft; the little that is not stays
in the signed session cookie, and is left out where it would not fit.
"""

from __future__ import annotations

import json
from typing import Any

from flask import current_app, request, session
from flask.sessions import SecureCookieSessionInterface

AGAIN = "again"
MOST_BYTES = 1_000
# Browsers drop a cookie over 4,096 bytes without a word; the rest is for its name and what a sign-in adds.
MOST_COOKIE = 3_600


def fits() -> bool:
    """Whether the cookie of this browser still holds all that pages keep in it."""
    pages = current_app.session_interface
    signer = pages.get_signing_serializer(current_app) if isinstance(pages, SecureCookieSessionInterface) else None
    return signer is not None and len(signer.dumps(dict(session))) <= MOST_COOKIE


def keep(at: str, sent: Any) -> bool:
    """Keep what was sent for the page at the path `at`; False where it is too much for a cookie."""
    if len(json.dumps(sent)) > MOST_BYTES:
        return False
    before = session.get(AGAIN)
    session[AGAIN] = {"at": at, "sent": sent}
    if not fits():
        session[AGAIN] = before
        return False
    return True


def kept() -> Any:
    """What was kept for the page of this request; None for nothing."""
    found = session.get(AGAIN) or {}
    return found.get("sent") if found.get("at") == request.path else None


def taken() -> Any:
    """What was kept for the page of this request, which is then forgotten: for what is said only once."""
    found = kept()
    if found is not None:
        session.pop(AGAIN)
    return found
