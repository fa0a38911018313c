"""A file can say what the command line and the variables say; what it cannot say is refused by name."""

from __future__ import annotations

import sys

import pytest

from midspan._environment import ConfigurationError
from midspan.cli.run._file import Settings, read_file
from midspan.cli.run._wishes import Wishes

TABLE = """
no = ["redis"]
[environment]
OTEL_SERVICE_NAME = "shop"
OTEL_BSP_MAX_QUEUE_SIZE = 4096
MIDSPAN_SQL_COMMENTS = true
[integrations.flask]
excluded_urls = ["/health"]
"""
READS_TOML = sys.version_info >= (3, 11)
needs_toml = pytest.mark.skipif(not READS_TOML, reason="Python reads TOML from 3.11 on")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Return an empty folder, which is the current one."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@needs_toml
def test_midspan_toml_is_read_where_it_is(folder):
    """Texts, numbers and booleans become variables, as one writes them."""
    (folder / "midspan.toml").write_text(TABLE)
    variables = {
        "OTEL_SERVICE_NAME": "shop",
        "OTEL_BSP_MAX_QUEUE_SIZE": "4096",
        "MIDSPAN_SQL_COMMENTS": "true",
    }
    assert Settings(variables, (), ("redis",), {"flask": {"excluded_urls": ["/health"]}}) == read_file(None)


@needs_toml
def test_so_is_the_table_of_a_project(folder):
    """The table's name is `tool.midspan`."""
    (folder / "pyproject.toml").write_text('[tool.midspan]\nonly = ["flask"]\n')
    assert ("flask",) == read_file(None).only


def test_a_project_without_such_a_table_says_nothing(folder):
    """On every Python."""
    (folder / "pyproject.toml").write_text('[project]\nname = "x"\n')
    assert Settings({}, (), (), {}) == read_file(None)


@pytest.mark.skipif(READS_TOML, reason="this Python reads TOML")
def test_a_python_that_cannot_read_it_says_so(folder):
    """Nothing that somebody has written is passed over in silence."""
    (folder / "midspan.toml").write_text(TABLE)
    with pytest.raises(ConfigurationError, match=r"from 3\.11 on"):
        read_file(None)


@needs_toml
@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[", "is not valid"),
        ("onyl = []", "onyl is not known: allowed are environment, integrations, no, only"),
        ("only = 'flask'", "only must be a list of names"),
        ("environment = {A = []}", "environment must be a table of texts"),
        ("integrations = {flask = 1}", "integrations must be a table of tables"),
    ],
)
def test_what_a_file_cannot_say_is_refused(folder, text, said):
    """With the file's name, and what is allowed."""
    (folder / "midspan.toml").write_text(text)
    with pytest.raises(ConfigurationError, match=said) as raised:
        read_file(None)
    assert str(raised.value).startswith("midspan.toml")


def test_a_file_that_is_asked_for_must_be_there(folder):
    """One that is not is an error, not a default."""
    with pytest.raises(ConfigurationError, match=r"shop\.toml cannot be read"):
        read_file("shop.toml")


def test_wishes_travel_in_one_variable():
    """What is written is read again."""
    wishes = Wishes(("flask",), ("redis",), {"flask": {"excluded_urls": ["x"]}})
    assert wishes == Wishes.read(wishes.written())


@pytest.mark.parametrize(
    ("wishes", "refusals"),
    [
        (Wishes(), (None, None)),
        (Wishes(no=("redis",)), (None, "--no redis")),
        (Wishes(only=("flask",)), (None, "--only flask")),
    ],
)
def test_wishes_say_what_stays_off(wishes, refusals):
    """Everything is on, unless it is said otherwise."""
    assert refusals == (wishes.refusal("flask"), wishes.refusal("redis"))
