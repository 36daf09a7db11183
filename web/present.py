"""The request that is served, its application and what is kept beside it: the things themselves.

Flask's `request`, `current_app` and `g` stand for them and look for them anew at every name, which costs as much as
twenty lines of work. Whoever asks for several things, and at every request, takes the thing itself.
"""

from __future__ import annotations

from typing import Any, cast

from flask import Flask, Request, current_app, g, request


def asked() -> Request:
    """The request that is served."""
    return cast(Request, _itself(request))


def serving() -> Flask:
    """The application that serves it."""
    return cast(Flask, _itself(current_app))


def noted() -> Any:
    """What is kept until it is answered: Flask's `g`, which takes any name."""
    return _itself(g)


def _itself(stand_in: Any) -> Any:
    return stand_in._get_current_object()  # noqa: SLF001  it is public, and so named to keep out of the way
