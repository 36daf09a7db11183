"""`python -m chaos FORM SEED FOLDER`: play a run and leave its files in an empty folder."""

from __future__ import annotations

import sys
from pathlib import Path

from chaos.driver import Run
from chaos.forms import FORMS


def _say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    Run(FORMS[sys.argv[1]], int(sys.argv[2]), Path(sys.argv[3]), _say).play()
