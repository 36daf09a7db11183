"""What a person is shown who must agree before somebody else files: who files what, what they say yes to, which of
their data is looked up and who gets what. The agreement is to the digest of all this, and to nothing else.

Pure: the same plan and answers make the same statements, whether a draft is shown, agreed to or filed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from catalog.dictionary import Region
from desk.applicants.consents import sensitive_lines
from desk.applicants.lookups import LOOKED_UP, tried
from desk.parties.persons import Person
from desk.repeats import digest_of
from forms.agreement import PlannedAgreement
from forms.papers.planned import MaterialLine, RemovedMaterial
from forms.plan import FieldLine, Plan
from forms.shown.told import answer_words, value_words

WHERE: Mapping[str, str] = {"licence": "电子证照库", "sharing": "部门数据共享", "premises": "场所预备案"}


@dataclass(frozen=True, slots=True)
class Shown:
    """One thing that the form says, in words."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class Asked:
    """A paper of this person that will be looked up, where, and which departments get it."""

    name: str
    where: str
    departments: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Receiver:
    """A department, what it does with it, and the names of the answers and papers about this person that it gets."""

    department: str
    matter: str
    answers: tuple[str, ...]
    papers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Statement:
    """All that one person is shown. `filer` fills in, `principal` is for whom, None where that is the same; `name` and
    `number` are what the form says of the person who is asked, `to` what that person says yes to."""

    bundle: str
    bundle_name: str
    filer: str
    principal: str | None
    role: str
    role_name: str
    name: str
    number: str
    to: tuple[str, ...]
    shown: tuple[Shown, ...]
    looked_up: tuple[Asked, ...]
    receivers: tuple[Receiver, ...]
    sensitive: tuple[str, ...]

    @property
    def digest(self) -> str:
        """Equal as long as the person would be shown the same."""
        return digest_of(self.kept())

    def kept(self) -> dict[str, Any]:
        """As it is answered, kept and digested."""
        return {
            "bundle": self.bundle, "bundle_name": self.bundle_name, "filer": self.filer, "principal": self.principal,
            "role": self.role, "role_name": self.role_name, "name": self.name, "number": self.number,
            "to": list(self.to), "shown": [{"name": one.name, "value": one.value} for one in self.shown],
            "looked_up": [{"name": one.name, "where": one.where, "departments": list(one.departments)}
                          for one in self.looked_up],
            "receivers": [{"department": one.department, "matter": one.matter, "answers": list(one.answers),
                           "papers": list(one.papers)} for one in self.receivers],
            "sensitive": list(self.sensitive)}


@dataclass(frozen=True, slots=True)
class Part:
    """What of a plan is about one person: codes of fields, keys of papers."""

    fields: frozenset[str]
    papers: frozenset[str]


def part_of(plan: Plan, asked: PlannedAgreement) -> Part:
    """What of a plan is about the person who is asked: what is shown to them, and papers of theirs."""
    papers = {line.key for line in plan.removed_materials if is_theirs(line, asked)}
    papers |= {line.key for line in plan.materials if line.role == asked.role}
    return Part(frozenset({asked.id, asked.shown, *asked.sees}), frozenset(papers))


def is_theirs(line: RemovedMaterial, asked: PlannedAgreement) -> bool:
    """Whether looking a paper up asks about the person who must agree: by their licence, or by their number."""
    return line.rule in LOOKED_UP and any(asked.is_asked_about(one.source, line.role) for one in tried(line))


def statements(plan: Plan, answers: Mapping[str, Any], filers: Sequence[Person],
               regions: Mapping[str, Region]) -> dict[str, Statement]:
    """What everybody else must agree to, by role; nobody who files it, and nobody whom the form does not name yet.
    `plan` is the one before any look-up; `filers` are whom it is for and who fills it in, once where that is one."""
    return {asked.role: _statement(plan, asked, answers, filers, regions) for asked in plan.agreements
            if answers.get(asked.id) and answers.get(asked.shown)
            and not any(one.is_called(str(answers[asked.id]), str(answers[asked.shown])) for one in filers)}


def _statement(plan: Plan, asked: PlannedAgreement, answers: Mapping[str, Any], filers: Sequence[Person],
               regions: Mapping[str, Region]) -> Statement:
    part = part_of(plan, asked)
    own = {line.code for line in sensitive_lines(plan)} & part.fields
    return Statement(
        plan.bundle, str(plan.bundle_name), filers[-1].name, filers[0].name if len(filers) > 1 else None,
        asked.role, str(asked.name), str(answers[asked.shown]), str(answers[asked.id]), tuple(map(str, asked.to)),
        tuple(_shown(plan, asked, answers, regions)), tuple(_looked_up(plan, asked)), tuple(_receivers(plan, part)),
        tuple(f"{line.name}（用于{line.purpose}）" if line.purpose else str(line.name)
              for line in sensitive_lines(plan) if line.code in own))


def _shown(plan: Plan, asked: PlannedAgreement, answers: Mapping[str, Any],
           regions: Mapping[str, Region]) -> Iterator[Shown]:
    """What the author wants seen, as far as it is asked and answered here."""
    lines = {line.code: line for line in plan.fields}
    questions = {one.id: one for one in plan.questions if one.state == "answered"}
    for code in asked.sees:
        if code in lines and (value := answers.get(code, lines[code].value)) not in (None, "", []):
            yield Shown(str(lines[code].name), value_words(lines[code], value, regions))
        elif code in questions and code not in lines:
            said = answer_words(questions[code], questions[code].value, regions)
            yield Shown(str(questions[code].ask), said or "都不选")


def _looked_up(plan: Plan, asked: PlannedAgreement) -> Iterator[Asked]:
    names = {leg.leg: str(leg.department_name) for leg in plan.legs}
    for line in plan.removed_materials:
        if is_theirs(line, asked):
            yield Asked(str(line.name), WHERE[line.rule], _each_once(names[leg] for leg in line.askers))


def _receivers(plan: Plan, part: Part) -> Iterator[Receiver]:
    lines: list[RemovedMaterial | MaterialLine] = [*plan.removed_materials, *plan.materials]
    theirs = [line for line in lines if line.key in part.papers]
    for leg in plan.legs:
        fields = (line for line in plan.fields if line.code in part.fields)
        answers = _each_once(str(line.name) for line in fields if _asks(line, leg.leg))
        papers = _each_once(str(line.name) for line in theirs if leg.leg in line.askers)
        if answers or papers:
            yield Receiver(str(leg.department_name), leg.title, answers, papers)


def _asks(line: FieldLine, leg: str) -> bool:
    return any(asker.leg == leg for asker in line.askers)


def _each_once(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))
