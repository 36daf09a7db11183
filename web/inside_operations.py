"""The operators' changing commands, run by the portal for the shell of its machine: each names who, why and whether
it is only tried out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import timedelta
from typing import Any

from desk.staff.operations import Operations
from desk.staff.transfers import Order
from store.chains.verifications import Verification
from web.inside_people import Asked, act_of
from web.wiring import House

# What may be noted of things done beside the portal.
NOTED = frozenset({"archive", "backup", "reconcile", "export.personal"})


def _at(home: House) -> Operations:
    return home.desk.operations


def retry(home: House, asked: Asked) -> dict[str, Any]:
    """Send again: `legs`, `corrected`."""
    names = [str(name) for name in asked["legs"]]
    return {"messages": _at(home).resends.retry(names, bool(asked.get("corrected")), act_of(asked), home.clock.now())}


def settle(home: House, asked: Asked) -> dict[str, Any]:
    """Put away what did not arrive: `legs`."""
    names = [str(name) for name in asked["legs"]]
    return {"messages": _at(home).resends.settle(names, act_of(asked), home.clock.now())}


def transfer(home: House, asked: Asked) -> dict[str, Any]:
    """Take legs to another office: `to`, and `legs` or `office` and `matter`; `basis`, `unanswered`, `after`."""
    order = Order(to=str(asked["to"]), legs=[str(name) for name in asked["legs"]], office=str(asked["office"]),
                  matter=str(asked["matter"]), basis=asked["basis"], unanswered=bool(asked["unanswered"]),
                  after=str(asked["after"]))
    return _at(home).transfers.transfer(order, act_of(asked), home.clock.now()).as_json()


def deliver(home: House, asked: Asked) -> dict[str, Any]:
    """Record that results were handed out for offices that are gone: `legs`, `mode`."""
    names = [str(name) for name in asked["legs"]]
    return {"legs": _at(home).deliveries.deliver(names, str(asked["mode"]), act_of(asked), home.clock.now())}


def scan_seen(home: House, asked: Asked) -> dict[str, Any]:
    """Note that infected files are seen to: `files`."""
    names = [str(name) for name in asked["files"]]
    return {"files": _at(home).spoiled.seen(names, act_of(asked), home.clock.now())}


def erase(home: House, asked: Asked) -> dict[str, Any]:
    """Erase what closed cases say of people: `references`; with `undelivered` though results were not handed out."""
    names = [str(name) for name in asked["references"]]
    done = _at(home).erasures.erase(names, act_of(asked), home.clock.now(),
                                       undelivered=bool(asked.get("undelivered")))
    home.desk.write_down(home.clock.now())
    return {"cases": done}


def quarantine_apply(home: House, asked: Asked) -> dict[str, Any]:
    """Judge a strange notice again: `id`."""
    return _at(home).quarantine.apply(str(asked["id"]), act_of(asked), home.clock.now())


def quarantine_discard(home: House, asked: Asked) -> dict[str, Any]:
    """Put a strange notice away: `id`."""
    return _at(home).quarantine.discard(str(asked["id"]), act_of(asked), home.clock.now())


def quarantine_show(home: House, asked: Asked) -> dict[str, Any]:
    """A strange notice with what it says: `id`."""
    return _at(home).quarantine.show(str(asked["id"]), act_of(asked), home.clock.now())


def pause(home: House, asked: Asked) -> dict[str, Any]:
    """Nothing leaves, nothing of departments is taken."""
    return _at(home).pause(act_of(asked), home.clock.now())


def resume(home: House, asked: Asked) -> dict[str, Any]:
    """Go on."""
    return _at(home).resume(act_of(asked), home.clock.now())


def revoke(home: House, asked: Asked) -> dict[str, Any]:
    """Revoke a bearer token: `id`. A copy that is put back a moment later must not let it in again."""
    done = _at(home).revoke_token(str(asked["id"]), act_of(asked), home.clock.now())
    home.desk.write_down(home.clock.now())
    return done


def note(home: House, asked: Asked) -> dict[str, Any]:
    """Record what was done beside the portal: `action`, `target`, `data`. The journal has then all that a backup
    knows, so that one copied behind it fits it."""
    action = str(asked["action"])
    if action not in NOTED:
        raise ValueError(action)
    _at(home).note(action, str(asked["target"]), dict(asked.get("data") or {}), act_of(asked), home.clock.now())
    home.desk.write_down(home.clock.now())
    return {"noted": action}


def reseal(home: House, asked: Asked) -> dict[str, Any]:
    """Seal some more anew: `newest` is the key that is meant, `after` where the last slice ended."""
    return asdict(_at(home).rekeying.reseal(str(asked["newest"]), asked["after"]))


def resealed(home: House, asked: Asked) -> dict[str, Any]:
    """Record that nothing is sealed by a key that is older than `newest`; `done`: how much was until now."""
    _at(home).rekeying.resealed(str(asked["newest"]), int(asked["done"]), act_of(asked), home.clock.now())
    return {"noted": "keys.reseal"}


def destroy_key(home: House, asked: Asked) -> dict[str, Any]:
    """Do without a `key` that no copy needs which is kept for `keep` days."""
    return _at(home).rekeying.destroy(str(asked["key"]), timedelta(days=int(asked["keep"])), act_of(asked),
                                      home.clock.now())


def verified(home: House, asked: Asked) -> dict[str, Any]:
    """Keep what a walk through all chains came to: `holds`, `chains`, `entries`, `erased`, `seals`, `outside`,
    `first_bad`."""
    act, outside, bad = act_of(asked), asked["outside"], asked["first_bad"]
    counts = {name: int(asked[name]) for name in ("chains", "entries", "erased", "seals")}
    found = Verification(home.clock.now(), act.by, bool(asked["holds"]), **counts,
                         outside=None if outside is None else int(outside), first_bad=None if bad is None else str(bad))
    _at(home).verified(found, act)
    return {"noted": "verify"}


OPERATIONS: Mapping[str, Callable[[House, Asked], dict[str, Any]]] = {
    "retry": retry, "settle": settle, "transfer": transfer, "deliver": deliver, "erase": erase,
    "scan-seen": scan_seen,
    "quarantine-apply": quarantine_apply, "quarantine-discard": quarantine_discard, "quarantine-show": quarantine_show,
    "pause": pause, "resume": resume, "revoke": revoke, "note": note,
    "verified": verified, "reseal": reseal, "resealed": resealed, "destroy-key": destroy_key,
}
