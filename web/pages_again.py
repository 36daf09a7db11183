"""What a form was sent with that could not be taken, until its page is shown again.

A refused form is answered by a redirect to its page, as a taken one is: going back in the browser then never meets
a page that it would have to send again. Most of what was sent is kept with the draft; the little that is not stays
in the signed session cookie, and is left out where it would not fit.
"""

from __future__ import annotations

import json
from typing import Any

from flask import request, session

AGAIN = "again"
MOST_BYTES = 1_000


def keep(at: str, sent: Any) -> bool:
    """Keep what was sent for the page at the path `at`; False where it is too much for a cookie."""
    if len(json.dumps(sent)) > MOST_BYTES:
        return False
    session[AGAIN] = {"at": at, "sent": sent}
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
