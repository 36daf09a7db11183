"""The shapes of API answers, for the OpenAPI document. Answers are made by the desk; tests hold them against these."""

from __future__ import annotations

from typing import Any

from marshmallow import INCLUDE, Schema, fields


def text(says: str = "", *, null: bool = False) -> fields.String:
    """A text in an answer."""
    return fields.String(required=True, allow_none=null, metadata={"description": says} if says else {})


def whole(says: str = "") -> fields.Integer:
    """A whole number in an answer."""
    return fields.Integer(required=True, metadata={"description": says} if says else {})


def yes(says: str = "") -> fields.Boolean:
    """A yes or no in an answer."""
    return fields.Boolean(required=True, metadata={"description": says} if says else {})


def many(inner: type[Schema] | fields.Field[Any], says: str = "") -> fields.List[Any]:
    """A list in an answer."""
    item = inner if isinstance(inner, fields.Field) else fields.Nested(inner)
    return fields.List(item, required=True, metadata={"description": says} if says else {})


def anything(says: str = "") -> fields.Dict:
    """An object whose keys the definitions decide."""
    return fields.Dict(keys=fields.String(), required=True, metadata={"description": says} if says else {})


def some(says: str = "") -> fields.Raw:
    """A value of any kind, also null."""
    return fields.Raw(required=True, allow_none=True, metadata={"description": says} if says else {})


class Answer(Schema):
    """An answer; more items may be added to it at any time."""

    class Meta:
        """Readers must pass over what they do not know."""

        unknown = INCLUDE


class ProblemAnswer(Answer):
    """Every refusal (RFC 9457)."""

    type = text("urn:yijianshi:problem:{code}")
    title = text("the status in Chinese")
    status = whole()
    code = text("stable; programs decide by this")
    detail = text("Chinese: what to do next")
    request_id = text("to quote to the operators")
    errors = fields.Dict(metadata={"description": "for invalid input: a tree by field, lists of sentences as leaves"})


class FileAnswer(Answer):
    """A kept file."""

    file = text()
    sha256 = text()
    size = whole()
    name = text()
    type = text()


class ReceiptLegAnswer(Answer):
    """One leg on the receipt."""

    leg = text()
    matter = text()
    name = text()
    department = text()
    state = text()


class ReceiptAnswer(Answer):
    """The receipt: answered only once everything is durable."""

    reference = text()
    code = text("query code for tracking without login")
    state = text()
    edition = text()
    legs = many(ReceiptLegAnswer)


class Recipient(Answer):
    """The office of one leg, and what of a case it gets."""

    leg = text("its number in the case")
    name = text("its matter")
    department_name = text()
    told = text("told: the office has it; leaving: on its way; to_come: not sent yet; never: it ended unsent")
    since = text("when the office had it", null=True)
    answers = many(fields.String(), "names of the fields it gets; of a list its columns")
    papers = many(fields.String(), "names of the papers it gets")


class DisclosureAnswer(Answer):
    """Who gets what for a case, and the consent it rests on."""

    given_at = text()
    taken_back_at = text(null=True)
    recipients = many(Recipient)
    asked = many(fields.Dict(), "papers that registers were asked for: `name`, `found`")
    sensitive = many(fields.String(), "names of sensitive fields")
    agent = text("who filed it and consented for its owner, under a mandate", null=True)
    agreements = many(fields.Dict(), "who agreed before it was filed: `role_name`, `name`, `at`")


class CaseLine(Answer):
    """A case in the list."""

    reference = text()
    bundle = text()
    bundle_name = text()
    state = text()
    state_name = text()
    filed_at = text()
    due = text(null=True)
    earliest = yes("the clock of a leg stands: each day that it does may move `due`")


class Cases(Answer):
    """The caller's cases."""

    cases = many(CaseLine)
    next = text("hand it in as `after`; null: this was the last page", null=True)


class LegAnswer(Answer):
    """One leg of a case."""

    leg = text("its number in the case")
    id = text("its public id")
    matter = text()
    name = text()
    department = text()
    department_name = text()
    code = text("基本编码, 12 digits, by which all places know the matter; empty: none is known")
    implementation_code = text("实施编码, 31 characters, of the office that has it", null=True)
    item_code = text("业务办理项编码, 33 characters", null=True)
    supervised_by = text("the department that supervises what a body of several departments decides; null: who decides "
                         "does", null=True)
    state = text("waiting, queued, sending, sent, …: docs/states.md has them all")
    state_name = text()
    light = text("white: on time; yellow: soon due, or not sure; red: overdue; green: decided; grey: the clock stands")
    due_at = text(null=True)
    provisional = yes("the calendar of that year is not announced yet")
    earliest = yes("the clock of this leg, or of one that it waits for, stands: every day that it does moves `due_at`")
    next_actor = text("who must act now")
    waits_for = many(fields.String())
    limits = anything()
    timeline = many(fields.Dict())
    transferred_from = text("the office that had it before it went to the one that has it, by name", null=True)
    can_urge = yes("late or stalled, and not urged by the caller today")
    stalled = yes("its department has let it stand for longer than it said, or than anybody has to bear")
    expected_end = text("the day by which its department expects that what stands goes on", null=True)
    urges = whole("how often it was urged")
    asks = many(fields.Dict())
    results = many(fields.Dict(), "an agent whose `acts` lack `results` sees that there is one, and nothing of it")
    delivery = some("how its results were handed over: `at`, `mode`, `carrier`, `tracking`; null before")
    extension = some("its limit was lawfully extended: `until`, `limit`, `reason`, `basis`, `approved_by`; else null")
    documents = many(fields.Dict(), "the department's formal documents: `type` of the notice that brought it, `at`, "
                     "`name`, `number`, `files`; for such an agent like results")
    fees = many(fields.Dict())
    beyond = many(fields.Dict(), "what was asked beside what is published: `kind` (`unlisted_paper`, `asked_later`, "
                  "`undeclared_fee`, `higher_fee`), `at`, `ask`, `text`, `listed`: the list's own words")


class CaseAnswer(Answer):
    """A case with every leg."""

    reference = text()
    bundle = text()
    bundle_name = text()
    edition = text()
    state = text()
    state_name = text()
    filed_at = text()
    masked = yes("read by code: names and numbers are masked")
    expected = anything("`due`, `provisional`, `why`, `chain`; `earliest`: a clock stands, which moves `due`")
    critical = many(fields.String(), "the longest chain of what is left")
    edges = many(fields.Dict())
    legs = many(LegAnswer)
    composite = some("the certificate over several results, part by part; `shown`: what a report repeats of the form")
    materials = many(fields.Dict())
    on_behalf = some("filed by an agent: `principal_name`, `agent_name`, `mandate`, `acts`, `yours`; else null")
    counter = some("filed by a clerk at a counter: its `name`, `scans` of what was signed (`file`, `name`); else null")


class EffectAnswer(Answer):
    """What becomes of one leg; one may stand twice, for now and for later."""

    leg = text("its number")
    id = text()
    state = text("its state in the end")
    text_ = fields.String(required=True, data_key="text", metadata={"description": "in Chinese, how it comes to that"})
    of = text("the number of the leg above whose end leads to it; null: it was withdrawn itself", null=True)
    agreed = yes("only once the department of the leg above has agreed")
    asks = yes("its own department is asked, and may refuse")


class ForeseenAnswer(Answer):
    """What withdrawing would lead to."""

    effects = many(EffectAnswer)


class RatingAnswer(Answer):
    """A rating that was given."""

    level = whole("5 to 1")
    level_name = text()
    items = anything("item → level")
    words = text()
    at = text()
    answer_by = text("a bad one: when it must be put right and the person called back", null=True)
    fixed_at = text(null=True)
    fix = text("what was put right", null=True)
    called_at = text(null=True)


class HandlingAnswer(Answer):
    """Something that can be rated."""

    leg = text("its number; null: the whole case", null=True)
    ended_at = text("null: not ended", null=True)
    open = yes("whether it can be rated now")
    until = text("the last moment for it", null=True)
    rating = fields.Nested(RatingAnswer, required=True, allow_none=True)


class Ratings(Answer):
    """What of a case can be, or was, rated."""

    handlings = many(HandlingAnswer)


class KeptAside(Answer):
    """A notice that a person will look at."""

    code = text("stable; docs/errors.md lists them")
    reason = text("in Chinese, with what to do")


class FeedLine(Answer):
    """One message that waits for a department that pulls."""

    cursor = whole()
    leg = text()
    type = text()
    at = text()
    taken = yes("the department said that it has this message")


class Offered(Answer):
    """One message of the feed, as it would have been pushed."""

    type = text()
    timestamp = text()
    data = anything("as the webhook of that type")
    cursor = whole()
    key = text("the Idempotency-Key")
    read_code = text("hand it back to /received")


class Feed(Answer):
    """One page of a department's feed."""

    legs = many(FeedLine)
    cursor = whole("hand it in as `after` for the next page")


ANSWERS: dict[str, type[Schema]] = {
    "Problem": ProblemAnswer, "File": FileAnswer, "Receipt": ReceiptAnswer, "Case": CaseAnswer, "Cases": Cases,
    "Foreseen": ForeseenAnswer,
    "Feed": Feed, "Offered": Offered, "KeptAside": KeptAside, "Ratings": Ratings, "Disclosure": DisclosureAnswer,
}
