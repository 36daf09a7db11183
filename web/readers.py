"""How many downloads may be under way: what a reader has not taken yet is held in memory, a megabyte of each, and a
file is open for it.

A reader costs no thread (`web/worker.py`), so without a limit one person with a thousand slow connections would hold a
gigabyte. Whoever takes what is sent has a place for moments.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator

from web.bodies import COME_AGAIN
from web.errors import Problem

MOST, MOST_OF_ONE = 96, 8
FULL = "正在下载的文件太多；请等前面的下载完成，再试这一个"


class Readers:
    """The places of one process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._held: Counter[str] = Counter()

    def hold(self, who: str, pieces: Iterator[bytes]) -> Held:
        """What is sent to `who`, with a place until it is over; raises a 503 `Problem` if there is none."""
        with self._lock:
            if self._held[who] >= MOST_OF_ONE or self._held.total() >= MOST:
                self._held += Counter()  # forgets who has none
                raise Problem(503, "too_many_downloads", FULL, headers=COME_AGAIN)
            self._held[who] += 1
        return Held(self, who, pieces)

    def give_back(self, who: str) -> None:
        """One download of theirs is over."""
        with self._lock:
            self._held[who] -= 1
            self._held += Counter()


class Held:
    """A download under way; its place is given back when it ends, however it ends."""

    def __init__(self, readers: Readers, who: str, pieces: Iterator[bytes]) -> None:
        self._readers, self._who, self._pieces = readers, who, pieces
        self._over = False

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        try:
            return next(self._pieces)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Nothing more is sent: the place and the open file are given back; twice does no harm."""
        if self._over:
            return
        self._over = True
        self._readers.give_back(self._who)
        self._pieces = iter(())  # and with it the generator that has a file open
