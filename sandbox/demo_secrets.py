"""Makes the secrets and tokens that the demo's deployment file refers to, once, outside the repository."""

from __future__ import annotations

import base64
import os
import secrets
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from connectors.lined_yaml import plain, read_lined

_BYTES = 32


def ensure_secrets(deployment: Path, folder: Path) -> None:
    """Create every file that `deployment` refers to by `file:` and that `folder` does not have yet, mode 0600."""
    make_secrets(_texts(plain(read_lined(deployment))), folder)


def make_secrets(references: Iterable[str], folder: Path) -> list[str]:
    """Create each file that one of `references` leads to by `file:` and that `folder` does not have yet, mode 0600; the
    names of those that were made.

    Safe to call from several processes at once: the first one to create a file decides what is in it.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    names = sorted({text.removeprefix("file:") for text in references if text.startswith("file:")})
    return [name for name in names if _create(folder / name, _made_for(name))]


def _made_for(name: str) -> str:
    if name.endswith(".secret"):
        return "whsec_" + base64.b64encode(secrets.token_bytes(_BYTES)).decode()
    return secrets.token_urlsafe(_BYTES)


def _create(path: Path, text: str) -> bool:
    if path.exists():
        return False
    # Written whole under another name and then linked, so that nobody ever reads half a secret.
    draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text + "\n")
    try:
        path.hardlink_to(draft)
    except FileExistsError:
        return False
    finally:
        draft.unlink()
    return True


def _texts(value: Any) -> Iterator[str]:
    """Every text in a value."""
    inner = value.values() if isinstance(value, dict) else value
    if isinstance(value, str):
        yield value
        return
    for item in inner:
        yield from _texts(item)
