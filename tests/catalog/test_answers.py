"""Authored answers are judged by the same bounds as filled-in ones."""

from decimal import Decimal

import pytest

from catalog.answers import AnswerType, BadAnswer, type_of_question, typed_answer
from catalog.bundle import Question
from catalog.dictionary import Field
from catalog.text import Text
from forms.values import BadValue, Surroundings, read_value
from forms.wanted import wanted_of_question

AREA = Field("area", Text("面积"), "number", min=Decimal(1), max=Decimal(100))
FIELDS = {"area": AREA}
QUESTIONS = [
    (Question("area", Text("多大？"), "field"), "0.5", "不能小于 1，现在填的是 0.5"),
    (Question("area", Text("多大？"), "field", max=Decimal(50)), "60", "不能大于 50，现在填的是 60"),
    (Question("size", Text("多大？"), "number", min=Decimal("2.50")), "2", "不能小于 2.5，现在填的是 2"),
]


@pytest.mark.parametrize(("question", "raw", "says"), QUESTIONS)
def test_an_author_and_an_applicant_meet_the_same_bounds(question, raw, says):
    with pytest.raises(BadAnswer, match=says):
        typed_answer(raw, type_of_question(question, FIELDS))
    with pytest.raises(BadValue, match=says):
        read_value(raw, wanted_of_question(question, FIELDS), Surroundings({}))


def test_too_few_choices_or_rows_are_counted():
    with pytest.raises(BadAnswer, match="至少要有 2 项，现在 1 项"):
        typed_answer(["a"], AnswerType("many", ("a", "b"), min=Decimal(2)))
    with pytest.raises(BadAnswer, match="最多 1 行，现在 2 行"):
        typed_answer([{}, {}], AnswerType("rows", max=Decimal(1)))


def test_a_question_about_a_field_that_is_not_there_is_text():
    assert type_of_question(Question("nobody", Text("谁？"), "field"), {}).type == "text"
