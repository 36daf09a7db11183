"""`desk`: a department without a system of its own; its officers work on the portal's own pages."""

from __future__ import annotations

from connectors.base import Waiting

DESK = Waiting("desk", "desk")
