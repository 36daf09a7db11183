"""Rules about the virus scanner: what it has not cleared is for nobody, and nothing but that waits, nor for ever."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator

from chaos.evidence import Evidence, Line

OK, REFUSED = 200, 422
UNSEEN, FOUND = "file_not_scanned", frozenset({"file_quarantined", "unknown_file"})  # of a case, and of none
ASKED_AGAIN = "leg.held"


def _scans(found: Evidence) -> bool:
    return bool(found.run.get("form", {}).get("scan_pauses"))


def unscanned_out(found: Evidence) -> Iterator[str]:
    """I49: no department is told of a file, and nobody reads one, before the scanner said that nothing is in it."""
    if not _scans(found):
        return
    for line, digest in _out(found):
        since = found.cleared.get(digest)
        if since is None or since > line["at"]:
            yield f"{line['body']} {line.get('key') or line.get('leg') or line.get('file')}: {digest[:12]} unscanned"


def _out(found: Evidence) -> Iterator[tuple[Line, str]]:
    """Everything that came to anybody."""
    for line in found.said("call"):
        yield from ((line, digest) for digest in line["files"])
    read = (*found.said("paper"), *(line for line in found.officers if line["what"] == "read"),
            *found.noted("looked_at"))
    yield from ((line, line["sha256"]) for line in read if line["status"] == OK)


def scans_wrong(found: Evidence) -> Iterator[str]:
    """I50: nobody is refused for what is clean; whatever waits for the scanner is seen to wait, and goes on once it is
    back; what is found late is in the audit log, once, and asked for again."""
    if not _scans(found):
        return
    yield from (f"{line['sha256'][:12]}: clean, and answered {line['status']} {line['code']}"
                for line in found.noted("offered") if line["status"] >= 400 and not line["spoiled"])
    last = [sample["scans"] for sample in found.run.get("samples", ()) if "scans" in sample][-1:]
    yield from (f"{scans['waiting']} files wait to the end" for scans in last if scans["waiting"])
    yield from _not_seen_to_wait(found)
    yield from _found_late(found)


def _not_seen_to_wait(found: Evidence) -> Iterator[str]:
    """A file that can be read in the end is one that waits until then, and operators are told of it."""
    spoiled = {line["sha256"] for line in found.noted("offered") if line["spoiled"]}
    for line in found.noted("looked_at"):
        if line["status"] != OK and line["code"] not in {UNSEEN, *(FOUND if line["sha256"] in spoiled else ())}:
            yield f"{line['file']}: answered {line['code']}"
        if line["code"] == UNSEEN and line["waiting"] == 0 and not _said_of(found, line["sha256"], line["at"]):
            yield f"{line['file']}: waits, and no figure says so"
    yield from (f"{line['file']}: is not looked at" for line in found.noted("looked_at")
                if line["code"] == UNSEEN and line["sha256"] not in spoiled)


def _said_of(found: Evidence, digest: str, before: float) -> bool:
    return any(line["sha256"] == digest and line["at"] <= before for line in found.scans)


def _found_late(found: Evidence) -> Iterator[str]:
    taken = {line["file"]: line for line in found.noted("offered") if line["spoiled"] and line["file"]}
    listed = Counter(line["target"] for line in found.audit if line["action"] == "file.infected")
    yield from (f"{file}: {listed[file]} times in the audit log" for file in sorted({*taken, *listed})
                if listed[file] != (file in taken))
    refused = sum(line["action"] == "file.refused" for line in found.audit)
    told = sum(line["status"] == REFUSED and line["spoiled"] for line in found.noted("offered"))
    if refused < told:
        yield f"{refused} refusals in the audit log of {told}"
    asked: defaultdict[str, int] = defaultdict(int)
    for event in found.exported("event"):
        asked[event["case"]] += event["type"] == ASKED_AGAIN
    yield from (f"{line['reference']}: not asked again for {line['material']}" for line in found.noted("spoils")
                if not asked[line["reference"]] and line["reference"] not in found.withdrawn)
