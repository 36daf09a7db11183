"""Giving a mandate (委托) and taking it back.

The agent shows a code, the principal types it in: nobody is searched for among all people, and whoever guesses or
overhears a code gains nothing by it, for it only lets its owner be entrusted with something. A mandate is given by the
principal alone, for oneself alone, so nobody gives on what was given.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal

from desk import reference as references
from desk import repeats
from desk.agents.agency import ACTS, FILE, covers, in_force
from desk.agents.under_mandate import last_day, names_of
from desk.errors import InvalidAnswers, TooManyMandates, UnknownAgentCode, UnknownMandate
from desk.parties.persons import name_of
from desk.premises import Premises
from desk.repeats import Repeated
from forms.values import BadValue, safe_text
from store import audit, failpoints, mandates, people
from store.audit import Entry
from store.errors import UnknownMandate as NotStored
from store.mandates import MOST_LISTED, MandateRow
from store.port import Tx
from store.submissions import Submission

CODE_LIFE = timedelta(minutes=15)
LONGEST = timedelta(days=366)  # from its first day to its last: who still wants it then gives it anew
MOST_STANDING = 100
MOST_OFFERED = 30  # of those under which an agent may file, where one is chosen
LONGEST_REASON = 200
OWN_CODE = "这是您自己的代办码；请填代办人告诉您的那个"
State = Literal["coming", "in_force", "expired", "revoked"]
STATE_NAMES: dict[State, str] = {"coming": "还没开始", "in_force": "有效", "expired": "已到期", "revoked": "已撤销"}


@dataclass(frozen=True, slots=True)
class Wish:
    """What a principal entrusts to whoever showed `code`: `bundles` None: all, `valid_from` None: from now on; both
    days belong to it."""

    code: str
    valid_until: date
    bundles: tuple[str, ...] | None = None
    acts: tuple[str, ...] = tuple(ACTS)
    valid_from: date | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Mandate:
    """A mandate as both sides see it; `bundles` are named as they are now (None: all), `until` is its last day."""

    row: MandateRow
    state: State
    bundles: tuple[str, ...] | None
    until: str

    @property
    def state_name(self) -> str:
        """Its state in Chinese."""
        return STATE_NAMES[self.state]

    @property
    def acts(self) -> list[str]:
        """What the agent may do, in Chinese."""
        return [ACTS[act] for act in self.row.body["acts"]]


class Mandates:
    """The mandates of all people; each call sees only those of one."""

    def __init__(self, premises: Premises) -> None:
        self._premises = premises

    def show_code(self, agent: str, now: datetime) -> tuple[str, datetime]:
        """A new code by which `agent` can be entrusted, once, and until when; the one before is worth nothing."""
        code, until = references.new_code(), now + CODE_LIFE
        self._premises.database.write(lambda tx: mandates.show_code(tx, agent, code, until))
        return code, until

    def behind(self, code: str, principal: str, now: datetime) -> str:
        """The name of whoever showed a code; `UnknownAgentCode` if it is worth nothing, or the principal's own."""
        with self._premises.database.read() as tx:
            agent = mandates.agent_of(tx, references.clean_code(code), now)
            if agent is None:
                raise UnknownAgentCode
            if agent == principal:
                raise UnknownAgentCode(OWN_CODE)
            return name_of(tx, agent)

    def give(self, principal: str, wish: Wish, key: str, now: datetime) -> Mandate:
        """Entrust whoever showed the code. The same key and content: the same mandate."""
        content = ("mandate", references.clean_code(wish.code), wish.bundles, wish.acts, str(wish.valid_from),
                   str(wish.valid_until), wish.reason)
        key, digest = repeats.checked_key(key), repeats.digest_of(content)
        earlier = repeats.earlier(self._premises.database, principal, key, digest)
        if earlier is not None:
            return self.one(principal, str(earlier["mandate"]), now)
        self._refuse_unfit(wish, now)
        number = f"WT{references.new_reference(self._day(now))}"
        sent = Submission(subject=principal, key=key, digest=digest, reference=number, at=now,
                          answer={"mandate": number})

        def unit(tx: Tx) -> None:
            repeats.claim(tx, sent)
            mandates.add(tx, self._made(tx, principal, wish, sent, self._taken(tx, principal, wish.code, now)))
            audit.record(tx, Entry(now, "applicant", "mandate.give", number))
            failpoints.reach("mandate.before_commit")

        try:
            self._premises.database.write(unit)
        except Repeated as repeated:
            number = str(repeats.answer_of(repeated.earlier, digest)["mandate"])
        failpoints.reach("mandate.after_commit")
        return self.one(principal, number, now)

    def _taken(self, tx: Tx, principal: str, code: str, now: datetime) -> str:
        """The agent whose code this is, which is used up by it."""
        agent = mandates.use_code(tx, references.clean_code(code), now)
        if agent is None or people.is_closed(tx, agent):
            raise UnknownAgentCode
        if agent == principal:
            raise InvalidAnswers(errors={"code": [OWN_CODE]})
        if mandates.count_standing(tx, principal, now) >= MOST_STANDING:
            raise TooManyMandates
        return agent

    def _made(self, tx: Tx, principal: str, wish: Wish, sent: Submission, agent: str) -> MandateRow:
        body = {"bundles": None if wish.bundles is None else list(dict.fromkeys(wish.bundles)),
                "acts": [act for act in ACTS if act in wish.acts], "reason": wish.reason, "key": sent.key,
                "principal_name": name_of(tx, principal), "agent_name": name_of(tx, agent)}
        first = sent.at if wish.valid_from is None else max(sent.at, self._begin(wish.valid_from))
        return MandateRow(sent.reference, principal, agent, first, self._begin(wish.valid_until + timedelta(days=1)),
                          sent.at, body)

    def revoke(self, subject: str, mandate: str, now: datetime) -> Mandate:
        """End a mandate at once, by its principal or its agent; one that is over stays as it is."""
        def unit(tx: Tx) -> None:
            row = _own(tx, subject, mandate, lock=True)
            if row.valid_until > now and mandates.revoke(tx, mandate, now):
                by = "principal" if subject == row.principal else "agent"
                audit.record(tx, Entry(now, "applicant", "mandate.revoke", mandate, {"by": by}))

        self._premises.database.write(unit)
        failpoints.reach("mandate.after_end")
        return self.one(subject, mandate, now)

    def one(self, subject: str, mandate: str, now: datetime) -> Mandate:
        """One that the subject gave or was given; anybody else's is as unknown as none."""
        with self._premises.database.read() as tx:
            return self._shown(_own(tx, subject, mandate), now)

    def given(self, principal: str, now: datetime, after: str | None = None,
              limit: int = MOST_LISTED) -> tuple[list[Mandate], str | None]:
        """What the principal gave, the newest first, and where the next page begins (None: this was the last)."""
        with self._premises.database.read() as tx:
            found, then = mandates.given_by(tx, principal, after, limit)
        return [self._shown(row, now) for row in found], then

    def received(self, agent: str, now: datetime, after: str | None = None,
                 limit: int = MOST_LISTED) -> tuple[list[Mandate], str | None]:
        """What the agent was given, the newest first, and where the next page begins (None: this was the last)."""
        with self._premises.database.read() as tx:
            found, then = mandates.given_to(tx, agent, after, limit)
        return [self._shown(row, now) for row in found], then

    def for_filing(self, agent: str, bundle: str, now: datetime) -> tuple[list[Mandate], bool]:
        """Under which the agent may file a bundle now, one for each principal, those that last longest in front; and
        whether there may be more, which are found by their numbers (`lets_file`)."""
        with self._premises.database.read() as tx:
            standing = mandates.standing_of(tx, agent, now)
        firsts: dict[str, MandateRow] = {}
        for row in standing:
            if in_force(row, now) and covers(row, bundle, FILE):
                firsts.setdefault(row.principal, row)
        found = list(firsts.values())
        return [self._shown(row, now) for row in found[:MOST_OFFERED]], (
            len(found) > MOST_OFFERED or len(standing) == MOST_LISTED)

    def lets_file(self, agent: str, mandate: str, bundle: str, now: datetime) -> Mandate | None:
        """This mandate, if under it the agent may file a bundle now."""
        with self._premises.database.read() as tx, suppress(UnknownMandate):
            row = _own(tx, agent, mandate)
            if row.agent == agent and in_force(row, now) and covers(row, bundle, FILE):
                return self._shown(row, now)
        return None

    def _shown(self, row: MandateRow, now: datetime) -> Mandate:
        named = names_of(row, self._premises.catalog)
        return Mandate(row, state_of(row, now), None if named is None else tuple(named),
                       last_day(row, self._premises.zone))

    def _refuse_unfit(self, wish: Wish, now: datetime) -> None:
        wrong = dict(_problems(wish, self._premises.catalog.bundles, self._day(now)))
        if wrong:
            raise InvalidAnswers(errors=wrong)

    def _day(self, now: datetime) -> date:
        return now.astimezone(self._premises.zone).date()

    def _begin(self, day: date) -> datetime:
        return datetime(day.year, day.month, day.day, tzinfo=self._premises.zone)


def state_of(row: MandateRow, now: datetime) -> State:
    """How a mandate stands now."""
    if row.revoked_at is not None:
        return "revoked"
    if in_force(row, now):
        return "in_force"
    return "coming" if row.valid_from > now else "expired"


def _problems(wish: Wish, bundles: Iterable[str], today: date) -> Iterable[tuple[str, list[str]]]:
    """What cannot be entrusted so, by its part."""
    first, last = wish.valid_from or today, wish.valid_until
    checks: tuple[tuple[str, str, Callable[[], bool]], ...] = (
        ("bundles", "请至少选一件事，或者选全部", lambda: wish.bundles == ()),
        ("bundles", "有的一件事不存在；请重新选择", lambda: not set(wish.bundles or ()) <= set(bundles)),
        ("acts", f"可以委托：{'、'.join(ACTS)}；其中 {FILE} 必选", lambda: not {FILE} <= set(wish.acts) <= set(ACTS)),
        ("valid_from", "开始日期不能早于今天，也不能晚于一年以后", lambda: not today <= first <= today + LONGEST),
        ("valid_until", "到期日期不能早于开始日期，也不能早于今天", lambda: last < max(first, today)),
        ("valid_until", "一次最多委托一年；到期后可以重新委托", lambda: last - first > LONGEST),
    )
    yield from ((part, [says]) for part, says, fails in checks if fails())
    try:
        safe_text(wish.reason, LONGEST_REASON)
    except BadValue as bad:
        yield "reason", [str(bad.errors[0])]


def _own(tx: Tx, subject: str, mandate: str, *, lock: bool = False) -> MandateRow:
    try:
        row = mandates.get(tx, mandate, lock)
    except NotStored:
        raise UnknownMandate from None
    if subject not in (row.principal, row.agent):
        raise UnknownMandate
    return row
