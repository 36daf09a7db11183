"""The edition in force of every bundle, plans composed with it, and what changed between two editions."""

from __future__ import annotations

import hashlib
import json
import threading
from collections import OrderedDict
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from datetime import date, datetime
from functools import cache, cached_property, lru_cache
from typing import Any

import orjson

from catalog import canonical, edition
from catalog.dictionary import Spec
from catalog.model import Catalog
from catalog.reading import looked_up_in
from catalog.worded import worded
from desk.applicants.consents import Scope, scope_of
from desk.bodies import at_place, body_of
from desk.errors import NobodyThere, UnknownBundle
from desk.premises import Premises
from forms.answers import ground_of
from forms.compose import Arranged, arrange
from forms.papers.lines import at_once
from forms.papers.look_ups import MANDATED
from forms.papers.materials import papers_of
from forms.plan import Plan, PlannedLeg
from forms.values import Surroundings
from store import editions, failpoints
from store.port import Tx

REMEMBERED_PLANS = 64  # of the largest shipped bundle about 0.4 MB each with its text
REMEMBERED_LINES = 20_000  # of all of them: 200 vehicles make a plan of 4,600, and whoever likes can ask for such ones


class Composed:
    """A plan, and what only filing needs of it, each worked out at its first use: its canonical text and hash, as they
    are stored, what consent is asked for, how each paper must look, and the office of every leg.

    `question` is the situation it was composed for, under which it is remembered.
    """

    def __init__(self, question: str, arranged: Arranged, plan: Plan, premises: Premises,
                 plain: Composed | None = None) -> None:
        self.question, self.arranged, self.plan, self._plain = question, arranged, plan, plain
        self._premises = premises
        self.openings: dict[date, object] = {}  # how a case begins, by the day: kept by `applicants.openings`
        # Whether it was stored, and that is durable: no edition is deleted, and a plan only long after its day.
        self.kept = False

    @property
    def plain(self) -> Composed:
        """The plan before any look-up; not kept here, for what holds itself is not gone when it is forgotten."""
        return self._plain or self

    @cached_property
    def body(self) -> bytes:
        """The canonical JSON of the plan."""
        return canonical.dumps(self.plan)

    @cached_property
    def hash(self) -> str:
        """The SHA-256 of the body, in hex."""
        return hashlib.sha256(self.body).hexdigest()

    @cached_property
    def lines(self) -> int:
        """How many lines it has, which is what it takes of the memory."""
        plan = self.plan
        return sum(map(len, (plan.legs, plan.edges, plan.fields, plan.removed_fields, plan.materials,
                             plan.removed_materials, plan.slots, plan.problems)))

    @cached_property
    def scope(self) -> Scope:
        """What filing does with somebody's data: look-ups that are made are part of it, whatever they found."""
        return scope_of(self.plan) if self.plain is self else self.plain.scope

    @cached_property
    def specs(self) -> Mapping[str, Spec]:
        """How the files of each paper that is brought must look."""
        return {line.key: line.spec for line in self.plan.materials}

    @cached_property
    def offices(self) -> Mapping[str, str]:
        """The office of every leg, by its id in the deployment; `NobodyThere` where a place has none."""
        return {leg.leg: self._office(leg) for leg in self.plan.legs}

    def _office(self, leg: PlannedLeg) -> str:
        office = body_of(leg, self._premises.deployment, self._premises.catalog)
        if office is None:
            raise NobodyThere(f"“{leg.name}”所在区划还没有对接{leg.department_name}；请到当地政务大厅窗口办理。",
                              more={"matter": leg.matter, "region": leg.region})
        return office.id


class Editions:
    """The editions in force and the plans composed with them; old ones are read back from the store. `off` are the
    sources that the definitions count on and this place has not connected, whose papers its plans let be brought."""

    def __init__(self, premises: Premises) -> None:
        self._premises = premises
        self._of = cache(self._compute)
        self._stored_plan = lru_cache(maxsize=512)(self._read_plan)
        self._stored_catalog = lru_cache(maxsize=16)(self._read_catalog)
        self._with_todays = lru_cache(maxsize=16)(self._beside_todays)
        self._composed: OrderedDict[str, Composed] = OrderedDict()
        self._guard = threading.Lock()
        # For as long as the process lives: so are the definitions and the sources.
        self.off = frozenset(one for one in looked_up_in(premises.catalog) if not premises.sources.connected(*one))

    def _compute(self, bundle: str) -> edition.Edition:
        return edition.edition_of(self._premises.catalog, bundle)

    def of(self, bundle: str) -> edition.Edition:
        """The edition in force of `bundle`; `UnknownBundle` if there is none."""
        if bundle not in self._premises.catalog.bundles:
            raise UnknownBundle
        return self._of(bundle)

    def compose(self, bundle: str, situation: Mapping[str, Any], now: datetime, *,
                form: Mapping[str, Any] | None = None) -> Composed:
        """Compose `bundle` for a situation on the day of `now`; the same question has the same answer, kept a while.

        Of the form only what can change a plan is part of the question.
        """
        hash_, today = self.of(bundle).hash, now.astimezone(self._premises.zone).date()
        catalog = self._premises.catalog
        deciding = ground_of(catalog, catalog.bundles[bundle]).deciding
        told = None if form is None else deciding.told_apart(form, situation, Surroundings(catalog.regions, today))
        question = f"{hash_} {today} {_written(situation)} {told!r}"

        def make() -> Composed:
            arranged = arrange(catalog, bundle, situation, today=today, form=form, off=self.off)
            return self._planned(question, arranged, {}, hash_)

        return self._remembered(question, make)

    def _planned(self, question: str, arranged: Arranged, found: Mapping[str, str], hash_: str,
                 plain: Composed | None = None) -> Composed:
        """The plan as it is carried out here."""
        plan = at_place(arranged.plan(found, hash_), self._premises.deployment, self._premises.catalog)
        return Composed(question, arranged, plan, self._premises, plain)

    def settled(self, plain: Composed, found: Mapping[str, str]) -> Composed:
        """The same once look-ups came to what is `found`."""
        question = f"{plain.question} {_written(found)}"
        return self._remembered(question, lambda: self._planned(
            question, plain.arranged, found, plain.plan.edition, plain))

    def without(self, plain: Composed, others: Mapping[str, str], own: Collection[str] = ()) -> Composed:
        """The same where these papers are not looked up, whatever was found, each for its reason of `NOT_ASKED`; and
        where whoever files is in the `own` roles."""
        arranged = plain.arranged.without(others, own)
        question = f"{plain.question} without {sorted(arranged.others.items())} {sorted(own)}"

        def make() -> Composed:
            return self._planned(question, arranged, {}, plain.plan.edition)

        return self._remembered(question, make)

    def mandated(self, whole: Composed, found: Mapping[str, str] | None = None) -> Composed:
        """The same for an agent whose mandate stands for papers, beside what look-ups came to; whose it is does not
        matter, and is no part of what is remembered."""
        papers = stood_for(whole.plan, self._premises.catalog)
        return self.settled(whole.plain, {**(found or {}), **dict.fromkeys(papers, MANDATED)}) if papers else whole

    def at_once(self, whole: Composed) -> Composed:
        """The same, so far as everything else is settled, for somebody whose papers may not follow later."""
        question = f"{whole.question} at once"
        return self._remembered(question, lambda: Composed(
            question, whole.arranged, at_once(whole.plan), self._premises, whole.plain))

    def _remembered(self, question: str, make: Callable[[], Composed]) -> Composed:
        with self._guard:
            if (kept := self._composed.get(question)) is not None:
                self._composed.move_to_end(question)
                return kept
        made = make()
        with self._guard:
            self._composed[question] = made
            while len(self._composed) > 1 and self._too_many():
                self._composed.popitem(last=False)
        return made

    def _too_many(self) -> bool:
        lines = sum(one.lines for one in self._composed.values())
        return len(self._composed) > REMEMBERED_PLANS or lines > REMEMBERED_LINES

    def keep(self, tx: Tx, bundle: str, composed: Composed, now: datetime) -> None:
        """Store the edition in force and a composed plan, unless they are there."""
        if composed.kept:
            return
        current = self.of(bundle)
        has_edition, has_plan = editions.stored(tx, current.hash, composed.hash)
        if not has_edition:
            editions.keep(tx, editions.Edition(hash=current.hash, bundle=bundle, body=current.body.decode(),
                                               language=str(current.language), kept_at=now))
            failpoints.reach("publish.mid")
        if not has_plan:
            editions.keep_plan(tx, composed.hash, composed.body.decode())

    def stored_plan(self, hash_: str) -> Plan:
        """A plan that a filing stored, by its hash; read once, then remembered."""
        return self._stored_plan(hash_)

    def _read_plan(self, hash_: str) -> Plan:
        with self._premises.database.read() as tx:
            return canonical.loads(editions.plan(tx, hash_).encode(), Plan)

    def stored_catalog(self, hash_: str) -> Catalog:
        """The definitions of a stored edition; read once, then remembered."""
        return self._stored_catalog(hash_)

    def definitions(self, bundle: str, hash_: str) -> Catalog:
        """What holds for a case that was filed under an edition: its definitions in the words of its bundle, and beside
        them what only today's dictionary knows, since a department may name any paper or field of that."""
        today = self._premises.catalog
        in_force = bundle in today.bundles and self._of(bundle).hash == hash_
        return ground_of(today, today.bundles[bundle]).catalog if in_force else self._with_todays(hash_)

    def _beside_todays(self, hash_: str) -> Catalog:
        pinned, today = self.stored_catalog(hash_), self._premises.catalog
        bundle, = pinned.bundles.values()
        pinned = worded(pinned, bundle)
        return replace(pinned, fields={**today.fields, **pinned.fields},
                       materials={**today.materials, **pinned.materials}, regions=pinned.regions or today.regions)

    def _read_catalog(self, hash_: str) -> Catalog:
        with self._premises.database.read() as tx:
            return edition.open_edition(editions.get(tx, hash_).body.encode())


def _written(answers: Mapping[str, Any]) -> str:
    """Answers as one text, whatever their order; equal texts are equal answers of equal types."""
    try:
        return orjson.dumps(answers, repr, _TOLD_APART).decode()
    except TypeError:
        return json.dumps(answers, ensure_ascii=False, sort_keys=True, default=repr)


_TOLD_APART = orjson.OPT_SORT_KEYS | orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_DATACLASS


def stood_for(plan: Plan, catalog: Catalog) -> list[str]:
    """The papers of a plan for which a mandate given online may stand; of a list the kinds of which it is one."""
    return [key for line in plan.materials for kind, _, key in papers_of(line) if any(
        source.kind == "mandate" for source in catalog.materials[kind].sources)]


def difference(old: Plan, new: Plan) -> dict[str, list[str]]:
    """What two plans of the same situation ask differently, as Chinese names by kind of change."""
    changes = {
        "matters_added": _names(new.legs, "matter") - _names(old.legs, "matter"),
        "matters_gone": _names(old.legs, "matter") - _names(new.legs, "matter"),
        "fields_added": _names(new.fields, "code") - _names(old.fields, "code"),
        "fields_gone": _names(old.fields, "code") - _names(new.fields, "code"),
        "materials_added": _names(new.materials, "key") - _names(old.materials, "key"),
        "materials_gone": _names(old.materials, "key") - _names(new.materials, "key"),
    }
    return {kind: sorted(name for _, name in lines) for kind, lines in changes.items() if lines}


def _names(lines: tuple[Any, ...], identity: str) -> set[tuple[str, str]]:
    return {(getattr(line, identity), str(line.name)) for line in lines}
