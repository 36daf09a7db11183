"""File-backed stand-ins for the three sources, with sample records only: every name in them says 示例."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from sources.port import NO_CONSENT, NO_RECORD, NOT_CONNECTED, OVER, UNHEARD, Found, Query

_Record = Mapping[str, Any]
RECORDS = Path(__file__).parent / "local"
_ABOUT = ("number", "issuer", "valid_from", "valid_to", "version")
_ADDRESS = frozenset({"site_address"})


class _Records(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]  # PyYAML ships no annotations
    """Whole numbers are numbers, all other words are text: a `yes` stays one."""

    yaml_implicit_resolvers: Mapping[str, Any] = {}


_Records.add_implicit_resolver("tag:yaml.org,2002:int", re.compile(r"(?:0|[1-9][0-9]*)\Z"), list("0123456789"))


class _Kept:
    """Sample records in memory, each with the answer that it makes: they answer at once."""

    def __init__(self, records: Mapping[str, Iterable[_Record]]) -> None:
        self._records = {name: [(record, _hit(name, record)) for record in each] for name, each in records.items()}

    def waits(self, _kind: str) -> bool:
        """Nobody is waited for."""
        return False

    def connected(self, _kind: str, _name: str) -> bool:
        """A demo shows what a city looks like that has connected everything."""
        return True

    def resting(self) -> tuple[str, ...]:
        """None."""
        return ()

    def _looked_up(self, query: Query, fits: Callable[[_Record], bool]) -> Found:
        if not query.consent.get("agreed"):
            return NO_CONSENT
        if query.name not in self._records:
            return NOT_CONNECTED
        mine = [(record, hit) for record, hit in self._records[query.name] if fits(record)]
        day = query.day.isoformat()
        current = [hit for record, hit in mine if not _over(record, day) and record.get("valid_from", "") <= day]
        if any(record.get("fails") == "yes" for record, _ in mine):
            return UNHEARD
        if current:
            return current[-1]
        if any(_over(record, day) for record, _ in mine):
            return OVER
        return NO_RECORD


class LicenceLibrary(_Kept):
    """The licence library (电子证照库): licences by type and holder's number."""

    def find(self, query: Query) -> Found:
        """Look up a licence of the holder that is valid at the moment of the query."""
        holder = _folded(query.numbers.get("holder", ""))
        return self._looked_up(query, lambda record: record["holder"] == holder)


class DataSharing(_Kept):
    """Data sharing (数据共享): registries asked by the answers to a few fields."""

    def find(self, query: Query) -> Found:
        """Ask a registry; all of the record's own keys must be given and agree."""
        return self._looked_up(query, lambda record: _agrees(record["by"], query.numbers))


class Premises(DataSharing):
    """Premises filed before (预备案): asked by address."""


def records(name: str) -> Any:
    """The sample records of one file of `sources/local`."""
    return yaml.load((RECORDS / f"{name}.yaml").read_text("utf-8"), Loader=_Records)  # noqa: S506  a safe loader


def _agrees(wanted: Mapping[str, Any], given: Mapping[str, Any]) -> bool:
    return bool(wanted) and all(_same(key, value, given.get(key, "")) for key, value in wanted.items())


def _same(key: str, value: str, given: Any) -> bool:
    folded = _folded(given if isinstance(given, str) else json.dumps(given, ensure_ascii=False))
    # An address is written in many ways; the sample registries know a street, not a spelling.
    return value in folded if key in _ADDRESS else value == folded


def _folded(given: str) -> str:
    return (given if given.isascii() else unicodedata.normalize("NFKC", given)).strip()


def _over(record: _Record, day: str) -> bool:
    return record.get("ended") == "yes" or record.get("valid_to", "9999") < day


def _hit(name: str, record: _Record) -> Found:
    about = {key: record[key] for key in _ABOUT if key in record}
    document = {"source": name, "version": "1", **about, "sample": True}
    return Found("hit", document=document, fields=record.get("fields", {}))
