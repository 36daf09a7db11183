"""Operators say that what an infected file called for is done: from then on nothing asks them to look at it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from desk.errors import UnknownSpoiled
from desk.premises import Premises
from desk.staff.acts import Act
from store.port import Tx
from store.uploads import uncleared

ACT = "scan.seen"


class Spoiled:
    """Files in which something was found after they were kept."""

    def __init__(self, premises: Premises) -> None:
        self._premises = premises

    def seen(self, files: Sequence[str], act: Act, now: datetime) -> list[str]:
        """Note that these are seen to, all or none; `UnknownSpoiled` names one that is no infected file, or was seen to
        before. They stay out of use."""
        wanted = list(dict.fromkeys(files))

        def unit(tx: Tx) -> None:
            for file in wanted:
                if not (uncleared.unseen(tx, file) if act.dry_run else uncleared.seen(tx, file, now)):
                    raise UnknownSpoiled(f"{file}：没有这个查出病毒、还没有处理的文件。什么都没有改动。")
                if not act.dry_run:
                    act.record(tx, ACT, file, now, {})

        self._premises.database.write(unit)
        return wanted
