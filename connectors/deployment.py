"""The deployment file (YJS_DEPARTMENTS): which offices there are, how each is reached, and with which secrets.

One entry for each body::

    hosts:
      gas: https://gas.example.gov.cn            # or `env:GAS_URL`, or `env:GAS_URL else https://…`
    defaults: {connector: rest, deadline: 10}
    bodies:
      gas-company: {department: gas-utility, name: 燃气公司, host: gas, path: /push,
                    secrets: ["file:gas.secret", "env:GAS_OLD_SECRET"], tokens: ["file:gas.token"]}

Secrets are references, never values: `file:PATH` (relative to YJS_SECRETS, else to this file's folder) or `env:NAME`.
Every fault is listed with file and line; a body with a fault is left out.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from connectors.base import Body, Registry
from connectors.endpoint import Around, Level, merged
from connectors.entry import NAMELESS, Entry, Served
from connectors.lined_yaml import BadYaml, Lined, read_lined

EVERYWHERE = ""


@dataclass(frozen=True, slots=True, order=True)
class DeploymentProblem:
    """One thing wrong with the deployment file, or with that of the sources: where, a stable code, a Chinese sentence
    that says what to write.

    `level` is `error` (the portal does not start with it) or `warning` (shown, not refused).
    """

    file: str
    line: int
    code: str
    message: str
    level: Level = "error"

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.message}"


@dataclass(frozen=True, slots=True)
class Listed:
    """An entry as it stands in the file, even if faults make it unusable: for what it is, its address (empty: none that
    can be read) and the references of its secrets and tokens."""

    id: str
    serves: Served
    address: str = ""
    references: tuple[str, ...] = ()

    @property
    def line(self) -> int:
        """Where the kinds are named."""
        return self.serves.line

    @property
    def places(self) -> Iterator[tuple[str, str, str]]:
        """Each kind with the region, and with each matter of which alone it is (else "")."""
        matters = sorted(self.serves.matters) or [""]
        return ((kind, self.serves.region, matter) for kind in self.serves.kinds for matter in matters)


@dataclass(frozen=True)
class Deployment:
    """Every usable body by its id, what is wrong with the file, and every entry as it stands there."""

    bodies: Mapping[str, Body] = field(default_factory=dict)
    problems: tuple[DeploymentProblem, ...] = ()
    listed: tuple[Listed, ...] = ()

    @property
    def errors(self) -> tuple[DeploymentProblem, ...]:
        """The problems for which the file is refused."""
        return tuple(problem for problem in self.problems if problem.level == "error")

    def served(self, matter: str = "") -> dict[str, set[str]]:
        """The regions for which each kind of department has an entry that takes new legs of `matter` (without it: of
        all its matters); `""` stands for everywhere. One that is faulty counts: its faults are said, and that its
        matters would go nowhere follows from them."""
        found: dict[str, set[str]] = {}
        for one in filter(self._takes_new, self.listed):
            for kind, region, alone in one.places:
                if alone in ("", matter):
                    found.setdefault(kind, set()).add(region or EVERYWHERE)
        return found

    @cached_property
    def taken_over(self) -> Mapping[str, str]:
        """The bodies that stand for more than one kind of department (行政审批局), by office: what tells one body from
        another, its credit code where that is written. Several entries with one such code are one body, each way in
        which it is reached by itself."""
        kinds: dict[str, set[str]] = {}
        for body in self.bodies.values():
            kinds.setdefault(body.uscc or body.id, set()).update(body.kinds)
        return {body.id: one for body in self.bodies.values() if len(kinds[one := body.uscc or body.id]) > 1}

    def _takes_new(self, listed: Listed) -> bool:
        return listed.id not in self.bodies or self.bodies[listed.id].takes_new

    def body_for(self, department: str, region: str | None, parent: Callable[[str], str | None],
                 matter: str = "") -> Body | None:
        """The body of that kind that takes new legs of `matter` and is nearest to `region` upward (`parent` gives the
        region above), else the one that serves everywhere; without a region the only one of its kind. Of two in one
        place it is the one that names the matter. None: nobody does this here."""
        able = [body for body in self.bodies.values() if body.takes_new and body.does(department, matter)]
        mine = {body.region or EVERYWHERE: body for body in sorted(able, key=lambda body: bool(body.matters))}
        if region is None and len(mine) == 1:
            return next(iter(mine.values()))
        passed: set[str] = set()
        while region and region not in passed:
            if region in mine:
                return mine[region]
            passed.add(region)
            region = parent(region)
        return mine.get(EVERYWHERE)

    def body_of_token(self, token: str) -> Body | None:
        """The body whose system may use this bearer token; every token is compared, in constant time."""
        found = None
        for body in self.bodies.values():
            for known in body.tokens:
                if hmac.compare_digest(known.encode(), token.encode()):
                    found = body
        return found


def read_deployment(path: Path, environ: Mapping[str, str], registry: Registry) -> Deployment:
    """Read the file; never raises for what an operator wrote, every fault is in `problems`."""
    try:
        top = read_lined(path)
    except BadYaml as error:
        return Deployment(problems=(DeploymentProblem(path.name, error.line, "unreadable", str(error)),))
    return _Reader(path, environ, registry).read(top)


class ListReader:
    """Reads one list of a deployment, of offices or of sources: hosts, defaults, and an entry for each under the last
    of its `sections`; collects problems."""

    sections: tuple[str, ...] = ()
    empty = ""

    def __init__(self, path: Path, environ: Mapping[str, str]) -> None:
        self.file, self.environ = path.name, environ
        self.folder = Path(environ.get("YJS_SECRETS") or path.parent)
        self.problems: list[DeploymentProblem] = []

    def wrong(self, line: int, code: str, message: str, level: Level = "error") -> None:
        """Note one thing that is wrong."""
        self.problems.append(DeploymentProblem(self.file, line, code, message, level))

    def parts(self, top: Lined) -> tuple[Lined, Lined, Lined | None]:
        """The hosts, the defaults and the entries; None where there is no entry, which is said."""
        found = top.value if isinstance(top.value, dict) else {}
        for name in found.keys() - self.sections:
            self.wrong(top.lines[name], "unknown_key", f"不认识 {name}；这里只能写 {'、'.join(self.sections)}")
        none = Lined({}, top.line)
        hosts, defaults, listed = (found.get(key, none) for key in self.sections)
        if isinstance(listed.value, dict) and listed.value:
            return hosts, defaults, listed
        self.wrong(top.line, f"no_{self.sections[-1]}", f"没有写 {self.sections[-1]}；{self.empty}")
        return hosts, defaults, None


class _Reader(ListReader):
    """Reads a list of departments."""

    sections, empty = ("hosts", "defaults", "bodies"), "请为每个部门的每个单位写一段"

    def __init__(self, path: Path, environ: Mapping[str, str], registry: Registry) -> None:
        super().__init__(path, environ)
        self.registry = registry
        self.listed: list[Listed] = []

    def read(self, top: Lined) -> Deployment:
        hosts, defaults, listed = self.parts(top)
        if listed is None:
            return Deployment(problems=tuple(sorted(self.problems)))
        around = Around(hosts, self.environ, self.folder, self.registry)
        bodies: dict[str, Body] = {}
        for name, given in listed.value.items():
            entry = Entry(name, merged(defaults, given), listed.lines[name], around)
            body = self.body(entry)
            if body is not None:
                bodies[name] = body
        self.twice([one for one in self.listed if one.id not in bodies or bodies[one.id].takes_new], listed.lines)
        made = Deployment(bodies, listed=tuple(self.listed))
        self.called(made, listed.lines)
        return replace(made, problems=tuple(sorted(set(self.problems))))

    def body(self, entry: Entry) -> Body | None:
        """The body of an entry, noted as listed whether or not it can be used."""
        body = entry.body()
        for fault in entry.faults:
            self.wrong(fault.line, fault.code, f"{entry.name}：{fault}", fault.level)
        if (serves := entry.place()).kinds:
            self.listed.append(Listed(entry.name, serves, entry.address, entry.references))
        return body

    def twice(self, taking_new: Iterable[Listed], lines: Mapping[str, int]) -> None:
        """Two that would both get the new legs of one place."""
        seen: dict[tuple[str, str, str], str] = {}
        for one in taking_new:
            found = [(kind, other) for kind, region, matter in one.places
                     if (other := seen.setdefault((kind, region, matter), one.id)) != one.id]
            for other in dict.fromkeys(other for _, other in found):
                kinds = "、".join(dict.fromkeys(kind for kind, at in found if at == other))
                among = f"（{kinds}）" if len(one.serves.kinds) > 1 else ""
                says = (f"{one.id} 与 {other} 是同一类部门{among}、同一地区，无法决定送给谁；"
                        "只承办一部分事项的用 matters 列出")
                self.wrong(lines[one.id], "same_place", says)

    def called(self, made: Deployment, lines: Mapping[str, int]) -> None:
        """Entries of one credit code are one body, which has one name; by that people find it where it stands for
        several kinds."""
        seen: dict[str, Body] = {}
        for body in made.bodies.values():
            first = seen.setdefault(body.uscc or body.id, body)
            if not body.name and body.id in made.taken_over:
                self.wrong(lines[body.id], "no_name", f"{body.id}：{NAMELESS}")
            elif first.name != body.name:
                says = (f"{body.id} 与 {first.id} 的统一社会信用代码相同，是同一个单位，name 却不同；"
                        "请写成同一个名称，或改正其中一个代码")
                self.wrong(lines[body.id], "two_names", says, "warning")
