"""Definitions in which all seventeen legs of the utilities bundle may leave at once: for figures of the fan-out alone.

What legs hand to one another stays, but nothing waits for it: every edge becomes `before_decide`.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

HOME = Path(__file__).resolve().parent.parent
BUNDLE = "utilities.yaml"
OLD = "    honours_keys: no"


def definitions(folder: Path) -> Path:
    """The shipped definitions in `folder`, with that one bundle changed."""
    made = shutil.copytree(HOME / "bundles", folder / "bundles")
    yaml = YAML(typ="safe", pure=True)
    bundle = yaml.load(HOME / "bundles" / BUNDLE)
    for entry in bundle["matters"].values():
        after = {target: edge for target, rule in entry.pop("after", {}).items() for edge in _fed(rule)}
        if after:
            entry["after"] = after
    del bundle["examples"]  # their days are those of the real order
    with (made / BUNDLE).open("w", encoding="utf-8") as file:
        yaml.dump(bundle, file)
    return made


def _fed(rule: Any) -> Iterator[Mapping[str, Any]]:
    edges = rule if isinstance(rule, list) else [rule]
    for edge in edges:
        if "feeds" in edge:
            join = {"join": edge["join"]} if "join" in edge else {}
            yield {"kind": "before_decide", "feeds": edge["feeds"], **join}


def deployment(folder: Path, ladder: str, mixed: bool) -> Path:
    """The demo deployment with another retry ladder. Its old system, which does not honour keys and is asked before
    anything is sent again, stays as it is if `mixed`; else every office honours them."""
    text = (HOME / "sandbox" / "departments.yaml").read_text("utf-8")
    lines = [f"  ladder: {ladder}" if line.startswith("  ladder:") else line for line in text.splitlines()
             if mixed or not line.startswith(OLD)]
    path = folder / "departments.yaml"
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path
