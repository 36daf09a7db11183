"""Writes the messages to departments from everything known of a case."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from cases import due
from catalog.model import Catalog
from connectors.base import Body
from desk import payload
from desk.editions import Editions
from desk.known import Known, by_leg
from desk.payload import Addressee, Dossier
from desk.premises import Premises
from forms.plan import PlannedLeg
from store import files


class Letters:
    """Bodies of messages, and which files an office was told about."""

    def __init__(self, premises: Premises, editions: Editions) -> None:
        self._premises, self._editions = premises, editions

    def dossier(self, known: Known, more: Iterable[str] = ()) -> Dossier:
        """The dossier of a case as it stands; `more` are files about to be linked to it."""
        named = {file for names in known.row.body["materials"].values() for file in names} | set(more)
        with self._premises.database.read() as tx:
            return Dossier(known.case, known.row.body, files.several(tx, sorted(named)))

    def addressee(self, office: Body, reference: str, leg: str) -> Addressee:
        """Where an office answers about a leg; the read code proves that it opened this very payload."""
        base = f"{self._premises.public_url}/api"
        with self._premises.database.read() as tx:
            code = tx.cipher.index(f"{office.id}:{reference}-{leg}", "read_code")[:16]
        return Addressee(f"{base}/departments/{office.id}/notices", f"{base}/files", code)

    def body(self, known: Known, leg: str, what: tuple[str, Mapping[str, Any]], now: datetime) -> bytes:
        """The bytes of a message `what` = (type, data of the outbox) to the office of `leg`."""
        type_, data = what
        return payload.encode(type_, now, self.data(known, leg, (type_, data), now))

    def data(self, known: Known, leg: str, what: tuple[str, Mapping[str, Any]], now: datetime) -> dict[str, Any]:
        """The data part of a message, by its type."""
        type_, more = what
        office = self._premises.deployment.bodies[known.legs[leg].office]
        to, planned = self.addressee(office, known.row.reference, leg), by_leg(known.case)[leg]
        dossier = self.dossier(known, supplied_files(known, leg))
        if type_ == "leg.filed":
            schedule = due.schedule(known.case, self._premises.calendar, now)
            to = replace(to, gives=gives(planned, self._editions.stored_catalog(known.row.edition)))
            return payload.filed(dossier, planned, schedule.legs.get(leg), to)
        if type_ == "leg.supplemented":
            return payload.supplemented(dossier, planned, more, to)
        if type_ == "leg.material_added":
            return payload.material_added(dossier, planned, more, to)
        return payload.plain(dossier, planned, more)

    def files_for(self, known: Known, office: str) -> set[str]:
        """The ids of the files of a case that an office may open: those its own legs ask, and answers to its asks."""
        later = {file for leg in known.case.legs for file in supplied_files(known, leg)}
        dossier, body = self.dossier(known, later), self._premises.deployment.bodies[office]
        told: set[str] = set()
        for number, leg in by_leg(known.case).items():
            if known.legs[number].office == office:
                entries = payload.materials(dossier, leg, self.addressee(body, known.row.reference, number))
                told |= {file["url"].rsplit("/", 1)[1] for entry in entries for file in entry["files"]}
                told |= supplied_files(known, number)
        return told


def gives(leg: PlannedLeg, catalog: Catalog) -> dict[str, Any]:
    """What a grant of `leg` brings, by code with the names of the case's edition."""
    return {
        "materials": [{"material": code, "name": str(catalog.materials[code].name)} for code in leg.gives.materials],
        "fields": [{"field": code, "name": str(catalog.fields[code].name), "type": catalog.fields[code].type}
                   for code in leg.gives.fields],
    }


def supplied_files(known: Known, leg: str) -> set[str]:
    """The files with which the applicant answered the asks of a leg."""
    return {file for names in payload.brought_later(known.case.legs[leg]).values() for file in names}
