"""The shapes of API answers about news, beside those of `web/api/answer_schemas.py`."""

from __future__ import annotations

from marshmallow import Schema, fields

from web.api.answer_schemas import Answer, many, text, whole, yes


class NewsLine(Answer):
    """One piece of news."""

    news = text("its id")
    kind = text()
    kind_name = text()
    urgent = yes("a limit runs")
    reference = text()
    leg = text("null: the whole case", null=True)
    bundle_name = text()
    until = text("the day by which to answer", null=True)
    at = text()
    read = yes()
    link = text("the page where one goes on")
    text = text()


class News(Answer):
    """A page of a person's news, the latest first."""

    unread = whole("up to 100")
    news = many(NewsLine)
    next = text("hand it in as `after`; null: this was the last page", null=True)


class PreferencesAnswer(Answer):
    """What one is told outside the portal."""

    kinds = many(fields.String(), "chosen")
    choices = many(fields.String(), "what can be chosen; news with a limit always leaves")
    mobile = text("empty: none")
    leaves = yes("whether the portal has a message gateway")


ANSWERS: dict[str, type[Schema]] = {"News": News, "Preferences": PreferencesAnswer}
