"""An applicant's program: composes, fills, uploads, files, answers every ask, and waits for the end, by API alone."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

import requests

from bench import parties
from bench.answers import LATER
from bench.filling import answers
from catalog.load import load_catalog
from desk.applicants.consents import sensitive_lines
from forms.compose import compose
from sources.samples import sample_paper

HOME = Path(__file__).resolve().parent.parent
ENDED = frozenset({"finished", "partly_finished", "not_granted", "withdrawn"})
OVER = frozenset({"granted", "delivered", "refused", "not_accepted", "withdrawn", "terminated", "voided", "not_needed"})
CATALOG = load_catalog(HOME / "bundles").catalog
Seen = Callable[[requests.Response | requests.RequestException], None]


class Applicant:
    """One applicant with a bearer token; every call is retried while the portal is away, or says 503 or 507.

    `seen` is told of every single answer, and of every call that had none.
    """

    patience = 60.0
    seconds = 30.0  # that it waits for one answer

    def __init__(self, url: str, token: str, seen: Seen | None = None) -> None:
        self._url = url
        self._seen = seen or (lambda _: None)
        self._http = requests.Session()
        self._http.trust_env = False
        self._http.headers["Authorization"] = f"Bearer {token}"

    def call(self, method: str, path: str, **more: Any) -> requests.Response:
        """One request, repeated while nobody listens or the portal says 503 or 507."""
        until = time.monotonic() + self.patience
        while True:
            try:
                answer = self.once(method, path, **more)
                self._seen(answer)
                if answer.status_code not in LATER or time.monotonic() > until:
                    return answer
            except requests.RequestException as error:
                self._seen(error)
                if time.monotonic() > until:
                    raise
            time.sleep(0.05)

    def once(self, method: str, path: str, **more: Any) -> requests.Response:
        """One request, sent once."""
        return self._http.request(method, f"{self._url}{path}", timeout=self.seconds, **more)

    def prepare(self, bundle: str, situation: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Everything a filing of `bundle` sends; papers are uploaded."""
        situation = dict(situation or CATALOG.bundles[bundle].figures)
        today = datetime.now(ZoneInfo("Asia/Shanghai")).date()
        plan = compose(CATALOG, bundle, situation, today=today)
        form = answers(plan, today)
        plan = compose(CATALOG, bundle, situation, today=today, form=form)
        materials = {line.key: [self.upload(line.key)] for line in plan.materials}
        return {"bundle": bundle, "situation": jsonable(situation), "form": form, "materials": materials,
                "consent": {"agreed": True, "sensitive": [line.code for line in sensitive_lines(plan)]}}

    def anew(self, filing: Mapping[str, Any]) -> dict[str, Any]:
        """The same filing with papers of its own, for a file belongs to one case."""
        return {**filing, "materials": {key: [self.upload(key)] for key in filing["materials"]}}

    def upload(self, key: str) -> str:
        """Upload a sample paper for a material key; its file id."""
        return str(good(self.send(*self.paper(key)))["file"])

    def send(self, name: str, type_: str, content: bytes) -> requests.Response:
        """Send a file to be kept; whatever the answer is."""
        headers = {"Content-Type": type_, "Content-Disposition": f"attachment; filename*=UTF-8''{quote(name)}"}
        return self.call("POST", "/api/files", data=content, headers=headers)

    def paper(self, key: str) -> tuple[str, str, bytes]:
        """A sample paper for a material key, in a type that this kind takes: its name, type and bytes."""
        kind = CATALOG.materials.get(key.partition("#")[0].partition("@")[0])
        return sample_paper(key, kind.spec.file_types if kind else ("pdf",))

    def file(self, filing: dict[str, Any], key: str) -> dict[str, Any]:
        """File it; the receipt. Papers that no register holds are asked back by name: they are added to `filing`, and
        it is filed again."""
        return good(self.try_to_file(filing, key))

    def try_to_file(self, filing: dict[str, Any], key: str) -> requests.Response:
        """The same, and whatever the answer is."""
        answer = self.call("POST", "/api/cases", json=filing, headers={"Idempotency-Key": key})
        missing = answer.json().get("errors", {}).get("materials", {}) if answer.status_code == 422 else {}
        if missing:
            filing["materials"] |= {key: [self.upload(key)] for key in missing}
            answer = self.call("POST", "/api/cases", json=filing, headers={"Idempotency-Key": key})
        if answer.status_code == 409 and answer.json()["code"] == "agreement_missing":
            return self._file_draft(filing)
        return answer

    def _file_draft(self, filing: dict[str, Any]) -> requests.Response:
        """File as a draft to which everybody agrees who must; papers that no register holds are brought."""
        made = good(self.call("POST", "/api/drafts", json={name: filing[name] for name in ("bundle", "situation")}))
        draft = f"/api/drafts/{made['draft']}"
        parts = {name: filing[name] for name in ("form", "materials", "consent")}
        for one in good(self.call("PATCH", draft, json=parts))["agreements"]:
            asked = good(self.call("POST", f"{draft}/agreements/{one['role']}/code"))
            parties.agree(self._url, one["name"], asked["code"])
        filing["materials"] |= {key: [self.upload(key)] for key in good(self.call("GET", draft))["missing"]}
        good(self.call("PATCH", draft, json={"materials": filing["materials"]}))
        return self.call("POST", f"{draft}/submit", json={"consent": filing["consent"]})

    def see(self, reference: str) -> dict[str, Any]:
        """The case with every leg."""
        return good(self.call("GET", f"/api/cases/{reference}"))

    def answer_asks(self, view: Mapping[str, Any]) -> int:
        """Answer every open ask of a case; how many. After a transfer the new office may ask under an id that the one
        before used, so it is told by its time, too: under the same key it would be the answer of before, again."""
        asks = [(leg, ask) for leg in view["legs"] for ask in leg["asks"] if ask["open"]]
        for leg, ask in asks:
            self.call("POST", f"/api/cases/{view['reference']}/supplement", json=self.supply(leg, ask),
                      headers={"Idempotency-Key": f"{leg['id']}:{ask['id']}:{ask['asked_at']}"})
        return len(asks)

    def supply(self, leg: Mapping[str, Any], ask: Mapping[str, Any]) -> dict[str, Any]:
        """What answers an ask of a leg; its papers are uploaded."""
        return {"leg": leg["leg"], "ask": ask["id"], "fields": {entry["field"]: "10" for entry in ask["fields"]},
                "materials": {entry["material"]: [self.upload(entry["material"])] for entry in ask["materials"]}}

    def until_ended(self, reference: str, seconds: float = 120.0) -> dict[str, Any]:
        """Wait for the case to end, answering every ask on the way."""
        return self.until_all_ended([reference], seconds)[reference]

    def until_all_ended(self, references: Iterable[str], seconds: float = 120.0) -> dict[str, dict[str, Any]]:
        """Wait for several cases to end, answering every ask on the way; their last views."""
        until = time.monotonic() + seconds
        views = {reference: self.see(reference) for reference in references}
        while still := [view for view in views.values() if view["state"] not in ENDED]:
            if time.monotonic() > until:
                raise TimeoutError(f"did not end: {open_legs(still)}")
            if not sum(map(self.answer_asks, still)):
                time.sleep(0.2)
            views.update({view["reference"]: self.see(view["reference"]) for view in still})
        return views


def in_public() -> tuple[str, ...]:
    """The bundles of which, as they are published, a leg may be decided only after days in public (公告, 公示)."""
    today = datetime.now(ZoneInfo("Asia/Shanghai")).date()
    plans = {bundle: compose(CATALOG, bundle, made.figures, today=today) for bundle, made in CATALOG.bundles.items()}
    return tuple(sorted(bundle for bundle, plan in plans.items() if any(leg.wait for leg in plan.legs)))


def open_legs(views: Iterable[Mapping[str, Any]]) -> list[tuple[str, str, str]]:
    """The legs of these cases that are not over: id, state and why."""
    return [(leg["id"], leg["state"], leg["why"]) for view in views for leg in view["legs"] if leg["state"] not in OVER]


def good(answer: requests.Response) -> dict[str, Any]:
    """The JSON of a good answer; anything else is shown whole."""
    if not answer.ok:
        raise RuntimeError(f"{answer.status_code} {answer.text}")
    return dict(answer.json())


def jsonable(value: Any) -> Any:
    """A situation as JSON sends it."""
    if isinstance(value, Mapping):
        return {key: jsonable(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [jsonable(inner) for inner in value]
    return value if isinstance(value, bool | str) or value is None else str(value)
