"""Says, all at once and with file and line, what is wrong with a catalog that could be read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from datetime import date

from catalog.bundle import Entry
from catalog.checks.asks import check_asks
from catalog.checks.bundles import check_bundle, known_matters
from catalog.checks.dictionary import check_days, check_dictionary, check_unused
from catalog.checks.edges import check_edges
from catalog.checks.languages import check_languages
from catalog.checks.matters import check_matters
from catalog.checks.names import check_names
from catalog.checks.pledges import check_pledges
from catalog.checks.sources import check_sources
from catalog.checks.specs import check_specs
from catalog.findings import Findings
from catalog.model import Catalog
from catalog.suggest import SHOWN_NAMES, nearest
from catalog.text import Place, Problem

NOWHERE: Mapping[str, Set[str]] = {}


def check(catalog: Catalog, today: date | None = None) -> tuple[Problem, ...]:
    """Everything that can be said without composing; sorted by file and line, each sentence once.

    With `today` also what is out of date.
    """
    findings = Findings(catalog)
    check_dictionary(findings)
    check_unused(findings)
    check_matters(findings)
    check_asks(findings)
    check_names(findings)
    for bundle in catalog.bundles.values():
        check_bundle(findings, bundle)
        check_sources(findings, bundle)
        check_edges(findings, bundle)
        check_specs(findings, bundle)
        check_languages(findings, bundle)
        check_pledges(findings, bundle.id, (matter for _, matter in known_matters(catalog, bundle)))
    if today is not None:
        check_days(findings, today)
    return tuple(sorted(set(findings.found)))


def check_departments(catalog: Catalog, served: Mapping[str, Set[str]],
                      alone: Mapping[str, Set[str]] = NOWHERE) -> tuple[Problem, ...]:
    """Matters whose department kind has no body with a connector in the deployment, by region.

    `served` maps department kinds to the codes of the regions they have a body for, "" meaning everywhere; a body
    serves its region and all below it. `alone` has the same by matter, of bodies that take a few matters only. A matter
    with a `region` of its own must be served in every region that field may name; every other one in the smallest
    regions that the deployment speaks of.
    """
    findings = Findings(catalog)
    home = _smallest(catalog, {code for there in (served, alone) for codes in there.values() for code in codes if code})
    asked: dict[str, dict[str, Set[str]]] = {}
    for bundle in catalog.on_offer:
        for entry, matter in known_matters(catalog, bundle):
            if matter.department in catalog.departments:
                there = asked.setdefault(matter.department, {})
                there[matter.id] = there.get(matter.id, frozenset()) | (_offered(catalog, entry) or home)
    for kind, matters in asked.items():
        _served(findings, kind, matters, {
            matter: served.get(kind, frozenset()) | alone.get(matter, frozenset()) for matter in matters})
    return tuple(sorted(set(findings.found)))


def check_offered(catalog: Catalog, place: Place) -> tuple[Problem, ...]:
    """Bundles that this place is said to offer, at `place`, and the definitions do not know."""
    return tuple(Problem(place, "unknown_bundle", f"没有一件事 {one}{_meant(one, catalog.bundles)}")
                 for one in sorted((catalog.offered or frozenset()) - {*catalog.bundles}))


def check_kinds(catalog: Catalog, named: Iterable[tuple[str, Place]]) -> tuple[Problem, ...]:
    """Kinds of department that the deployment names and the definitions do not know: nothing would ever reach them."""
    return tuple(
        Problem(place, "unknown_department", f"没有 {kind} 这类部门{_meant(kind, catalog.departments)}")
        for kind, place in named if kind not in catalog.departments)


def _meant(name: str, known: Iterable[str]) -> str:
    near = nearest(name, known)
    return f"；是不是 {near}？" if near else f"；可用：{'、'.join(sorted(known))}"


def _offered(catalog: Catalog, entry: Entry) -> frozenset[str]:
    """The regions an entry may be sent to by its own region field; empty where the case's region counts."""
    name = entry.each if entry.region == "each" else entry.region
    known = catalog.fields.get(name or "")
    if known is None or known.level is None:
        return frozenset()
    return frozenset(code for code, region in catalog.regions.items() if region.level == known.level)


def _smallest(catalog: Catalog, regions: Set[str]) -> frozenset[str]:
    above = {one for code in regions for one in _upward(catalog, code)[1:]}
    small = frozenset(code for code in regions - above if not _is_wide(catalog, code))
    return small or frozenset(regions)


def _is_wide(catalog: Catalog, code: str) -> bool:
    return code in catalog.regions and catalog.regions[code].level in {"nation", "province"}


def _upward(catalog: Catalog, code: str) -> list[str]:
    """A region and all above it."""
    found: list[str] = []
    here: str | None = code
    while here and here not in found:
        found.append(here)
        here = catalog.regions[here].parent if here in catalog.regions else None
    return found


def _served(findings: Findings, kind: str, matters: Mapping[str, Set[str]], served: Mapping[str, Set[str]]) -> None:
    """One sentence for the matters of a kind of department to which nothing leads; and one for all regions of matters
    that lack the same ones."""
    if nowhere := [matter for matter in matters if not served[matter]]:
        _unserved(findings, kind, "", nowhere)
    lacking: dict[tuple[str, ...], list[str]] = {}
    for matter, regions in matters.items():
        missing = tuple(code for code in sorted(regions if served[matter] else ())
                        if not served[matter] & {"", *_upward(findings.catalog, code)})
        lacking.setdefault(missing, []).append(matter)
    for missing, those in lacking.items():
        if missing:
            _unserved(findings, kind, f"在区划 {'、'.join(missing)} ", those)


def _unserved(findings: Findings, kind: str, where: str, matters: Iterable[str]) -> None:
    by_place = sorted((findings.place(("matters", matter, "department")), matter) for matter in matters)
    named = "、".join(f"{_stem(place.file)}:{place.line}" for place, _ in by_place[:SHOWN_NAMES])
    more = f" 等 {len(by_place)} 个事项" if len(by_place) > SHOWN_NAMES else ""
    all_of_them = f"（{named}{more}）" if len(by_place) > 1 else ""
    says = f"部门 {kind} {where}没有配置对接方式{all_of_them}，事项无法送达；请在部门接入清单中补上"
    findings.say(("matters", by_place[0][1], "department"), "no_connector", says)


def _stem(file: str) -> str:
    return file.rpartition("/")[2].removesuffix(".yaml")
