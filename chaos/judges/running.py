"""Rules about the running portal: chains, copies, resources, private values, and answers outside its outages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from chaos.evidence import Evidence
from chaos.judges.effects import QUICK_SHARE

AROUND_SECONDS = 2.0
# Threads begin when they are first needed: one for each attempt that may run (11 offices × 4), 16 that serve.
MORE_THAN_AT_FIRST: Mapping[str, float] = {"megabytes": 150, "threads": 60, "files": 96}


def chain_broken(found: Evidence) -> Iterator[str]:
    """I17: `flask verify` walks every chain to its end."""
    made = found.run.get("verify", {"code": 1, "said": "not run"})
    if made["code"]:
        yield made["said"]


def private_values_open(found: Evidence) -> Iterator[str]:
    """I18: no personal value of a filing stands in a log, an export or a file of the store."""
    yield from found.run.get("open_values", ())


def resources_grew(found: Evidence) -> Iterator[str]:
    """I19: memory, threads and open files at the end are what they were, within bounds."""
    seen = found.run.get("resources", {})
    for name, more in MORE_THAN_AT_FIRST.items():
        first, last = seen.get("first", {}).get(name, 0), seen.get("last", {}).get(name, 0)
        if last > first + more:
            yield f"{name}: {first:.0f} → {last:.0f}"


def filings_delayed(found: Evidence) -> Iterator[str]:
    """I42: who files waits for nobody else, whatever the message gateway and the departments do."""
    limit = found.run.get("form", {}).get("quick_seconds", float("inf"))
    begun: dict[str, float] = {}
    taken = []
    for line in found.clients:
        if line["what"] == "tried":
            begun[line["key"]] = line["at"]
        elif line["what"] == "ack" and line["key"] in begun:
            since = begun.pop(line["key"])
            taken.append((line["at"] - since - found.away(since, line["at"]), line["reference"]))
    late = [(seconds, reference) for seconds, reference in taken if seconds > limit]
    if len(late) > len(taken) * (1 - QUICK_SHARE):
        yield from (f"{reference}: {seconds:.1f} s" for seconds, reference in sorted(late, reverse=True))


def failed_while_up(found: Evidence) -> Iterator[str]:
    """I20: no 5xx more than two seconds from an outage, and no applicant gave up."""
    at_desks = (line for line in found.officers if line["what"] == "answer")
    answers = [*found.noted("answer"), *at_desks, *found.said("told", "told_bad", "paper")]
    for line in answers:
        near = any(since - AROUND_SECONDS <= line["at"] <= until + AROUND_SECONDS for since, until in found.outages)
        if line["status"] >= 500 and not near:
            yield f"{line['body']} {line.get('path') or line.get('type') or line['what']}: {line['status']}"
    yield from found.run.get("client_faults", ())


def files_broken(found: Evidence) -> Iterator[str]:
    """I21: the store can be copied and checked, and every paper that a department fetched has its bytes."""
    if found.run.get("form", {}).get("read_out", True):
        made = found.run.get("backup", {"code": 1, "said": "not run"})
        yield from [made["said"]] if made["code"] else []
    yield from (f"{line['leg']}: paper {line['sha256'][:12]} answered {line['status']}" for line in found.said("paper")
                if not line["right"])
