"""A buyer who files what somebody else must agree to, and the seller who agrees, refuses, and takes it back.

They do it one after the other and at one moment: the seller takes a yes back while it is filed, the buyer changes what
was shown while the seller agrees to it. What was begun is on record before it, what became of it after its answer; and
after each crossing the seller looks how it stands.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from random import Random
from typing import Any, NamedTuple

import requests

from bench.applicant import good
from chaos.clients import PATIENCE, UNKNOWN, Office
from chaos.forms import BUYER, SOLD
from chaos.stage import Stage
from chaos.taking_part import thread_of
from sandbox.ledger import Ledger

ROLE = "owner"
HELD, UNHELD = "seller", "another-seller"  # of the second one no register holds the title
SELLERS = {HELD: ("示例己", "370202199308099958"), UNHELD: ("示例丁", "37020219950607994X")}
SITUATION = {"mortgaged": False, "moves": ["water", "power"], "bills_paid": True, "filer": "self"}
NAME, NUMBER, PRICE = "home_owner_name", "home_owner_id", "sale_price"
SOMETIMES = 0.4  # of the sales are of a home whose title no register holds
COINCIDES = 0.25  # seconds within which what shall happen at the same time begins
WAYS = ("taken", "changed", "crossing", "refused", "taken", "plain")
LEAST = 3 * len(WAYS)  # sales, however early everything else ends: two acts cross at one moment only now and then
MOST_TRIES = 20  # to come to an end with one draft: the clock leaps, and codes and looks grow old


class Seller(Office):
    """Somebody whom forms name, with an account of this name and number."""

    def open(self, code: str) -> dict[str, Any] | None:
        """What a code opens; None where it is worth nothing any more, as after an answer that was lost."""
        answer = self.call("POST", "/api/agreements/open", json={"code": code})
        return None if answer.status_code == UNKNOWN else good(answer)

    def say(self, answer: str, agreement: str, digest: str | None = None) -> None:
        """Agree, refuse, or take it back, and look how it stands then."""
        begun = time.time()
        self.note("says", answer=answer, agreement=agreement, digest=digest)
        body = {"answer": answer, **({} if digest is None else {"digest": digest, "sensitive": True})}
        told = self.call("POST", f"/api/agreements/{agreement}", json=body)
        seen = told if told.ok else self.call("GET", f"/api/agreements/{agreement}")  # the first answer may be lost
        stands = {name: good(seen)[name] for name in ("state", "said_at", "reference")}
        self.note("said", answer=answer, agreement=agreement, digest=digest, begun=begun, status=told.status_code,
                  code="" if told.ok else told.json()["code"], **stands)

    def digest_now(self, agreement: str) -> str:
        """The digest of what is shown now."""
        return str(good(self.call("GET", f"/api/agreements/{agreement}"))["digest"])

    def all(self) -> list[dict[str, Any]]:
        """Everything that was ever opened."""
        found, after = list[dict[str, Any]](), ""
        while True:
            page = good(self.call("GET", f"/api/agreements?after={after}" if after else "/api/agreements"))
            found += page["agreements"]
            if not (after := page["next"] or ""):
                return found


class Buyer(Office):
    """Fills in and files; each draft is known by its id, which is the key of its filing as well."""

    def begin(self, prepared: Mapping[str, Any], seller: str) -> str:
        """A draft that names this seller, filled in; its id."""
        draft = str(good(self.call("POST", "/api/drafts", json={
            name: prepared[name] for name in ("bundle", "situation")}))["draft"])
        name, number = SELLERS[seller]
        good(self.change(draft, form={**prepared["form"], NAME: name, NUMBER: number}, consent=prepared["consent"]))
        self.note("tried", key=draft)
        return draft

    def change(self, draft: str, **parts: Any) -> requests.Response:
        """Lay changes over a draft."""
        return self.call("PATCH", f"/api/drafts/{draft}", json=parts)

    def code(self, draft: str) -> str:
        """A code by which the seller opens a draft."""
        return str(good(self.call("POST", f"/api/drafts/{draft}/agreements/{ROLE}/code"))["code"])

    def look(self, draft: str) -> dict[str, Any]:
        """A draft as it stands, on record with what is missing of it: what is not found was looked up."""
        begun = time.time()
        seen = good(self.call("GET", f"/api/drafts/{draft}"))
        self.note("draft_seen", draft=draft, begun=begun, missing=seen["missing"],
                  states=[one["state"] for one in seen["agreements"]], filed=seen["filed_as"])
        return seen

    def hand_in(self, draft: str, consent: Mapping[str, Any]) -> bool:
        """Submit a draft; whether there is a receipt."""
        begun = time.time()
        answer = self.call("POST", f"/api/drafts/{draft}/submit", json={"consent": consent})
        said = answer.json()
        self.note("submitted", draft=draft, begun=begun, status=answer.status_code, code=said.get("code"))
        if answer.ok:
            self.note_receipt(said, {"materials": good(self.call("GET", f"/api/drafts/{draft}"))["materials"]}, draft)
        return answer.ok


class Sale(NamedTuple):
    """A draft, whom it names as the seller, and under what number that person is asked."""

    draft: str
    seller: Seller
    agreement: str


class Agreeing:
    """Both, and a stranger into whose hands codes fall, if the form lets them deal with each other."""

    def __init__(self, stage: Stage, token: str, log: Ledger) -> None:
        self._stage, self._form, self._log = stage, stage.form, log
        self._buyer = Buyer(stage.url, token, BUYER, log)
        self._stranger = Office(stage.url, token, "stranger", log)
        self._dice, self._over = Random(f"{stage.seed}/agreeing"), threading.Event()
        self.faults: list[str] = []
        self._threads: list[threading.Thread] = []
        self._sellers: dict[str, Seller] = {}
        if self._form.agrees:
            self._invite()

    def _invite(self) -> None:
        """A seller's account is a sample person's; each token is a command of its own."""
        names = {one: _account(self._stage.url, name) for one, (name, _) in SELLERS.items()}
        with ThreadPoolExecutor(2) as pool:
            tokens = dict(zip(names, pool.map(lambda name: self._stage.token(subject=name), names.values()),
                              strict=True))
        self._sellers = {one: Seller(self._stage.url, tokens[one], one, self._log) for one in SELLERS}
        self._threads = [thread_of(self._deal, self.faults)]

    def start(self) -> None:
        """Begin."""
        for thread in self._threads:
            thread.start()

    def wait_until_filed(self, seconds: float) -> None:
        """Wait until everything is filed that was begun; nothing more is."""
        self._over.set()
        for thread in self._threads:
            thread.join(seconds)
            self.faults += ["who agrees did not come to an end"] if thread.is_alive() else []

    def list(self) -> None:
        """What the seller is told of it all in the end, on record."""
        for seller in self._sellers.values():
            for one in seller.all():
                seller.note("listed", **{name: one[name] for name in ("agreement", "state", "reference", "digest")})

    def _deal(self) -> None:
        prepared = {**self._buyer.prepare(SOLD, SITUATION), "materials": {}}
        for number in range(self._form.agrees):
            if self._over.wait(self._dice.uniform(*self._form.agree_pauses)) and number >= LEAST:
                return
            self._sell(prepared, WAYS[number % len(WAYS)])

    def _sell(self, prepared: Mapping[str, Any], way: str) -> None:
        """One draft, from its beginning until it is filed."""
        name = UNHELD if self._dice.random() < SOMETIMES else HELD
        draft = self._buyer.begin(prepared, name)
        self._buyer.look(draft)
        sale = self._asked(draft, self._sellers[name])
        self._at_first(sale, prepared["consent"], way)
        for _ in range(MOST_TRIES):
            seen = self._buyer.look(draft)
            if seen["filed_as"] or self._filed(sale, prepared["consent"]):
                break
        else:
            raise RuntimeError(f"{draft} is not filed")
        self._buyer.hand_in(draft, prepared["consent"])  # the same once more

    def _asked(self, draft: str, seller: Seller) -> Sale:
        """The seller opens what is asked; a stranger tries before."""
        for _ in range(MOST_TRIES):
            code = self._buyer.code(draft)
            begun = time.time()
            tried = self._stranger.call("POST", "/api/agreements/open", json={"code": code})
            self._stranger.note("tried_to_open", begun=begun, status=tried.status_code)
            opened = seller.open(code)
            if opened is not None:
                return Sale(draft, seller, str(opened["agreement"]))
        raise RuntimeError(f"{draft} is not opened")

    def _at_first(self, sale: Sale, consent: Mapping[str, Any], way: str) -> None:
        """What happens before it goes well in the end."""
        buyer, draft, seller, agreement = self._buyer, *sale
        first = seller.digest_now(agreement)
        if way == "refused":
            seller.say("refuse", agreement, first)
            buyer.hand_in(draft, consent)
        if way == "crossing":
            self._at_once([lambda: self._reprice(draft), lambda: seller.say("agree", agreement, first)])
            buyer.hand_in(draft, consent)
        if way in {"taken", "changed"}:
            self._brought(draft)
            seller.say("agree", agreement, first)
            self._brought(draft)
        if way == "changed":
            self._reprice(draft)
            buyer.hand_in(draft, consent)
        if way == "taken":
            self._at_once([lambda: buyer.hand_in(draft, consent), lambda: seller.say("take_back", agreement)])
            buyer.hand_in(draft, consent)

    def _filed(self, sale: Sale, consent: Mapping[str, Any]) -> bool:
        """Agree to what is shown now, bring what is missing, and file; whether it is."""
        draft, seller, agreement = sale
        try:
            seller.say("agree", agreement, seller.digest_now(agreement))
        except RuntimeError:  # filed in between
            return bool(good(self._buyer.call("GET", f"/api/drafts/{draft}"))["filed_as"])
        self._brought(draft)
        return self._buyer.hand_in(draft, consent)

    def _brought(self, draft: str) -> None:
        """Papers that no register holds are brought."""
        seen = self._buyer.look(draft)
        if seen["missing"] and not seen["filed_as"]:
            papers = {key: [self._buyer.upload(key)] for key in seen["missing"]}
            self._buyer.change(draft, materials=papers)

    def _reprice(self, draft: str) -> None:
        self._buyer.change(draft, form={PRICE: str(self._dice.randrange(10**6, 10**7))})

    def _at_once(self, acts: Iterable[Callable[[], object]]) -> None:
        def later(act: Callable[[], object], pause: float) -> None:
            time.sleep(pause)
            act()

        with ThreadPoolExecutor() as hands:
            for done in [hands.submit(later, act, self._dice.uniform(0, COINCIDES)) for act in acts]:
                done.result()


def _account(url: str, name: str) -> str:
    """The account of the sample person of this name, which is made at its first use."""
    with requests.Session() as person:
        person.trust_env = False
        listed = person.get(f"{url}/demo/personas", timeout=PATIENCE).json()
        who = str(next(one["id"] for one in listed["personas"] if one["name"] == name))
        person.post(f"{url}/demo/personas/{who}", headers={"X-CSRFToken": listed["csrf_token"]},
                    timeout=PATIENCE).raise_for_status()
    return who
