"""One SQL text for two drivers."""

from __future__ import annotations

import pytest

from store.dialect import postgres_text, sqlite_text, to_psycopg
from store.errors import WrongText

TEXTS = [
    ("select :a", "select %(a)s"),
    ("select ':a', :a", "select ':a', %(a)s"),
    ("select 'it''s :a' || :a", "select 'it''s :a' || %(a)s"),
    ('select ":a" as ":b", :a', 'select ":a" as ":b", %(a)s'),
    ("select a::text, :a", "select a::text, %(a)s"),
    ("select :a::bigint", "select %(a)s::bigint"),
    ("select 1 -- :a\n, :a", "select 1 -- :a\n, %(a)s"),
    ("select /* :a % */ :a", "select /* :a %% */ %(a)s"),
    ("select 5 % 2, 'x%'", "select 5 %% 2, 'x%%'"),
    ("where a = :a and b like :b_2", "where a = %(a)s and b like %(b_2)s"),
    ("values (:a,:b,:a)", "values (%(a)s,%(b)s,%(a)s)"),
]


@pytest.mark.parametrize(("text", "wanted"), TEXTS)
def test_parameters_are_turned_but_never_inside_strings_comments_or_casts(text: str, wanted: str) -> None:
    assert to_psycopg(text) == wanted


def test_slots_are_filled_by_dialect() -> None:
    text = "select 1 from legs limit :n {skip}"
    assert sqlite_text(text) == "select 1 from legs limit :n "
    assert postgres_text(text) == "select 1 from legs limit %(n)s for update skip locked"


@pytest.mark.parametrize("text", ["commit", "  Rollback", "create table a (b)", "vacuum", "", "attach 'x' as y"])
def test_only_rows_can_be_read_and_written(text: str) -> None:
    for turn in (sqlite_text, postgres_text):
        with pytest.raises(WrongText):
            turn(text)
