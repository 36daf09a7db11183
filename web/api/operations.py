"""What an API view says about itself; the OpenAPI document and docs/api.md are made from it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from marshmallow import Schema

View = TypeVar("View", bound=Callable[..., object])


@dataclass(frozen=True, slots=True)
class Argument:
    """A query argument or a header: its name, where it stands, its JSON Schema and a sentence."""

    name: str
    place: str
    schema: Mapping[str, object]
    says: str
    required: bool = False


@dataclass(frozen=True, slots=True)
class Operation:
    """One call: what it does, what it takes, what it answers (status → sentence), which codes it refuses with."""

    does: str
    answers: Mapping[int, str]
    body: type[Schema] | None = None
    raw: bool = False
    arguments: tuple[Argument, ...] = ()
    refuses: tuple[int, ...] = ()
    returns: str | None = None
    more: str = ""


KEY = Argument("Idempotency-Key", "header", {"type": "string", "minLength": 1, "maxLength": 200},
               "new for each submission, the same when it is repeated", required=True)
AFTER = Argument("after", "query", {"type": "string"}, "`next` of the page before")
AGAIN = ("The same key and content: 200 again, for as long as the case exists. An agent whose mandate has ended since "
         "gets only that the case was filed (`FiledForOther`).")
_OPERATIONS: dict[Callable[..., object], Operation] = {}


def operation(described: Operation) -> Callable[[View], View]:
    """Describe a view."""
    def keep(view: View) -> View:
        _OPERATIONS[view] = described
        return view
    return keep


def operation_of(view: Callable[..., object]) -> Operation | None:
    """What a view said about itself."""
    return _OPERATIONS.get(view)
