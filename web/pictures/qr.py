"""QR pictures: of a receipt, and of the secret for an authenticator app."""

from __future__ import annotations

import segno
from markupsafe import Markup


def qr_code(text: str) -> Markup:
    """A text as a picture to point a telephone at."""
    drawn = segno.make(text, error="m").svg_inline(scale=4, dark="#1b2733", border=2, svgclass=None, lineclass=None,
                                                   omitsize=True)
    return Markup(drawn)  # noqa: S704  # squares drawn by segno, none of our text in it
