"""Takes papers off the list, in a fixed order, each with its rule, source and who is affected (language 2.8).

form → logic (a): a chosen earlier leg gives it → logic (b): a later paper proves it → covers → a mandate given online
→ licence library → data sharing → premises → pledge. Logic comes before the library, so that a licence reissued in this
very case is never replaced by the old one. A source whose key nobody answers takes nothing off;
`LookUps.found` restores the upload of exactly the papers whose look-up missed or failed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Final, NamedTuple

from catalog.dictionary import Source
from catalog.limits import Limit, longer
from catalog.text import Text
from forms.answers import Known
from forms.legs import Leg
from forms.order import Covers, Order
from forms.papers.any_of import Ground, settled
from forms.papers.candidate import Candidate
from forms.papers.look_ups import (
    NO_REGISTER,
    NOT_ASKED,
    NOT_TOLD,
    OTHER_PAPER,
    UNCONNECTED,
    UNSURE,
    LookUps,
    asked_about,
    parted,
)
from forms.papers.materials import (
    Collected,
    Paper,
    PaperWish,
    key_of,
    material_of,
    merged_spec,
    papers_of,
    role_name,
    tolerated,
)
from forms.papers.planned import Obtained, RemovalRule
from forms.people import agreements_of

_OBTAINED: Final[dict[str, Obtained]] = {
    "mandate": "sharing", "licence": "library", "sharing": "sharing", "premises": "premises", "zone": "premises",
}
_RULES: Final[dict[str, RemovalRule]] = {
    "mandate": "mandate", "licence": "licence", "sharing": "sharing", "premises": "premises", "zone": "premises",
}


@dataclass(frozen=True, slots=True)
class Names:
    """What legs and papers of one plan are called, by number and key, and the codes of the fields on its form."""

    legs: dict[str, str]
    papers: dict[str, Text]
    on_form: frozenset[str]
    asked: dict[str, Text] = field(default_factory=dict)

    def of(self, name: str) -> str:
        """What a leg or a paper is called; a pledge form, which has no name of its own, by its code."""
        return self.legs.get(name) or self.papers.get(name) or name


FOUND_WORDS: Final = {"miss": "没有查到", "failed": "查询没有成功"}
_PUT_RIGHT: Final = "（号码填错了请改正）"
IN_VAIN: Final = frozenset({*FOUND_WORDS, *NOT_ASKED})


class InVain(NamedTuple):
    """That a look-up did not bring a paper: what it gave, in Chinese too; of `NOT_ASKED`: it is not made, perhaps
    because the number in the field `number` is mistyped."""

    answer: str
    words: str
    number: str | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What becomes of one leg's ask: `rule` None keeps the upload. `taken` is the key of the paper that fills it."""

    rule: RemovalRule | None
    obtained: Obtained
    taken: str | None = None
    by: tuple[str, ...] = ()
    source: Source | None = None
    signers: tuple[str, ...] = ()
    candidates: tuple[Candidate, ...] = ()


KEPT: Final = Outcome(None, "upload")
_FORM: Final = Outcome("form", "form")


@dataclass(slots=True)
class Subtracted:
    """The papers with every any_of settled, and the outcome of every wish, by paper key in the order of its wishes;
    `failed` says what a look-up answered."""

    collected: Collected
    outcomes: dict[str, list[Outcome]] = field(default_factory=dict)
    failed: dict[str, InVain] = field(default_factory=dict)


def subtract(collected: Collected, legs: list[Leg], order: Order, known: Known, look_ups: LookUps) -> Subtracted:
    """Decide every wish of every paper."""
    work = _Work(collected.papers, legs, order, known, look_ups)
    done = Subtracted(settled(collected, Ground(work.met_inside, work.serves, work.agree)))
    if done.collected is not collected:
        work = _Work(done.collected.papers, legs, order, known, look_ups)
    for key, paper in done.collected.papers.items():
        kept = replace(KEPT, taken=key)
        done.outcomes[key] = [work.outcome(paper, wish) or kept for wish in paper.wishes]
        if key in work.failed:
            done.failed[key] = work.failed[key]
    return done


class _Work:
    """The state of one subtraction."""

    def __init__(
        self, papers: Mapping[str, Paper], legs: list[Leg], order: Order, known: Known, look_ups: LookUps,
    ) -> None:
        self.papers, self.order, self.known, self.look_ups = papers, order, known, look_ups
        self.covers = Covers(known.catalog)
        self.results = frozenset(code for leg in legs for code in leg.planned.gives.materials)
        self.later = _later_papers(known)
        self.failed: dict[str, InVain] = {}
        self.looked: dict[str, Outcome | None] = {}
        self.superseded: dict[tuple[str, Limit | None], Outcome | None] = {}

    def outcome(self, paper: Paper, wish: PaperWish) -> Outcome | None:
        """The first rule that takes this wish off the list; None when it stays."""
        if self._becomes(paper):
            return _FORM
        inside = self.inside(paper, wish)
        if inside is not None:
            return inside
        above = self.above(paper, wish.ask.tolerable)
        if above is not None:
            return above
        return self.look(paper) or self.pledged(wish)

    def _becomes(self, paper: Paper) -> bool:
        material = self.known.catalog.materials.get(paper.kind)
        return bool(material and material.becomes)

    def inside(self, paper: Paper, wish: PaperWish) -> Outcome | None:
        """Logic (a): an edge feeds it to this leg, or the leg gives it itself."""
        gives = wish.leg.planned.gives.materials
        for kind in _kinds(wish):
            if kind in gives:
                return Outcome("logic_a", "replaced", by=(wish.leg.number,))
            fed = self.order.fed.get(wish.leg.number, {}).get(kind)
            by = fed.for_row(paper.per, paper.row) if fed is not None and self._whose(wish, kind) else ()
            if fed is not None and by and (fed.given == kind or not wish.ask.itself):
                taken = key_of(fed.given, paper.role if fed.given == kind else None, paper.row)
                return Outcome("logic_a", "later" if fed.later else "result", taken, by)
        return None

    def _whose(self, wish: PaperWish, kind: str) -> bool:
        """Whether a result, which is never given for a role, can be only what this leg asks: the paper of one."""
        asks = [ask for ask in wish.leg.asks.materials if ask.kind == kind and ask.role is not None]
        return len({ask.role for ask in asks if self.known.holds(ask.when, wish.leg.values)}) <= 1

    def met_inside(self, paper: Paper, wish: PaperWish) -> bool:
        """Whether the case itself brings what is wished."""
        return self.inside(paper, wish) is not None

    def serves(self, paper: Paper, wish: PaperWish) -> bool:
        """Whether a paper that others ask comes from outside, or one that proves it, and so serves this wish too."""
        if self.above(paper, wish.ask.tolerable) is not None:
            return not wish.ask.itself
        return bool(self._comes_for(paper))

    def agree(self, paper: Paper, wishes: list[PaperWish]) -> bool:
        """Whether one file can satisfy those who bring a paper and others."""
        return merged_spec([*paper.wishes, *wishes], material_of(paper, self.known), self.known)[1]

    def above(self, paper: Paper, within: Limit | None) -> Outcome | None:
        """Logic (b) and covers: a paper that comes in time and proves or covers this one; `within` is how long the
        asker can wait for it (None: not at all). Decided once per paper and time."""
        at = (paper.key, within)
        if at not in self.superseded:
            self.superseded[at] = None  # a ring of proofs (refused by the checker) ends here
            self.superseded[at] = self._above(paper, within)
        return self.superseded[at]

    def _above(self, paper: Paper, within: Limit | None) -> Outcome | None:
        if paper.choices or any(wish.ask.itself for wish in paper.wishes if self.inside(paper, wish) is None):
            return None
        rules: tuple[RemovalRule, ...] = ("logic_b", "covers")
        for rule in rules:
            for kind in self.later[rule].get(paper.kind, ()):
                better = self._same_holder(kind, paper)
                if better is None or kind in self.results or not self._needed(better):
                    continue
                final = self.above(better, within)
                if final is not None or self._in_time(better, within):
                    taken = (final.taken if final else None) or better.key
                    return Outcome(rule, self._comes(self.papers[taken]), taken, (taken,))
        return None

    def _same_holder(self, kind: str, paper: Paper) -> Paper | None:
        return self.papers.get(key_of(kind, paper.role, paper.row)) or self.papers.get(key_of(kind, paper.role, None))

    def _comes(self, paper: Paper) -> Obtained:
        looked = self.look(paper)
        return looked.obtained if looked else "upload"

    def _needed(self, paper: Paper) -> list[PaperWish]:
        """The wishes for one paper that the case itself does not meet; none for one that is no paper of its own."""
        if self._becomes(paper) or paper.choices:
            return []
        return [wish for wish in paper.wishes if self.inside(paper, wish) is None]

    def _comes_for(self, paper: Paper) -> list[PaperWish]:
        """The wishes for which this paper is really kept or fetched: no better one stands for it there, no pledge."""
        left = [wish for wish in self._needed(paper) if self.above(paper, wish.ask.tolerable) is None]
        return left if self.look(paper) is not None else [wish for wish in left if self.pledged(wish) is None]

    def _in_time(self, paper: Paper, within: Limit | None) -> bool:
        """Whether this paper comes, and no later than an asker of another that it stands for can wait."""
        coming = self._comes_for(paper)
        last = tolerated(coming) if self.look(paper) is None else None
        return bool(coming) and (last is None or (within is not None and not longer(last, within)))

    def look(self, paper: Paper) -> Outcome | None:
        """The first source that may be looked up, unless it was tried in vain; decided once per paper. For a list, what
        else is tried when that one has nothing."""
        if paper.key not in self.looked:
            able = list(self._able(paper))
            self.looked[paper.key] = self._looks(paper, able) if able else None
        return self.looked[paper.key]

    def _able(self, paper: Paper) -> Iterator[Candidate]:
        for kind, role, key in papers_of(paper):
            material = self.known.catalog.materials.get(kind)
            answer = self.look_ups.found.get(key) or self.look_ups.found.get(paper.key)
            able = self.look_ups.usable(material.sources if material else (), role, self.known, answer)
            sources = [one for one in able if self.look_ups.is_on(one)]
            said = answer if answer is not None and parted(answer)[0] in IN_VAIN else None
            vain = said if sources else UNCONNECTED
            if able and vain is not None:
                self.failed[paper.key] = in_vain(vain, (sources or able)[0], role, self.known)
            elif sources and material is not None:
                source = replace(sources[0], holder=role) if role else sources[0]
                yield Candidate(key, kind, material.name, source)

    def _looks(self, paper: Paper, able: list[Candidate]) -> Outcome:
        self.failed.pop(paper.key, None)
        first = able[0]
        tried = able[:1] if first.key in self.look_ups.found else able  # it was found: nothing else is looked for
        return Outcome(_RULES[first.source.kind], _OBTAINED[first.source.kind], first.key, source=first.source,
                       candidates=tuple(tried) if paper.choices else ())

    def pledged(self, wish: PaperWish) -> Outcome | None:
        """A signed statement in place of the paper, for this asker only."""
        pledge = wish.ask.pledge
        if pledge is None or not self.known.holds(pledge.when, wish.leg.values):
            return None
        return Outcome("pledge", "pledge", by=(pledge.form,), signers=pledge.signers)


_SOURCE_WORDS: Final = {
    "licence": "电子证照库", "sharing": "数据共享", "premises": "场所预备案", "zone": "区域评估成果库",
}


def _kinds(wish: PaperWish) -> Iterable[str]:
    return [choice.partition("@")[0] for choice in wish.ask.any_of] or [wish.ask.kind]


def _later_papers(known: Known) -> dict[RemovalRule, dict[str, tuple[str, ...]]]:
    """By rule, for each kind the papers that prove (or cover) it over any number of steps, nearest first."""
    direct: dict[RemovalRule, dict[str, list[str]]] = {"logic_b": {}, "covers": {}}
    for material in known.catalog.materials.values():
        for kind in material.proves:
            direct["logic_b"].setdefault(kind, []).append(material.code)
        for kind in material.covers:
            direct["covers"].setdefault(kind, []).append(material.code)
    return {rule: {kind: _closure(kind, steps) for kind in steps} for rule, steps in direct.items()}


def _closure(kind: str, steps: Mapping[str, list[str]]) -> tuple[str, ...]:
    found: dict[str, None] = {}
    row = [kind]
    while row:
        row = [above for below in row for above in steps.get(below, ()) if above not in found and above != kind]
        found.update(dict.fromkeys(row))
    return tuple(found)


def in_vain(answer: str, source: Source, role: str | None, known: Known) -> InVain:
    """What a look-up gave that did not bring the paper, or why it is not made."""
    where = _SOURCE_WORDS[source.kind]
    if answer in FOUND_WORDS:
        return InVain(answer, f"{where}{FOUND_WORDS[answer]}")
    about = asked_about(source, role, known.roles.values())
    kind, codes = parted(answer)
    numbers = "、".join(map(known.labels.of, codes))
    kin = "、".join(str(one.name) for one in about if one.related is not None)
    words = {
        UNCONNECTED: f"这里还没有接通{where}",
        OTHER_PAPER: f"{where}按身份证号查询，{numbers}填的是别的证件，没有查询",
        NOT_TOLD: f"登记里没有查到您可以代{kin}同意，没有查询{where}{_PUT_RIGHT}",
        NO_REGISTER: f"这里还没有接通核对您能不能代{kin}同意的登记，没有查询{where}",
        UNSURE: f"登记没有应答，核对不了您能不能代{kin}同意，没有查询{where}",
    }
    if kind in words:
        related = next((one.id for one in about if one.related is not None), None)
        return InVain(kind, words[kind], related if kind == NOT_TOLD else None)
    theirs = {one.id for one in about if one.related is not None}
    theirs_and_mine = dict.fromkeys(code for one in about for code in (
        [one.id] if one.related is None else sorted(one.related.by - theirs)))
    numbers = "、".join(known.labels.of(code) for code in theirs_and_mine)
    said = f"{numbers}不是您账号里的号码，不能凭您的同意查询{where}{_PUT_RIGHT}"
    return InVain(answer, said)  # somebody else's number is rarely a mistyped one


def why_removed(paper: Paper, outcome: Outcome, askers: str, names: Names, known: Known) -> str:
    """One sentence for the applicant: which rule took the paper off, from where it comes, and whose demand it meets."""
    by = "、".join(f"“{names.of(name)}”" for name in outcome.by)
    signers = "、".join(role_name(signer, known) for signer in outcome.signers)
    whose = _whose(paper, outcome.source, names, known)
    sentences: dict[RemovalRule | None, str] = {
        "form": f"{askers}要求的这份表单{_becomes_words(paper, names, known)}，不用单独提交",
        "logic_a": f"{by}办结时产生，系统直接转给{askers}，不用您提交",
        "logic_b": f"有{by}就说明已经取得这份材料，{askers}不再要您提交",
        "covers": f"{by}可以代替这份材料，{askers}不再要您提交",
        "mandate": f"委托人已在网上委托您办理，委托信息由系统提供给{askers}，不用上传",
        "licence": f"经{whose}同意，从电子证照库调取{_licence_words(outcome.source, known)}，供{askers}使用，不用上传",
        "sharing": f"经{whose}同意，通过部门数据共享{_by_words(outcome.source, known)}查得，供{askers}使用，不用上传",
        "premises": f"此前已经备案{_by_words(outcome.source, known)}，直接调用，供{askers}使用，不用上传",
        "pledge": f"由{signers}签署告知承诺书代替，{askers}不用上传",
    }
    if outcome.obtained == "replaced":
        return f"这是{by}自己要办出来的结果，不用您提交"
    return sentences[outcome.rule] + _which(outcome.candidates)


def _whose(paper: Paper, source: Source | None, names: Names, known: Known) -> str:
    """Whose consent a look-up needs: that of the person it is about, where this is one who must agree; else that of
    whoever files, by law for those who cannot consent themselves."""
    if source is None:
        return "您"
    about = [str(one.name) for one in agreements_of(names.on_form, known) if one.is_asked_about(source, paper.role)]
    spoken_for = [f"您代{one.name}({one.related.law})" for one in asked_about(
        source, paper.role, known.roles.values())
        if one.related is not None and names.on_form.issuperset(one.related.by)]
    return [*about, *spoken_for, "您"][0]


def _which(candidates: tuple[Candidate, ...]) -> str:
    """Which of several papers is looked up, and what next if there is none."""
    if not candidates:
        return ""
    first, *others = (f"“{one.name}”" for one in candidates)
    return f"；先查{first}，没有查到再查{'、'.join(others)}" if others else f"；查的是{first}"


def _becomes_words(paper: Paper, names: Names, known: Known) -> str:
    material = known.catalog.materials.get(paper.kind)
    fields = [code for code in (material.becomes if material else ()) if code in names.on_form]
    if not fields:
        return "由合并后的一张申请表代替"
    return f"的内容已经写进申请表({'、'.join(known.labels.of(code) for code in fields)})"


def _licence_words(source: Source | None, known: Known) -> str:
    if source is None:
        return "电子证照"
    licence = known.catalog.licences.get(source.name or "")
    holder = f"{role_name(source.holder, known)}的" if source.holder else ""
    return f"{holder}“{licence.name}”" if licence else f"{holder}电子证照"


def _by_words(source: Source | None, known: Known) -> str:
    if source is None or not source.by:
        return ""
    return f"(按{'、'.join(known.labels.of(code) for code in source.by)})"
