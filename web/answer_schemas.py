"""The shapes of API answers, for the OpenAPI document. Answers are made by the desk; tests hold them against these."""

from __future__ import annotations

from marshmallow import Schema, fields


def text(says: str = "", *, null: bool = False) -> fields.String:
    """A text in an answer."""
    return fields.String(required=True, allow_none=null, metadata={"description": says} if says else {})


def whole(says: str = "") -> fields.Integer:
    """A whole number in an answer."""
    return fields.Integer(required=True, metadata={"description": says} if says else {})


def yes(says: str = "") -> fields.Boolean:
    """A yes or no in an answer."""
    return fields.Boolean(required=True, metadata={"description": says} if says else {})


def many(inner: type[Schema] | fields.Field, says: str = "") -> fields.List:
    """A list in an answer."""
    item = inner if isinstance(inner, fields.Field) else fields.Nested(inner)
    return fields.List(item, required=True, metadata={"description": says} if says else {})


def anything(says: str = "") -> fields.Dict:
    """An object whose keys the definitions decide."""
    return fields.Dict(keys=fields.String(), required=True, metadata={"description": says} if says else {})


def some(says: str = "") -> fields.Raw:
    """A value of any kind, also null."""
    return fields.Raw(required=True, allow_none=True, metadata={"description": says} if says else {})


class ProblemAnswer(Schema):
    """Every refusal (RFC 9457)."""

    type = text("urn:yijianshi:problem:{code}")
    title = text("the status in Chinese")
    status = whole()
    code = text("stable; programs decide by this")
    detail = text("Chinese: what to do next")
    request_id = text("to quote to the operators")
    errors = fields.Dict(metadata={"description": "for invalid input: a tree by field, lists of sentences as leaves"})


class BundleLine(Schema):
    """One bundle in the list."""

    bundle = text()
    name = text()
    stage = text()
    summary = text(null=True)
    origin = text()
    matters = whole("how many matters it can reach")
    promised = text("the promise for the whole, e.g. 7wd", null=True)


class Bundles(Schema):
    """All bundles."""

    bundles = many(BundleLine)


class OptionAnswer(Schema):
    """One option of a question."""

    code = text()
    label = text()


class QuestionAnswer(Schema):
    """One situation question."""

    question = text()
    ask = text()
    kind = text("yes_no, one, many, number, date, or field (from the dictionary)")
    why = text(null=True)
    options = many(OptionAnswer)
    min = some()
    max = some()
    default = some()
    conditional = yes("asked only after certain answers")


class MatterAnswer(Schema):
    """One matter of a bundle."""

    matter = text()
    number = text("fixed two digits in this bundle; the end of a leg's id")
    code = text("national basic code or empty")
    name = text()
    department = text()
    department_name = text()


class RoleAnswer(Schema):
    """A person the bundle knows beside the applicant."""

    role = text()
    name = text()


class BundleAnswer(BundleLine):
    """One whole bundle."""

    edition = text("hash of the definitions in force; send it back when filing")
    questions = many(QuestionAnswer)
    matters = many(MatterAnswer)
    people = many(RoleAnswer)
    guide = anything("guide texts by heading")


class PlanAnswer(Schema):
    """The composed plan. Its lines are the values of forms/plan.py; every line has `why`."""

    bundle = text()
    bundle_name = text()
    edition = text()
    situation = anything()
    questions = many(fields.Dict(), "each with `state`: answered, open, idle or not_applicable")
    legs = many(fields.Dict(), "matters that are in, why, department, limits, schedule")
    absent = many(fields.Dict(), "matters that are not, or may be, and why")
    edges = many(fields.Dict())
    sections = many(fields.Dict())
    fields_ = fields.List(fields.Dict(), required=True, data_key="fields", metadata={"description": "the one form"})
    removed_fields = many(fields.Dict())
    materials = many(fields.Dict(), "papers still to bring")
    removed_materials = many(fields.Dict(), "papers no longer asked, by rule and source")
    problems = many(fields.Dict(), "`level` block or undecided: cannot be filed yet")
    figures = anything("before and after")


class FileAnswer(Schema):
    """A kept file."""

    file = text()
    sha256 = text()
    size = whole()
    name = text()
    type = text()


class DraftAnswer(Schema):
    """A draft."""

    draft = text()
    bundle = text()
    edition = text()
    situation = anything()
    form = anything()
    materials = anything("material key → file ids")
    consent = anything()
    updated_at = text()
    errors = anything("what is wrong, keyed by field; papers under `materials`")
    missing = many(fields.String(), "what is still missing")
    filed_as = text("the reference once filed", null=True)
    plan = fields.Nested(PlanAnswer, required=True)


class DraftLine(Schema):
    """A draft in the list."""

    draft = text()
    bundle = text()
    bundle_name = text()
    updated_at = text()
    missing = whole()
    errors = whole()


class Drafts(Schema):
    """The caller's drafts."""

    drafts = many(DraftLine)


class ReceiptLegAnswer(Schema):
    """One leg on the receipt."""

    leg = text()
    matter = text()
    name = text()
    department = text()
    state = text()


class ReceiptAnswer(Schema):
    """The receipt: answered only once everything is durable."""

    reference = text()
    code = text("query code for tracking without login")
    state = text()
    edition = text()
    legs = many(ReceiptLegAnswer)


class CaseLine(Schema):
    """A case in the list."""

    reference = text()
    bundle = text()
    bundle_name = text()
    state = text()
    state_name = text()
    filed_at = text()
    due = text(null=True)


class Cases(Schema):
    """The caller's cases."""

    cases = many(CaseLine)


class LegAnswer(Schema):
    """One leg of a case."""

    leg = text("its number in the case")
    id = text("its public id")
    matter = text()
    name = text()
    department = text()
    department_name = text()
    state = text("contract 3.4")
    state_name = text()
    light = text("green, yellow, red, or none")
    due_at = text(null=True)
    provisional = yes("the calendar of that year is not announced yet")
    next_actor = text("who must act now")
    waits_for = many(fields.String())
    limits = anything()
    timeline = many(fields.Dict())
    asks = many(fields.Dict())
    results = many(fields.Dict())
    fees = many(fields.Dict())


class CaseAnswer(Schema):
    """A case with every leg."""

    reference = text()
    bundle = text()
    bundle_name = text()
    edition = text()
    state = text()
    state_name = text()
    filed_at = text()
    masked = yes("read by code: names and numbers are masked")
    expected = anything("`due`, `provisional`, `why`")
    critical = many(fields.String(), "the longest chain of what is left")
    edges = many(fields.Dict())
    legs = many(LegAnswer)
    materials = many(fields.Dict())


class FeedLine(Schema):
    """One message that waits for a department that pulls."""

    cursor = whole()
    leg = text()
    type = text()


class Feed(Schema):
    """One page of a department's feed."""

    legs = many(FeedLine)
    cursor = whole("hand it in as `after` for the next page")


ANSWERS: dict[str, type[Schema]] = {
    "Problem": ProblemAnswer, "Bundles": Bundles, "Bundle": BundleAnswer, "Plan": PlanAnswer, "File": FileAnswer,
    "Draft": DraftAnswer, "Drafts": Drafts, "Receipt": ReceiptAnswer, "Case": CaseAnswer, "Cases": Cases, "Feed": Feed,
}
