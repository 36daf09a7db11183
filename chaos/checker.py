"""Judges a run from outside (`python -m chaos.checker FOLDER`): prints one JSON of counts; exit 1 if any is not 0.

The rules are I1 to I22 of the rig, as far as they can be judged without looking inside, and more of the same kind: I23
overwritten outcome, I24 changed bytes or key, I25 acknowledged notice without a trace, I26 later message before its
leg, I27 to I29 what officers do at the portal's own pages, I30 to I32 urges, I33 and I34 ratings, I35 to I38 who acts
for another, I39 to I42 what people are told and whom that may delay, I43 packages for an archive, I44 signing in by the
identity platform, I45 to I48 legs that go to another office, I49 and I50 the virus scanner, I51 to I53 those who must
agree before it is filed, I54 the second factor of the staff, I55 a bundle's last day, I56 accounts that are closed, I57
how often anybody may ask, I58 to I60 departments that are away for days, I61 what departments answer. I16 (deadlines)
is judged where the days are: by the tests of the calendar.
"""

from __future__ import annotations

import json
import statistics
import sys
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

from chaos.evidence import TRANSFERRED, Evidence, read_evidence
from chaos.judges import (
    absences,
    agreements,
    archives,
    cases,
    closings,
    effects,
    mandates,
    news,
    notices,
    officers,
    oversight,
    rates,
    running,
    scans,
    second_factors,
    sign_ins,
    transfers,
)

Rule = Callable[[Evidence], Iterator[str]]
MOST_EXAMPLES = 20
RULES: Mapping[str, Rule] = {
    "I1 lost": cases.lost,
    "I2 half-written": cases.half_written,
    "I3 one key, one receipt": cases.key_without_its_receipt,
    "I4 not final": cases.not_final,
    "I5 duplicate effect": effects.doubled,
    "I6 done without effect": effects.without_effect,
    "I7 ghost": effects.ghosts,
    "I8 wrong decision": effects.wrongly_decided,
    "I9 final twice": notices.final_twice,
    "I10 bad accepted": notices.bad_accepted,
    "I11 append twice": notices.appended_twice,
    "I12 isolation": effects.delayed,
    "I13 conservation": cases.not_conserved,
    "I14 edition": cases.other_edition,
    "I15 notices": notices.not_as_told,
    "I17 audit": running.chain_broken,
    "I18 privacy": running.private_values_open,
    "I19 resources": running.resources_grew,
    "I20 5xx": running.failed_while_up,
    "I21 file integrity": running.files_broken,
    "I22 reconciliation": cases.unreconciled,
    "I23 overwritten": effects.overwritten,
    "I24 changed bytes": effects.changed_bytes,
    "I25 notice lost": notices.notices_lost,
    "I26 overtaken": effects.overtaken,
    "I27 act lost or doubled": officers.acts_miscounted,
    "I28 act without a name": officers.acts_without_a_name,
    "I29 refused and done": officers.refused_and_done,
    "I30 urge lost or doubled": oversight.urges_miscounted,
    "I31 urge astray": oversight.urges_astray,
    "I32 urged twice a day": oversight.urged_twice,
    "I33 rating": oversight.ratings_miscounted,
    "I34 rating told": oversight.ratings_told,
    "I35 act without a mandate": mandates.acts_without_mandate,
    "I36 mandate used after its end": mandates.used_after_its_end,
    "I37 mandate lost or doubled": mandates.mandates_miscounted,
    "I38 act under another name": mandates.acts_miscounted,
    "I39 news": news.news_wrong,
    "I40 bulletins": news.bulletins_miscounted,
    "I41 told too much": news.said_too_much,
    "I42 filing delayed": running.filings_delayed,
    "I43 packages": archives.packages_broken,
    "I44 signing in": sign_ins.sign_ins_wrong,
    "I45 wrong office": transfers.not_where_it_went,
    "I46 farewells": transfers.farewells_wrong,
    "I47 heard after it left": transfers.heard_after_it_left,
    "I48 transfer lost or doubled": transfers.transfers_miscounted,
    "I49 unscanned": scans.unscanned_out,
    "I50 scanner": scans.scans_wrong,
    "I51 filed without a yes": agreements.filed_without_a_yes,
    "I52 yes lost or doubled": agreements.yes_miscounted,
    "I53 looked up without a yes": agreements.looked_up_without_a_yes,
    "I54 second factor": second_factors.second_factor_wrong,
    "I55 taken after the end": closings.taken_after_the_end,
    "I56 closed account": closings.account_not_closed,
    "I57 too often": rates.refused_unfairly,
    "I58 rests": absences.rests_wrong,
    "I59 given up": absences.given_up_wrong,
    "I60 ready": absences.not_as_it_says,
    "I61 answer lost": absences.answers_lost,
}


def check(found: Evidence) -> dict[str, dict[str, Any]]:
    """Rule → how often it is broken, with examples."""
    made = {}
    for name, rule in RULES.items():
        broken = rule(found)
        examples = list(islice(broken, MOST_EXAMPLES))
        made[name] = {"count": len(examples) + sum(1 for _ in broken), "examples": examples}
    return made


def figures(found: Evidence, judged: Mapping[str, Mapping[str, Any]]) -> dict[str, float]:
    """What a run was and what it came to, by name."""
    counts = {name.split()[0]: made["count"] for name, made in judged.items()}
    told, calls = [*found.said("told")], [*found.said("call")]
    taken = [seconds for seconds, _ in effects.delays(found)] or [0.0]
    first = first_accepted(found) or [0.0]
    return {
        "applications": len({ack["key"] for ack in found.acks}), "acknowledgements": len(found.acks),
        "legs": len(found.legs), "calls": len(calls), "effects": len(found.effects), "notices_told": len(told),
        "calls_again": len(calls) - len({line["key"] for line in calls}),
        "bad_notices_refused": sum(line["status"] >= 400 for line in found.said("told_bad")),
        "acts": sum(act.done for act in found.acts), "acts_refused": sum(act.refused for act in found.acts),
        "urges": sum(event["type"] == "leg.urged" for event in found.exported("event")),
        "ratings": sum(1 for _ in found.exported("rating")),
        "mandates": sum(1 for _ in found.exported("mandate")),
        "acts_by_agents": sum(line["body"] == "agent" and line["status"] < 400 for line in found.noted("did")),
        "acts_by_agents_refused": sum(line["body"] == "agent" and line["status"] >= 400
                                      for line in found.noted("did")),
        "news": len(found.news), "bulletins": sum(1 for _ in found.said("rang")),
        "bulletins_again": sum(line["attempt"] > 1 for line in found.said("heard")),
        "sign_ins": sum(line["opened"] for line in found.noted("entered")),
        "transfers": sum(map(len, found.transfers.values())),
        "transfers_back": sum(len(found.stays(leg)) > len({*found.stays(leg)}) for leg in found.transfers),
        "farewells_after_a_return": sum(line["type"] == TRANSFERRED and line["back"] for line in found.effects),
        "agreements": sum(1 for _ in found.exported("agreement")), "scans": len(found.scans),
        "infected": sum(bool(line["file"]) for line in found.noted("offered") if line["spoiled"]),
        "decided_in_answers": sum("says" in line for line in found.said("answer")),
        "given_up": max((len(line["keys"]) for line in found.noted("stuck")), default=0),
        "codes": sum(line["opened"] for line in found.noted("proved")),
        "packages": len(found.run.get("archive", {}).get("left", ())),
        "sigkills": found.run.get("sigkills", 0), "failpoints_reached": sum(found.run.get("reached", {}).values()),
        "failpoints_missed": sum(found.run.get("unreached", {}).values()),
        "seconds": found.run.get("ended", 0) - found.run.get("began", 0),
        "start_to_first_accepted_p50_s": statistics.median(first), "start_to_first_accepted_worst_s": max(first),
        "healthy_leg_p50_s": statistics.median(taken), "healthy_leg_p99_s": taken[int((len(taken) - 1) * 0.99)],
        "lost": counts["I1"], "duplicates": counts["I5"], "not_final": counts["I4"],
        "wrong": sum(count for name, count in counts.items() if name not in {"I1", "I5", "I4"}),
    }


def first_accepted(found: Evidence) -> list[float]:
    """Seconds from each start of the portal to the first receipt after it, while there was anything to file."""
    acked = sorted(ack["at"] for ack in found.acks)
    starts = sorted(found.run.get("starts", ()))
    taken = []
    for start, following in zip(starts, [*starts, float("inf")][1:], strict=True):
        after = next((at for at in acked if start < at < following), None)
        if after is not None and start < found.run.get("all_filed_at", 0):
            taken.append(after - start)
    return taken


def verdict(folder: Path) -> dict[str, Any]:
    """Everything about the run in `folder`."""
    found = read_evidence(folder)
    judged = check(found)
    return {"violations": sum(made["count"] for made in judged.values()), "figures": figures(found, judged),
            "rules": judged}


def main() -> int:
    """Judge the folder on the command line."""
    made = verdict(Path(sys.argv[1]))
    print(json.dumps(made, ensure_ascii=False, indent=1))
    return 1 if made["violations"] else 0


if __name__ == "__main__":
    sys.exit(main())
