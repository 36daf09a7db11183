"""`pull`: a department that may not be reached from outside fetches its waiting legs itself (contract 3.6)."""

from __future__ import annotations

from connectors.base import Waiting

PULL = Waiting("pull", "pull")
