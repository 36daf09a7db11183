"""What is wrong with the list of departments, for the start and for `flask check`: the same, in one stream."""

from __future__ import annotations

from dataclasses import replace

from catalog.check import check_departments, check_kinds, check_offered
from catalog.model import Catalog
from catalog.text import Place, Problem
from connectors.deployment import Deployment
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
    kinds = check_kinds(catalog, [(one.kind, at(one.line)) for one in deployment.listed])
    kinds += check_offered(catalog, Place("YJS_OFFER", 1))
    return sorted([*own, *kinds, *check_departments(catalog, deployment.served())])
