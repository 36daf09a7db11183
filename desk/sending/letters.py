"""Writes the messages to departments from everything known of a case."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping, Set
from datetime import datetime
from functools import cached_property
from typing import Any

from cases.states import TRANSFERRED
from catalog.dictionary import Field
from catalog.model import Catalog
from connectors.matter_codes import codes_at
from desk.editions import Editions
from desk.known import Known, by_leg, may_have_it
from desk.premises import Premises
from desk.reference import read_code
from desk.sending import payload
from desk.sending.payload import Addressee, Dossier
from forms.plan import LegPart, PlannedLeg
from store import files
from store.files import FileRow
from store.uploads import uncleared

REMEMBERED_FILES = 8_192


class Letters:
    """Writes to departments about any case. A case's legs leave at several times, so what was read of its files is kept
    a while; nothing that a letter says of a file ever changes."""

    def __init__(self, premises: Premises, editions: Editions) -> None:
        self.premises, self.editions = premises, editions
        self._described: OrderedDict[str, FileRow] = OrderedDict()
        self._guard = threading.Lock()

    def about(self, known: Known, now: datetime) -> Correspondence:
        """Everything that can be written about a case as it stands at `now`."""
        return Correspondence(self, known, now)

    def gives(self, part: LegPart, edition: str) -> Mapping[str, Any]:
        """What a grant of a leg brings, by code with the names of the case's edition; worked out once for a plan."""
        made: Mapping[str, Any] | None = part.made.get("gives")
        if made is None:
            made = part.made["gives"] = gives(part.line, self.editions.stored_catalog(edition))
        return made

    def files(self, named: Set[str]) -> dict[str, FileRow]:
        """Those of these files that exist, by id."""
        with self._guard:
            found = {file: row for file in named if (row := self._described.get(file)) is not None}
        if missing := named - found.keys():
            with self.premises.database.read() as tx:
                read = files.several(tx, sorted(missing))
            found |= read
            with self._guard:
                self._described.update(read)
                while len(self._described) > REMEMBERED_FILES:
                    self._described.popitem(last=False)
        return found


class Correspondence:
    """The messages of one case at one moment; what they have in common is read and worked out once."""

    def __init__(self, letters: Letters, known: Known, now: datetime) -> None:
        self._letters, self._premises = letters, letters.premises
        self._known, self._now = known, now
        self._planned = by_leg(known.case)

    @cached_property
    def dossier(self) -> Dossier:
        """All that is known of the case, with every file that it or an answer of the applicant names."""
        known = self._known
        named = {file for names in known.row.body["materials"].values() for file in names}
        for event in payload.answers_of(*known.case.legs.values()):
            named.update(*event.data.get("materials", {}).values())
        return Dossier(known.case, known.row.body, self._letters.files(named), self._spoiled())

    def _spoiled(self) -> frozenset[str]:
        """Files of results in which something was found; nothing is asked where no department sent any."""
        if not any(result.files for leg in self._known.case.legs.values() for result in leg.results):
            return frozenset()
        with self._premises.database.read() as tx:
            return uncleared.spoiled_results(tx, self._known.row.reference)

    def _due(self, leg: str) -> datetime | None:
        """When a leg is due as its row says, which is what the inbox and the applicant's page show too."""
        due = self._known.legs[leg].due_at
        return None if due is None else due.astimezone(self._premises.calendar.zone)

    def addressee(self, leg: str) -> Addressee:
        """Where the office of a leg answers; the read code proves that it opened this very payload."""
        known, base, planned = self._known, f"{self._premises.public_url}/api", self._planned[leg]
        office = known.legs[leg].office
        code = read_code(self._premises.database.cipher, office, f"{known.row.reference}-{leg}")
        return Addressee(f"{base}/departments/{office}/notices", f"{base}/files", code,
                         self._letters.gives(known.case.plan.parts[leg], known.row.edition),
                         codes_at(self._premises.deployment.bodies.get(office), planned.matter, planned.code))

    def body(self, leg: str, type_: str, more: Mapping[str, Any]) -> bytes:
        """The bytes of a message of `type_` to the office of `leg`; `more` is what its event says."""
        return payload.encode(type_, self._now, self.data(leg, type_, more))

    def data(self, leg: str, type_: str, more: Mapping[str, Any]) -> dict[str, Any]:
        """The data part of a message, by its type."""
        planned = self._planned[leg]
        if type_ == TRANSFERRED:
            return payload.transferred(self.dossier, planned, more)
        to = self.addressee(leg)
        if type_ == "leg.filed":
            return payload.filed(self.dossier, planned, self._due(leg), to)
        if type_ == "leg.supplemented":
            return payload.supplemented(self.dossier, planned, more, to)
        if type_ == "leg.material_added":
            return payload.material_added(self.dossier, planned, more, to)
        return payload.plain(self.dossier, planned, more)

    def files_for(self, office: str) -> set[str]:
        """The ids of the files that an office may open: those its own legs ask, and answers to its asks, as far as it
        may know of the legs."""
        told: set[str] = set()
        for number, leg in self._planned.items():
            if self._known.legs[number].office == office and may_have_it(self._known.case.legs[number]):
                entries = payload.materials(self.dossier, leg, self.addressee(number))
                told |= {file["url"].rsplit("/", 1)[1] for entry in entries for file in entry["files"]}
                told |= supplied_files(self._known, number)
        return told


def gives(leg: PlannedLeg, catalog: Catalog) -> dict[str, Any]:
    """What a grant of `leg` brings, by code with the names of the case's edition."""
    return {
        "materials": [{"material": code, "name": str(catalog.materials[code].name)} for code in leg.gives.materials],
        "fields": [_given(code, catalog.fields[code]) for code in leg.gives.fields],
    }


def _given(code: str, field: Field) -> dict[str, Any]:
    """A field that a grant brings: what its value must be, of a choice which there are, of a person's number
    of which papers it may be, of rows what is in each."""
    found = {"field": code, "name": str(field.name), "type": field.type}
    options = [{"code": option.code, "name": str(option.name)} for option in field.options]
    columns = [_given(column.code.rpartition(".")[2], column) for column in field.inner]
    named = "papers" if field.type == "citizen_id" else "options"
    return {**found, **({named: options} if options else {}), **({"columns": columns} if columns else {})}


def supplied_files(known: Known, leg: str) -> set[str]:
    """The files with which the applicant answered the asks of a leg."""
    return {file for names in payload.brought_later(known.case.legs[leg]).values() for file in names}
