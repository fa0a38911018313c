"""Statements are recorded without their literals, and told in few words."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from midspan.integrations._db._statement import Statement, read


@pytest.mark.parametrize(
    ("statement", "text"),
    [
        ("SELECT * FROM t WHERE id = 7 AND n='O''Brien'", "SELECT * FROM t WHERE id = ? AND n=?"),
        ("SELECT -1.5e3, .5, 0xFF, t2.c3 FROM t", "SELECT ?, ?, ?, t2.c3 FROM t"),
        ("SELECT * FROM t WHERE x IN (1, 2,3)", "SELECT * FROM t WHERE x IN (?)"),
        ("INSERT INTO t VALUES (1,'x'),(2,'y')", "INSERT INTO t VALUES (?)"),
        ("SELECT 1 -- 'secret'\nFROM t /* 'secret' */", "SELECT ? FROM t"),
        ("SELECT $$se'cret$$, $a$ $$ $a$, E'it\\'s' FROM t", "SELECT ?, ?, ? FROM t"),
        ("SELECT * FROM t WHERE a=%s AND b=:b AND c=$1 AND d=? AND e=%(e)s", None),
        ('SELECT "Column" FROM "Table"', None),
        ("SELECT x::int, j->>'k' FROM t", "SELECT x::int, j->>? FROM t"),
        ("SELECT * FROM t WHERE n = 'never closed", "SELECT * FROM t WHERE n = ?"),
        # Here a backslash is nothing but a backslash: the text ends with the quote after it.
        ("SELECT 'a\\', 'secret' FROM t", "SELECT ?, ? FROM t"),
    ],
)
def test_literals_become_question_marks(statement, text):
    """Texts and numbers go, names and parameters stay, comments are left out."""
    assert (statement if text is None else text) == read(statement).text


@pytest.mark.parametrize(
    ("statement", "text"),
    [
        ('SELECT "secret" FROM `t`', "SELECT ? FROM `t`"),
        ("SELECT 'it\\'s', 'secret' FROM t # 'secret'", "SELECT ?, ? FROM t"),
    ],
)
def test_mysql_has_other_quotes(statement, text):
    """There a double quote begins a text, a backslash escapes, and # begins a comment."""
    assert text == read(statement, is_mysql=True).text


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("select * from users", ("SELECT", "users", "SELECT users")),
        ("SELECT * FROM shop.a x JOIN b ON 1=1", ("SELECT", None, "SELECT shop.a b")),
        ("SELECT * FROM a, b", ("SELECT", None, "SELECT a b")),
        ("INSERT INTO a SELECT * FROM b", ("INSERT", None, "INSERT a SELECT b")),
        ("UPDATE ONLY t SET a = 1", ("UPDATE", "t", "UPDATE t")),
        ("DELETE FROM t WHERE id IN (SELECT id FROM t)", ("DELETE", "t", "DELETE t SELECT t")),
        ("CREATE TABLE IF NOT EXISTS t (id int)", ("CREATE", "t", "CREATE t")),
        ("WITH x AS (SELECT 1) SELECT * FROM t", ("SELECT", "t", "WITH SELECT SELECT t")),
        ("EXPLAIN SELECT * FROM t", ("SELECT", "t", "EXPLAIN SELECT t")),
        ("COMMIT", ("COMMIT", None, "COMMIT")),
        ("", (None, None, "")),
        ("no sql at all", (None, None, "")),
    ],
)
def test_a_statement_is_told_by_verbs_and_tables(statement, told):
    """The summary is the span's name, the one table an attribute of the metric."""
    assert told == read(statement)[1:]


def test_a_summary_is_cut_between_words():
    """At 255 characters, as the semantic conventions have it."""
    summary = read("SELECT * FROM " + " JOIN ".join(f"table_{n}" for n in range(99))).summary
    assert len(summary) <= 255
    assert summary.rpartition(" ")[2].startswith("table_")


@given(st.text())
@example("'\\" * 5000)
@example("[a" * 5000)
@example("(?)," * 5000)
def test_any_text_can_be_read(text):
    """No statement raises, whatever it is, and none takes long."""
    assert Statement is type(read(text))
    assert Statement is type(read(text, is_mysql=True))


@given(
    st.lists(st.sampled_from(["SELECT", "FROM", "t", ",", "(", ")", "=", "%s", "--x\n", "/*y*/", "$1", "1"]))
)
@example(["FROM", "(", "t", ","])
def test_a_secret_in_quotes_never_stays(words):
    """Whatever stands around it, as long as the quotes and comments before it are closed."""
    words = [*words, "'hunter2'", *words]
    assert "hunter2" not in read(" ".join(words)).text
