"""What a run is read out of in the end: the operator's commands, the inboxes of all, packages for an archive.

Everything works beside the running portal and goes into files and facts that the checker reads.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from chaos.archives import WHY, Archives
from chaos.clients import Office
from chaos.evidence import Evidence, lines_of
from chaos.forms import OFFICES, PRIVATE, offices_of
from chaos.script import draw
from chaos.stage import Stage


class ReadOut:
    """Reads a run out; `facts` gets what is no file of its own."""

    def __init__(self, stage: Stage, facts: dict[str, Any], say: Callable[[str], None]) -> None:
        self._stage, self._facts, self._say = stage, facts, say

    def commands(self) -> None:
        """What the operator's commands say."""
        self._say("reading out: export, audit, verify, backup, reconcile")
        reads = {"export": ("export", "--jsonl"), "audit": ("audit", "--json")}
        with ThreadPoolExecutor(2) as pool:
            saying = pool.map(lambda words: self._stage.flask(*words), reads.values())
            for name, said in zip(reads, saying, strict=True):
                (self._stage.folder / f"{name}.jsonl").write_text(said, "utf-8")
        self._facts["open_values"] = list(open_values(self._stage.folder))
        code, said = self._stage.try_flask("verify")
        self._facts["verify"] = {"code": code, "said": said[-2000:]}
        if self._stage.form.read_out:
            self._copied()
            with ThreadPoolExecutor(2) as pool:
                self._facts["reconcile"] = dict(zip(OFFICES, pool.map(self._reconciled, OFFICES), strict=True))

    def archives(self, kills: int) -> None:
        """Packages of some of the cases."""
        self._say("packages for an archive")
        acked = {line["reference"] for line in lines_of(self._stage.folder / "clients.jsonl") if line["what"] == "ack"}
        some = sorted(acked, key=lambda reference: draw(self._stage.seed, "archive", reference))
        self._facts["archive"] = Archives(self._stage, some[:self._stage.form.archives]).make(kills)

    def inboxes(self, people: Mapping[str, Office]) -> None:
        """Everybody's news, one line each."""
        with (self._stage.folder / "news.jsonl").open("w", encoding="utf-8") as file:
            for name, person in people.items():
                file.writelines(json.dumps({"person": name, **one}, ensure_ascii=False) + "\n" for one in person.news())

    def _copied(self) -> None:
        """A copy that dies half-way, then one that is whole and checked."""
        if self._stage.form.kills:
            self._facts["broken_backup"], _ = self._stage.try_flask(
                "backup", str(self._stage.folder / "backup-broken"), *WHY, FAILPOINTS="backup.mid:kill")
        code, said = self._stage.try_flask("backup", str(self._stage.folder / "backup"), *WHY)
        self._facts["backup"] = {"code": code, "said": said[-2000:]}

    def _reconciled(self, office: str) -> dict[str, Any]:
        """The department's own list, as its ledger has it, against the portal's. The first office has the name of its
        kind, which stands for both."""
        if office in self._stage.form.desks:
            found = Evidence(officers=lines_of(self._stage.folder / "officers.jsonl"))
            refs, states = dict.fromkeys(found.opened, ""), found.decided
        else:
            found = Evidence(ledger=tuple(line for line in self._stage.seen()
                                          if line["body"] in offices_of(office)))
            refs, states = {leg: line["ref"] for (_, leg), line in found.held.items()}, found.decided
        listed = [json.dumps({"leg": leg, "ref": ref, "state": states.get(leg, "")}) for leg, ref in refs.items()]
        path = self._stage.folder / f"{office}.jsonl"
        path.write_text("\n".join(listed) + "\n", "utf-8")
        code, said = self._stage.try_flask("reconcile", office, str(path), "--dry-run", "--json")
        return {"code": code, "said": said[-2000:]}


def open_values(folder: Path) -> Iterator[str]:
    """Where values that the applicants filed stand open: in the log, the export, the store's files or the copy."""
    places = [folder / "portal.log", folder / "export.jsonl", *(folder / "data").rglob("*"),
              *(folder / "backup").rglob("*")]
    for path in filter(Path.is_file, places):
        content = path.read_bytes()
        yield from (f"{path.relative_to(folder)}: {value[:4]}…" for value in PRIVATE if value.encode() in content)
