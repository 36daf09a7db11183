"""What the API answers about bundles, plans and drafts."""

from __future__ import annotations

from marshmallow import Schema, fields

from web.api.answer_agreements import PartyLine
from web.api.answer_schemas import Answer, anything, many, some, text, whole, yes


class BundleLine(Answer):
    """One bundle in the list."""

    bundle = text()
    name = text()
    stage = text()
    summary = text(null=True)
    origin = text()
    matter_count = whole("how many matters it can reach")
    promised = text("the promise for the whole, e.g. 7wd", null=True)
    closed = text("why it takes nothing new any more, and what takes its place; null while it does", null=True)


class Bundles(Answer):
    """All bundles."""

    bundles = many(BundleLine)


class OptionAnswer(Answer):
    """One option of a question."""

    code = text()
    name = text()


class QuestionAnswer(Answer):
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


class OfficeAnswer(Answer):
    """An office that gets new legs of a matter, in its region and below it."""

    office = text("its id, as in a receipt")
    name = text()
    region = text("null: everywhere", null=True)
    implementation_code = text("实施编码: its credit code, level, and the matter's `code`", null=True)
    item_code = text("业务办理项编码", null=True)


class MatterAnswer(Answer):
    """One matter of a bundle."""

    matter = text()
    number = text("fixed two digits in this bundle; the end of a leg's id")
    code = text("national basic code or empty")
    name = text()
    department = text()
    department_name = text()
    offices = many(OfficeAnswer, "who gets it here")


class RoleAnswer(Answer):
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


class PlanForm(Answer):
    """The one form of a plan."""

    sections = many(fields.Dict(), "its pages")
    fields_ = fields.List(fields.Dict(), required=True, data_key="fields",
                          metadata={"description": "every question with who asks and whose rule won"})
    not_asked = many(fields.Dict(), "what an earlier leg gives")


class PlanMaterials(Answer):
    """The one material list of a plan."""

    kept = many(fields.Dict(), "papers still to bring, and for whom")
    removed = many(fields.Dict(), "papers no longer asked, by rule and source")
    received = many(fields.Dict(), "what each leg receives, and how it is obtained")


class PlanAnswer(Answer):
    """The composed plan, as `flask plan --json` prints it; every line says why."""

    bundle = text()
    name = text()
    edition = text()
    today = text(null=True)
    situation = anything()
    promised = some("the promise for the whole")
    can_be_filed = yes("nothing blocks and nothing is undecided; form and papers are judged apart")
    problems = many(fields.Dict(), "`level` block or undecided: cannot be filed yet")
    questions = many(fields.Dict(), "each with `state`: answered, open, idle or not_applicable")
    matters = many(fields.Dict(), "matters that are in: why, department, limits, schedule")
    not_needed = many(fields.Dict(), "matters that are not, and why")
    maybe = many(fields.Dict(), "matters that hang on an open question")
    form = fields.Nested(PlanForm, required=True)
    materials = fields.Nested(PlanMaterials, required=True)
    order = anything("`edges` between legs and the `longest` chain")
    figures = anything("before and after")
    people = many(fields.Dict(), "the persons and bodies of the case; `consents`: must agree unless they file "
                  "it; `related`: by which law the filer consents for them, and the register of relations")
    agreements = many(fields.Dict(), "who must agree before it is filed (`role`), and to what")


class DraftAnswer(Answer):
    """A draft."""

    draft = text()
    bundle = text()
    edition = text()
    situation = anything()
    form = anything()
    materials = anything("material key → file ids")
    consent = anything("what was agreed to")
    consented = yes("whether that covers what the draft asks consent for now")
    asks_consent_for = anything("who receives the answers, which registers are asked, which fields are sensitive")
    updated_at = text()
    errors = anything("what is wrong, keyed by field; papers under `materials`")
    missing = many(fields.String(), "what is still missing")
    on_behalf_of = text("the principal it is for", null=True)
    aside = anything("kept, but not asked now and not filed: `form` and `materials`")
    filed_as = text("the reference once filed", null=True)
    plan = fields.Nested(PlanAnswer, required=True)
    agreements = many(PartyLine, "who must agree before it is filed")


class DraftLine(Answer):
    """A draft in the list."""

    draft = text()
    bundle = text()
    bundle_name = text()
    updated_at = text()
    missing = whole()
    errors = whole()
    shut = yes("it is for somebody whose mandate is over: it is kept, and nothing of it is shown")
    closed = text("why nothing of this can be filed any more; null while it can", null=True)


class Drafts(Answer):
    """The caller's drafts."""

    drafts = many(DraftLine)


ANSWERS: dict[str, type[Schema]] = {"Bundles": Bundles, "Bundle": BundleAnswer, "Plan": PlanAnswer,
                                    "Draft": DraftAnswer, "Drafts": Drafts}
