"""The shapes of answers about agreements, for the OpenAPI document."""

from __future__ import annotations

from marshmallow import Schema

from web.api.answer_schemas import Answer, Recipient, many, some, text


class AgreementAnswer(Answer):
    """What one person is asked to agree to before somebody else files."""

    agreement = text("its number")
    state = text("opened: not answered yet; agreed; changed: what was agreed to was changed since; refused; taken_back")
    bundle_name = text()
    role_name = text("as what the caller is asked")
    filer = text("who fills in")
    statement = some("what is agreed to: `filer`, `principal`, `name`, `number`, `to`, `shown`, `looked_up`, "
                     "`receivers`, `sensitive`; null where nothing may be shown any more")
    digest = text("of that statement; hand it back with the answer", null=True)
    made_at = text()
    said_at = text(null=True)
    reference = text("null: not filed", null=True)
    recipients = many(Recipient, "once filed: who got what about the caller")


class Agreements(Answer):
    """What the caller was asked."""

    agreements = many(AgreementAnswer)
    next = text("hand it in as `after`; null: this was the last page", null=True)


class AgreementInvitation(Answer):
    """By which somebody opens what they are asked."""

    code = text()
    until = text()


class PartyLine(Answer):
    """Somebody who must agree to a draft before it is filed."""

    role = text()
    role_name = text()
    name = text()
    state = text("uninvited, invited, opened, agreed, changed, refused, taken_back or closed")
    said_at = text(null=True)


ANSWERS: dict[str, type[Schema]] = {"Agreement": AgreementAnswer, "Agreements": Agreements,
                                    "AgreementInvitation": AgreementInvitation}
