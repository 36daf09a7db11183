"""Makes the secrets and tokens that the demo's deployment file refers to, once, outside the repository."""

from __future__ import annotations

import base64
import contextlib
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from connectors.lined_yaml import Lined, plain, read_lined

_BYTES = 32


def ensure_secrets(deployment: Path, folder: Path) -> None:
    """Create every file that `deployment` refers to by `file:` and that `folder` does not have yet, mode 0600.

    Safe to call from several processes at once: the first one to create a file decides what is in it.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    for name in _files(read_lined(deployment)):
        made = secrets.token_urlsafe(_BYTES)
        if name.endswith(".secret"):
            made = "whsec_" + base64.b64encode(secrets.token_bytes(_BYTES)).decode()
        _create(folder / name, made)


def _create(path: Path, text: str) -> None:
    if path.exists():
        return
    # Written whole under another name and then linked, so that nobody ever reads half a secret.
    draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text + "\n")
    with contextlib.suppress(FileExistsError):
        path.hardlink_to(draft)
    draft.unlink()


def _files(top: Lined) -> list[str]:
    return sorted({text.removeprefix("file:") for text in _texts(plain(top)) if text.startswith("file:")})


def _texts(value: Any) -> Iterator[str]:
    """Every text in a value."""
    inner = value.values() if isinstance(value, dict) else value
    if isinstance(value, str):
        yield value
        return
    for item in inner:
        yield from _texts(item)
