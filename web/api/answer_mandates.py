"""The shapes of answers about mandates, for the OpenAPI document."""

from __future__ import annotations

from marshmallow import Schema, fields

from web.api.answer_schemas import Answer, many, text, yes


class MandateAnswer(Answer):
    """Who may act for whom, in what, until when."""

    mandate = text("its number")
    yours = text("principal or agent: which side the caller is")
    principal = text("what `on_behalf_of` names")
    principal_name = text()
    agent_name = text()
    bundles = fields.List(fields.String(), required=True, allow_none=True, metadata={"description": "null: all"})
    acts = many(fields.String(), "file, answer, withdraw, results, urge")
    reason = text()
    state = text("coming, in_force, expired or revoked")
    valid_from = text()
    valid_until = text("its last day")
    given_at = text()
    revoked_at = text(null=True)


class Mandates(Answer):
    """Both sides of the caller."""

    given = many(MandateAnswer)
    given_next = text("hand it in as `given_after`; null: this was the last page", null=True)
    received = many(MandateAnswer)
    received_next = text("hand it in as `received_after`; null: this was the last page", null=True)


class AgentCode(Answer):
    """By which its owner can be entrusted, once."""

    code = text()
    until = text()


class FiledForOther(Answer):
    """A case that the caller filed as an agent: a case line while the mandate stands, else only that it was filed."""

    reference = text()
    bundle = text()
    bundle_name = text()
    filed_at = text()
    principal_name = text("null once the mandate is over", null=True)
    mandate = text()
    stands = yes("whether the caller may still look at it")


class FiledForOthers(Answer):
    """What the caller filed as an agent."""

    cases = many(FiledForOther)
    next = text("hand it in as `after`; null: this was the last page", null=True)


ANSWERS: dict[str, type[Schema]] = {"Mandate": MandateAnswer, "Mandates": Mandates, "AgentCode": AgentCode,
                                  "FiledForOthers": FiledForOthers}
