"""What settles an ask for any one of several papers (language 2.8): a kind that is brought or fetched anyway, an equal
or overlapping list, else the applicant's choice.

A kind that is asked but never comes to us settles nothing: one that flows to its own asker alone, or that a pledge
replaces, is not there for anybody else. An asker that gets one of its kinds from an earlier matter needs nothing more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from forms.papers.materials import Collected, Paper, PaperWish, key_of, split_choice


@dataclass(frozen=True, slots=True)
class Ground:
    """What decides: whether a wish is met inside the case, whether a paper of the list also serves a wish, and whether
    one file can satisfy the askers of a paper and others."""

    inside: Callable[[Paper, PaperWish], bool]
    serves: Callable[[Paper, PaperWish], bool]
    agree: Callable[[Paper, list[PaperWish]], bool]


def settled(collected: Collected, ground: Ground) -> Collected:
    """The papers with every any_of settled as far as it can be; `collected` stays as it is."""
    if not any(paper.choices for paper in collected.papers.values()):
        return collected
    papers = {key: replace(paper, wishes=list(paper.wishes)) for key, paper in collected.papers.items()}
    work = _Settling(papers, collected.papers, ground)
    work.by_what_comes_anyway()
    work.by_one_another()
    return Collected(work.papers, collected.copies, collected.problems)


class _Settling:
    """One settling. `asked` are the papers before it, by which a kind is judged to come anyway."""

    def __init__(self, papers: dict[str, Paper], asked: dict[str, Paper], ground: Ground) -> None:
        self.papers, self.asked, self.ground = papers, asked, ground
        self.lists = [paper for paper in papers.values() if paper.choices]

    def open(self, paper: Paper) -> list[PaperWish]:
        """The wishes of a list that nothing inside the case meets."""
        return [wish for wish in paper.wishes if not self.ground.inside(paper, wish)]

    def by_what_comes_anyway(self) -> None:
        """Move each wish to the first of its kinds that is brought or fetched anyway."""
        for paper in self.lists:
            for wish in self.open(paper):
                found = next((key for key in _keys(paper) if self._comes(key, wish)), None)
                if found is not None:
                    self._move([wish], paper, self.papers[found])

    def _comes(self, key: str, wish: PaperWish) -> bool:
        plain = self.asked.get(key)
        if plain is None or plain.choices:
            return False
        return self.ground.serves(plain, wish) and self.ground.agree(plain, [wish])

    def by_one_another(self) -> None:
        """Lists that share kinds become one list of these; a list of one kind becomes that paper."""
        merged: list[Paper] = []
        for paper in self.lists:
            wishes = self.open(paper)
            other = next((one for one in merged if _shared(one, paper) and self.ground.agree(one, wishes)), None)
            if wishes and other is not None:
                other.choices = _shared(other, paper)
                self._move(wishes, paper, other)
            elif wishes:
                merged.append(paper)
        for paper in merged:
            if len(paper.choices) == 1:
                self._become(paper)

    def _become(self, paper: Paper) -> None:
        """The only kind left, in the place of the list."""
        kind, role = split_choice(paper.choices[0], paper.role)
        plain = self.papers.get(key_of(kind, role, paper.row))
        if plain is None:
            plain = Paper(kind, role, paper.row, per=paper.per)
            placed = [(plain, paper) if item is paper else (item,) for item in self.papers.values()]
            self.papers = {item.key: item for items in placed for item in items}
        self._move(self.open(paper), paper, plain)

    def _move(self, wishes: list[PaperWish], paper: Paper, into: Paper) -> None:
        moved = {id(wish) for wish in wishes}
        into.wishes.extend(wishes)
        paper.wishes = [wish for wish in paper.wishes if id(wish) not in moved]
        if not paper.wishes:
            del self.papers[paper.key]


def _keys(paper: Paper) -> Iterator[str]:
    """Under which keys the kinds of a list may stand: of the same row, else of the whole case."""
    for choice in paper.choices:
        kind, role = split_choice(choice, paper.role)
        yield key_of(kind, role, paper.row)
        if paper.row is not None:
            yield key_of(kind, role, None)


def _shared(one: Paper, other: Paper) -> tuple[str, ...]:
    same = (one.role, one.row) == (other.role, other.row)
    return tuple(choice for choice in one.choices if choice in other.choices) if same else ()
