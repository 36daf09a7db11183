"""How a check says what it found: a path in the catalog, a code, a sentence; the place is looked up once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from catalog.model import Catalog, Path
from catalog.suggest import unknown
from catalog.text import Place, Problem

# What an author may well need a new one of, and where to write it.
_ADD = {"分页": "；要新开一页，请在 sections.yaml 里加一行"}


@dataclass(slots=True)
class Findings:
    """Problems of one catalog as the checks find them."""

    catalog: Catalog
    found: list[Problem] = field(default_factory=list)

    def place(self, path: Path) -> Place:
        """Where `path` stands."""
        return self.catalog.places.of(*path)

    def say(self, path: Path, code: str, message: str, level: str = "error") -> None:
        """Note one problem."""
        self.found.append(Problem(self.place(path), code, message, level))

    def warn(self, path: Path, code: str, message: str) -> None:
        """Note something that is shown and not refused."""
        self.say(path, code, message, "warning")

    def note(self, path: Path, code: str, message: str) -> None:
        """Note something worth knowing."""
        self.say(path, code, message, "note")

    def known(self, path: Path, what: str, name: str | None, known: Iterable[str], code: str = "unknown_name") -> bool:
        """Whether `name` is known; if not, say so with a near name. None and empty are nothing to check."""
        names = list(known)
        if not name or name in names:
            return True
        meant = self.called(name, known) if isinstance(known, Mapping) else None
        guess = f"；要写编码，「{name}」的编码是 {meant}" if meant else unknown(name, names)
        self.say(path, code, f"{what} {name} 不存在{guess}{_ADD.get(what, '')}")
        return False

    def called(self, name: str, known: Mapping[str, object]) -> str | None:
        """The code of what has this Chinese name."""
        return next((code for code, one in known.items() if str(getattr(one, "name", "")).strip() == name), None)
