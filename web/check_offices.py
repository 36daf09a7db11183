"""What is wrong with the list of departments, for the start and for `flask check`: the same, in one stream."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from catalog.check import check_departments, check_kinds, check_offered
from catalog.model import Catalog
from catalog.suggest import unknown
from catalog.text import Place, Problem
from connectors.base import Body
from connectors.deployment import Deployment, Listed
from connectors.matter_codes import BASIC, codes_at
from settings.values import Settings


def check_offices(settings: Settings, catalog: Catalog, deployment: Deployment) -> list[Problem]:
    """Everything wrong with the list of departments, by itself and beside the definitions that this place offers.

    It is called as the setting names it: the definitions have a `departments.yaml` of their own.
    """
    def at(line: int) -> Place:
        return Place(str(settings.departments), line)

    catalog = replace(catalog, offered=settings.offered)
    own = [Problem(at(one.line), one.code, one.message, one.level) for one in deployment.problems]
    if not deployment.listed or not catalog.departments:  # of no definitions all that need be said is that
        return own
    kinds = check_kinds(catalog, [(kind, at(one.line)) for one in deployment.listed for kind in one.serves.kinds])
    kinds += check_offered(catalog, Place("YJS_OFFER", 1))
    matters = [problem for one in deployment.listed for problem in _matters(one, deployment, catalog, at(one.line))]
    alone = {matter: deployment.served(matter).get(known.department, set()) for one in deployment.listed
             for matter in one.serves.matters if (known := catalog.matters.get(matter))}
    return sorted([*own, *kinds, *matters, *check_departments(catalog, deployment.served(), alone)])


def _matters(listed: Listed, deployment: Deployment, catalog: Catalog, at: Place) -> Iterator[Problem]:
    """What is wrong with the matters that an entry names, of which alone it is or whose codes it has."""
    serves, body = listed.serves, deployment.bodies.get(listed.id)
    for matter in sorted(serves.matters | (body.codes.keys() if body else frozenset())):
        yield from _matter(matter, listed, body, catalog, at)
    known = {catalog.matters[one].department for one in serves.matters & catalog.matters.keys()}
    for kind in [kind for kind in serves.kinds if kind not in known] if serves.matters else ():
        yield Problem(at, "no_matter", f"{listed.id}：matters 里没有一个事项属于 {kind}；"
                      f"请列出它的事项，或从 department 中删去 {kind}")


def _matter(matter: str, listed: Listed, body: Body | None, catalog: Catalog, at: Place) -> Iterator[Problem]:
    known = catalog.matters.get(matter)
    if known is None:
        yield Problem(at, "unknown_matter", f"{listed.id}：没有事项 {matter}{unknown(matter, catalog.matters)}")
    elif known.department not in listed.serves.kinds:
        yield Problem(at, "others_matter", f"{listed.id}：事项 {matter} 属于 {known.department}，这个单位没有承办；"
                      f"请把 {known.department} 加进 department，或删去 {matter}")
    elif body and (wrong := _code(body, matter, known.code)):
        yield Problem(at, "other_code", f"{listed.id}：{wrong}", "warning")


def _code(body: Body, matter: str, basic: str) -> str:
    """What is odd about the code that an entry has for a matter of its own; empty if nothing is."""
    own, codes = body.codes.get(matter, ""), codes_at(body, matter, basic)
    if not own:
        return ""
    if codes.implementation is None:
        lacks = "uscc、level" if basic else "事项的基本编码"
        return f"codes 里 {matter} 只写了 2 位，缺少{lacks}，算不出业务办理项编码；请补上，或写全 33 位"
    if basic and not codes.implementation.endswith(basic):
        return f"codes 里 {matter} 的基本编码是 {codes.implementation[-BASIC:]}，定义里是 {basic}；请核对是否写错了一处"
    return ""
