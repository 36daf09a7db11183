"""Composes synthetic bundles of 250, 500 and 1,000 matters (× 20 fields × 10 materials) and prints how long it takes.

Run as `python bench/compose.py` from the top of the repository. Figures: CPU seconds (best of several, without garbage
collection), and t(2n)/t(n).
"""

from __future__ import annotations

import gc
import sys
from datetime import date
from pathlib import Path
from time import process_time

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from catalog.bundle import Bundle, Edge, Entry, Group, Question
from catalog.conditions import parse_condition, resolve
from catalog.dictionary import Department, Field, Material, Option, Role, Section, Source, Spec
from catalog.limits import Limit
from catalog.matter import Asks, FieldAsk, Gives, LimitRow, MaterialAsk, Matter
from catalog.model import Catalog
from catalog.text import Text
from forms.compose import compose
from forms.plan import Plan

SIZES = (250, 500, 1000)
FIELDS, MATERIALS, REPEATS = 20, 10, 9
BODIES, OPTIONS, CHAIN = 20, 10, 5


def synthetic(size: int) -> Catalog:
    """A catalog with one bundle of `size` matters: shared fields and papers, chains of five that feed papers."""
    fields = {
        f"f{i}": Field(f"f{i}", Text(f"字段{i}"), "text", f"s{i % 9}", max_length=50) for i in range(FIELDS * size // 4)
    }
    materials = {f"m{i}": _material(i) for i in range(MATERIALS * size // 3)} | {
        f"r{i}": Material(f"r{i}", Text(f"结果{i}"), sources=(Source("self"),)) for i in range(size)
    }
    matters = {f"matter-{i}": _matter(i, len(fields), MATERIALS * size // 3) for i in range(size)}
    return Catalog(
        departments={f"d{i}": Department(f"d{i}", Text(f"部门{i}")) for i in range(BODIES)},
        sections={f"s{i}": Section(f"s{i}", Text(f"第{i}页")) for i in range(9)},
        fields=fields, materials=materials, matters=matters,
        roles={"holder": Role("holder", Text("申请人"), "f0", "f1")},
        bundles={"synthetic": _bundle(size)},
    )


def _material(number: int) -> Material:
    sources = (Source("licence", f"l{number}", "holder"), Source("sharing", f"s{number}", by=("f0",)), Source("self"))
    proves = (f"m{number - 1}",) if number % 10 == 9 else ()
    spec = Spec(max_mb=10 + number % 7)
    return Material(f"m{number}", Text(f"材料{number}"), sources=(sources[number % 3],), proves=proves, spec=spec)


def _matter(number: int, fields: int, materials: int) -> Matter:
    asked = tuple(FieldAsk(f"f{(number * 3 + i * i) % fields}", max_length=20 + i) for i in range(FIELDS))
    papers = tuple(MaterialAsk(f"m{(number * 5 + i * i) % materials}") for i in range(MATERIALS - 1))
    fed = (MaterialAsk(f"r{number - 1}"),) if number % CHAIN else ()
    promised, before = Limit(1 + number % 4, "wd"), Limit(5 + number % 6, "wd")
    limits = (LimitRow(statutory=Limit(20, "wd"), promised=promised, before=before),)
    return Matter(
        f"matter-{number}", Text(f"事项{number}"), f"d{number % BODIES}", limits, asks=Asks(_once(asked), papers + fed),
        gives=Gives((f"r{number}",)), visits=(2, 0), steps=(5, 2),
    )


def _once(asks: tuple[FieldAsk, ...]) -> tuple[FieldAsk, ...]:
    return tuple({ask.code: ask for ask in asks}.values())


def _bundle(size: int) -> Bundle:
    options = tuple(Option(f"o{i}", Text(f"选项{i}")) for i in range(OPTIONS))
    codes = frozenset(option.code for option in options)

    def entry(number: int) -> Entry:
        when = resolve(parse_condition(f"o{number % OPTIONS} in wants and area > 0"), lambda _: codes)
        before = f"matter-{number - 1}"
        after = (Edge(before, feeds=(f"r{number - 1}",)),) if number % CHAIN else ()
        return Entry(f"matter-{number}", f"{number:04d}", when, after=after)

    questions = (Question("wants", Text("需要什么？"), "many", options), Question("area", Text("面积？"), "number"))
    groups = tuple(
        Group(f"g{i}", "any", tuple(f"matter-{i * 10 + j}" for j in range(10))) for i in range(size // 10)
    )
    return Bundle("synthetic", Text("合成一件事"), questions, tuple(entry(i) for i in range(size)), groups)


def measured(catalog: Catalog) -> tuple[float, Plan]:
    """One run, in seconds, and the plan."""
    answers = {"wants": [f"o{i}" for i in range(OPTIONS)], "area": 5}
    gc.collect()
    gc.disable()  # as timeit does: a full collection walks everything else that is loaded, too
    try:
        start = process_time()
        plan = compose(catalog, "synthetic", answers, today=date(2026, 3, 2))
        return process_time() - start, plan
    finally:
        gc.enable()


def main() -> None:
    """Measure every size in turn, so that a disturbed moment hits all, and print `name: value` lines."""
    catalogs = {size: synthetic(size) for size in SIZES}
    best = dict.fromkeys(SIZES, float("inf"))
    for _ in range(REPEATS):
        for size, catalog in catalogs.items():
            seconds, plan = measured(catalog)
            assert len(plan.legs) == size, plan.problems[:3]
            assert plan.figures.materials_before == size * (MATERIALS - 1) + size - size // CHAIN
            best[size] = min(best[size], seconds)
    for size, seconds in best.items():
        print(f"compose_{size}_matters_seconds: {seconds:.4f}")
    for size in SIZES[:-1]:
        print(f"compose_ratio_{2 * size}_to_{size}: {best[2 * size] / best[size]:.2f}")


if __name__ == "__main__":
    main()
