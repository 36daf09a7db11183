"""One SQL text for two drivers."""

from __future__ import annotations

import pytest

from store.engine.dialect import postgres_text, sqlite_rows, sqlite_text, to_psycopg
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


def test_a_write_of_one_row_becomes_one_of_several() -> None:
    insert = sqlite_rows("insert into marks (name, value) values (:name, :value) on conflict do nothing", 2)
    assert insert is not None
    assert insert.names == ("name", "value")
    assert insert.text == "insert into marks (name, value) values (?, ?), (?, ?) on conflict do nothing"
    update = sqlite_rows("update marks set value = :v, at = ':v', n = n + 1 where name = :name and value <> :v", 2)
    assert update is not None
    assert update.names == ("v", "name")
    assert update.text == (
        "update marks set value = given.column1, at = ':v', n = n + 1 from (values (?, ?), (?, ?)) as given"
        " where name = given.column2 and value <> given.column1")


@pytest.mark.parametrize("text", [
    "update marks set value = :v", "update marks set value = (select :v) where name = :n",
    "update marks set value = :v from others where name = :n",
    "update marks set value = :v where name in (select name from others where at = :at)",
    "update marks set value = :v where name = :n returning name", "delete from marks where name = :n",
    "insert into marks (name, value) select :n, :v",
])
def test_a_write_that_asks_more_is_run_row_by_row(text: str) -> None:
    assert sqlite_rows(text, 2) is None
