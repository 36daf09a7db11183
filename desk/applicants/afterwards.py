"""What an applicant does after filing: answer an ask, withdraw legs, and see beforehand what that leads to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

from cases import urges
from cases.ahead import Effect, foresee
from cases.due import Dates
from cases.model import Ask, Case, Event, LegState
from cases.states import FINAL
from catalog.model import Catalog
from desk import repeats
from desk.agents import agency
from desk.agents.agency import Agency, Hand
from desk.book import Book, Decide
from desk.errors import DeskError, InvalidAnswers, NotNow, UnknownLeg
from desk.known import Known
from desk.premises import Premises
from desk.repeats import Repeated
from desk.uploads.papers import Papers, lost_file, specs_of, wrong_papers
from desk.writing import Alongside
from forms.given import read_in_place
from forms.plan import Plan
from forms.schema import validate_form
from forms.values import BadValue, is_blank, safe_text
from store import consents, files
from store.errors import FileTaken
from store.errors import UnknownFile as NotStored
from store.port import Tx
from store.submissions import Submission

LONGEST_TEXT = 2_000
LONGEST_REASON = 500
TAKEN_BACK = "申请人撤回了对个人信息处理的同意"
ONCE_A_DAY = "今天已经催办过；每个工作日可以催一次。"


@dataclass(frozen=True, slots=True)
class Supply:
    """The answer to one ask of one leg: values by field, file ids by material."""

    leg: str
    ask: str
    fields: Mapping[str, Any] = field(default_factory=dict)
    materials: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


class AfterFiling:
    """What applicants do with a case that is filed: answer what is asked, and withdraw."""

    def __init__(self, premises: Premises, book: Book) -> None:
        self._premises, self._book, self._agency = premises, book, Agency(premises)

    def seen(self, subject: str, reference: str, now: datetime | None, act: str = agency.FILE) -> tuple[Known, Hand]:
        """A case of the subject, or one filed as an agent whose mandate holds at `now` and allows `act`; anybody
        else's is as unknown as none."""
        known = self._book.fresh(reference)
        return known, self._agency.hand(subject, known.row, now, act)

    def supplement(self, subject: str, reference: str, supply: Supply, key: str, now: datetime) -> None:
        """Answer an ask; it must be complete. The same key and content have one effect."""
        leg = number_of(reference, supply.leg)
        data = {"ask": supply.ask, "fields": dict(supply.fields),
                "materials": {kind: list(names) for kind, names in supply.materials.items()}}
        sent = self._sent(subject, reference, key, ("supplement", reference, leg, data), now)
        if sent is None:
            return
        with self._unless_done(sent), _lost_files_named(supply.materials):
            known, hand = self.seen(subject, reference, now, agency.ANSWER)

            def link(tx: Tx) -> None:
                agency.hold(tx, hand, known.row, now, agency.ANSWER)
                named = {name for names in supply.materials.values() for name in names}
                files.link(tx, reference, subject, sorted(named))
                agency.take_over(tx, hand, known.row)

            said = {**data, "fields": self._complete(known, subject, supply)}
            answer = Event("leg.supplemented", now, hand.by, leg, said)
            self._once(known, sent, partial(_if_open, answer), now, link)

    def _complete(self, known: Known, subject: str, supply: Supply) -> dict[str, Any]:
        """The fields in their clean form; `InvalidAnswers` names what is missing, wrong or not asked."""
        number = number_of(known.row.reference, supply.leg)
        ask = open_ask(known.case, number, supply.ask)
        wanted_papers = {str(entry["material"]): entry for entry in ask.materials}
        wanted_fields = {str(entry["field"]): entry for entry in ask.fields}
        papers = {kind: ["还没有上传；请上传后再提交"] for kind in wanted_papers if not supply.materials.get(kind)}
        papers |= {kind: ["部门没有要求这份材料；请删去"] for kind in supply.materials if kind not in wanted_papers}
        definitions = self._book.definitions(known)
        specs = specs_of(known.case.plan, definitions, supply.materials)
        holder = (subject, known.row.reference)
        papers = {**wrong_papers(self._premises.database, holder, supply.materials, specs), **papers}
        values = {name: ["必填"] for name in wanted_fields if is_blank(supply.fields.get(name))}
        values |= {name: ["部门没有要求这一项；请删去"] for name in supply.fields if name not in wanted_fields}
        clean, wrong = _read(known.case.plan, number, definitions, supply.fields)
        values |= wrong
        if papers or values:
            raise InvalidAnswers(errors={**values, **({"materials": papers} if papers else {})})
        return clean

    def withdrawal(self, subject: str, reference: str, legs: Sequence[str] | None,
                   now: datetime) -> list[Effect]:
        """What withdrawing would lead to, leg by leg, without doing it."""
        known, hand = self.seen(subject, reference, now, agency.WITHDRAW)
        requests = _requests(known.case, self._chosen(known.case, legs), "", (hand.by, now))
        return foresee(known.case, requests, now, self._premises.calendar)

    def withdraw(self, subject: str, reference: str, wish: Withdrawal, key: str, now: datetime) -> None:
        """Withdraw legs (None: all that are still open); unsent ones end at once, others when confirmed."""
        content = ("withdraw", reference, list(wish.legs) if wish.legs is not None else None, wish.reason)
        sent = self._sent(subject, reference, key, content, now)
        if sent is None:
            return
        with self._unless_done(sent):
            known, hand = self.seen(subject, reference, now, agency.WITHDRAW)
            if (unfit := _unfit(wish.reason, LONGEST_REASON)) is not None:
                raise InvalidAnswers(errors={"reason": [unfit]})

            def decide(case: Case) -> Sequence[Event]:
                return _requests(case, self._chosen(case, wish.legs), wish.reason, (hand.by, now))

            self._once(known, sent, decide, now, _holding(hand, known, now, agency.WITHDRAW))

    def take_back_consent(self, subject: str, reference: str, key: str, now: datetime) -> None:
        """Take back the consent to use one's data: every leg that still can be withdrawn is, what is decided stands."""
        sent = self._sent(subject, reference, key, ("consent", reference), now)
        if sent is None:
            return
        known, hand = self.seen(subject, reference, None)

        def decide(case: Case) -> Sequence[Event]:
            return _requests(case, _withdrawable(case), TAKEN_BACK, (hand.by, now))

        def take_back(tx: Tx) -> None:
            if not consents.withdraw(tx, reference, subject, now):
                raise NotNow("您已经撤回过同意。")

        with self._unless_done(sent):
            self._once(known, sent, decide, now, take_back)

    def _chosen(self, case: Case, legs: Sequence[str] | None) -> list[str]:
        if legs is None:
            chosen = _withdrawable(case)
        else:
            chosen = list(dict.fromkeys(number_of(case.reference, leg) for leg in legs))
            unknown = [leg for leg in chosen if leg not in case.legs]
            if unknown:
                raise UnknownLeg
            if any(not can_withdraw(case.legs[leg].state, case.legs[leg].withdrawing) for leg in chosen):
                raise NotNow("选中的事项里有已经办结或正在撤回的，不能再撤回；请刷新页面后重选。")
        if not chosen:
            raise NotNow("这个办件已经没有可以撤回的事项。")
        return chosen

    def urge(self, subject: str, reference: str, wish: Urge, key: str, now: datetime) -> None:
        """Ask the department of a leg that is late or stands still to hurry, once a working day."""
        number, calendar = number_of(reference, wish.leg), self._premises.calendar
        sent = self._sent(subject, reference, key, ("urge", reference, number, wish.reason), now)
        if sent is None:
            return
        with self._unless_done(sent):
            known, hand = self.seen(subject, reference, now, agency.URGE)
            if (unfit := _unfit(wish.reason, LONGEST_REASON)) is not None:
                raise InvalidAnswers(errors={"reason": [unfit]})

            def decide(case: Case) -> Sequence[Event]:
                if number not in case.legs:
                    raise UnknownLeg
                late = urges.is_late(Dates(case, calendar, now), number)
                if not late and not urges.is_stalled(case, number, now, calendar):
                    raise NotNow("这个事项现在没有超期，或者正在等您补充、暂停计时；超期或停得太久后可以催办。")
                if urges.urged_by(case.legs[number], urges.APPLICANT, now, calendar):
                    raise NotNow(ONCE_A_DAY)
                return [urges.urge(case.legs[number], now, hand.by, wish.reason)]

            self._once(known, sent, decide, now, _holding(hand, known, now, agency.URGE))

    def _sent(self, subject: str, reference: str, key: str, content: Any, now: datetime) -> Submission | None:
        """The submission to record beside its effect, or None if this very one had its effect before. It is asked
        before whether the case may be seen: what an agent's mandate allowed stays done when that is over."""
        digest = repeats.digest_of(content)
        if repeats.earlier(self._premises.database, subject, repeats.checked_key(key), digest) is not None:
            return None
        return Submission(subject=subject, key=key, digest=digest, reference=reference, at=now, answer={})

    @contextmanager
    def _unless_done(self, sent: Submission) -> Iterator[None]:
        """No refusal is an answer to a submission that has had its effect meanwhile: its twin was quicker."""
        try:
            yield
        except DeskError:
            if repeats.earlier(self._premises.database, sent.subject, sent.key, sent.digest) is None:
                raise

    def _once(self, known: Known, sent: Submission, decide: Decide, now: datetime, link: Alongside | None) -> None:
        """Make a change and record its submission in one transaction."""
        def alongside(tx: Tx) -> None:
            repeats.claim(tx, sent)
            if link is not None:
                link(tx)

        try:
            self._book.advance(known.row.reference, decide, now, alongside)
        except Repeated as repeated:
            repeats.answer_of(repeated.earlier, sent.digest)


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """Which legs to withdraw (None: all) and why."""

    legs: tuple[str, ...] | None
    reason: str


@dataclass(frozen=True, slots=True)
class Urge:
    """Which leg to urge, and why if the applicant says so."""

    leg: str
    reason: str = ""


def _requests(case: Case, legs: Sequence[str], reason: str, by: tuple[str, datetime]) -> list[Event]:
    """The withdrawals of these legs; `by` whom, and when."""
    why = {"why": "applicant", "reason": reason}
    return [Event("leg.withdraw_requested", by[1], by[0], leg, why) for leg in legs if leg in case.legs]


def _holding(hand: Hand, known: Known, now: datetime, act: str) -> Alongside | None:
    """What an agent's act needs in its transaction; nothing for the owner's."""
    if hand.mandate is None:
        return None
    return lambda tx: agency.hold(tx, hand, known.row, now, act)


def number_of(reference: str, leg: str) -> str:
    """A leg's number in its case, from the number or the public id."""
    return leg.removeprefix(f"{reference}-")


def can_withdraw(state: LegState, withdrawing: bool) -> bool:
    """Whether an applicant may still withdraw a leg: not once it is granted, final, or being withdrawn."""
    return not withdrawing and state not in FINAL and state is not LegState.GRANTED


def _withdrawable(case: Case) -> list[str]:
    return [number for number, leg in case.legs.items() if can_withdraw(leg.state, leg.withdrawing)]


def open_ask(case: Case, leg: str, ask: str) -> Ask:
    """The ask `ask` of `leg` if it can still be answered; `UnknownLeg` or `NotNow` otherwise."""
    if leg not in case.legs:
        raise UnknownLeg
    for known in case.legs[leg].asks:
        if known.id == ask and known.open:
            return known
    raise NotNow("这条补正要求不存在、已经答复或已过期；请刷新页面查看最新要求。")


def _if_open(answer: Event, case: Case) -> Sequence[Event]:
    """The answer to an ask that can still be answered."""
    open_ask(case, str(answer.leg), answer.data["ask"])
    return [answer]


@contextmanager
def _lost_files_named(papers: Papers) -> Iterator[None]:
    """Say of which paper a file is gone or taken when it is to be linked."""
    try:
        yield
    except (NotStored, FileTaken) as wrong:
        raise InvalidAnswers(errors={"materials": lost_file(papers, wrong)}) from wrong


def _read(plan: Plan, leg: str, catalog: Catalog,
          answers: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Answers in their clean form and what is wrong: a field of the form, a column of the leg's own row or one that a
    leg gives as its type says, one that only the department knows as a short text or number."""
    codes = {line.code for line in plan.fields}
    on_form = {name: value for name, value in answers.items() if name in codes}
    judged = validate_form(plan, on_form, catalog.regions, partial=True)
    whole = validate_form(plan, on_form, catalog.regions).errors  # rows too: what a draft may lack, an answer may not
    given, wrong = read_in_place(plan, leg, catalog, answers)
    wrong |= judged.errors
    wrong |= {name: whole[name] for name in on_form if name in whole}
    wrong |= {name: [f"请填写不超过 {LONGEST_TEXT} 字的文字或数字"] for name, value in answers.items()
              if name not in codes | given.keys() | wrong.keys() and not plain_value(value)}
    return {name: judged.clean.get(name, given.get(name, value)) for name, value in answers.items()}, wrong


def plain_value(value: Any) -> bool:
    """Whether a value for a field only the department knows is a number or short text without unfit characters."""
    if isinstance(value, str):
        return _unfit(value, LONGEST_TEXT) is None
    return isinstance(value, int | float) and not isinstance(value, bool) and len(str(value)) <= LONGEST_TEXT


def _unfit(text: str, longest: int) -> str | None:
    """Why a text cannot be taken (too long, control or turning characters), or None."""
    try:
        safe_text(text, longest)
    except BadValue as bad:
        return str(bad.errors[0])
    return None
