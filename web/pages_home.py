"""Home by life stage with a search by name, and one page for each bundle: what it is and what it saves."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from flask import render_template, request

from catalog.bundle import Bundle
from forms.plan import Figures
from web.pages_root import bp, bundle_of, figures_plan
from web.pages_words import called
from web.pictures.before_after import before_after, pairs
from web.pictures.map import drawn_map
from web.pictures.merge import merge
from web.pictures.stations import planned
from web.wiring import house

GUIDE = (
    ("who", "谁可以办"), ("what", "能办什么"), ("before_you_start", "开始前准备"), ("steps", "怎么办"),
    ("after_you_file", "提交以后"), ("text", "说明"), ("notes", "提示"), ("contact", "咨询"),
)


@dataclass(frozen=True, slots=True)
class Card:
    """A bundle on the home page."""

    bundle: Bundle
    matters: int
    figures: Figures


@bp.get("/")
def home() -> str:
    """Everything that can be filed, by life stage; `q` narrows it by name, summary or matter."""
    words = request.args.get("q", "").strip()[:50]
    found = [bundle for bundle in house().catalog.bundles.values() if matches(bundle, words)]
    stages: dict[str, list[Card]] = {}
    for bundle in found:
        plan = figures_plan(bundle)
        stages.setdefault(bundle.stage or "其他", []).append(Card(bundle, len(plan.legs), plan.figures))
    return render_template("home.html", stages=stages, words=words, count=len(found))


def matches(bundle: Bundle, words: str) -> bool:
    """Whether all words of a search occur in what the bundle says about itself."""
    catalog = house().catalog
    names = [str(catalog.matter_of(bundle, entry.matter).name) for entry in bundle.entries]
    said = " ".join([bundle.name, bundle.summary or "", bundle.stage, *names]).lower()
    return all(word in said for word in words.lower().split())


@bp.get("/bundles/<bundle>")
def bundle(bundle: str) -> str:
    """What a bundle is, who it is for, what to prepare, and its figures before and after."""
    found = bundle_of(bundle)
    plan = figures_plan(found)
    return render_template(
        "bundle.html", bundle=found, plan=plan, guide=list(guide_parts(found)), pairs=pairs(plan.figures),
        bars=before_after(plan.figures), merge=merge(plan), map=drawn_map(planned(plan, called), "办理顺序"),
    )


def guide_parts(bundle: Bundle) -> Iterable[tuple[str, list[str]]]:
    """The guide as headings with lines, in a fixed order; what the author left out is left out."""
    for key, heading in GUIDE:
        said = bundle.guide.get(key)
        if said:
            yield heading, [said] if isinstance(said, str) else list(said)
