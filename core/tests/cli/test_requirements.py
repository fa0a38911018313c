"""Requirements are read as metadata has them; `laws/test_requirement_laws.py` asks pip's own code."""

from __future__ import annotations

from email.message import Message

import pytest

from midspan.cli._requirements import Requirement, extras_of, read_requirements


class Distribution:
    """A distribution that is nothing but its metadata."""

    def __init__(self, extras, *requires):
        self.requires = list(requires) or None
        self.metadata = Message()
        self.metadata["Name"] = "Odd.Name"
        for extra in extras:
            self.metadata["Provides-Extra"] = extra


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("flask", Requirement("flask", "flask")),
        ("Flask (>=2, <3)", Requirement("Flask", "Flask>=2,<3", ">=2,<3")),
        (
            "redis[Hi_Redis, x] >= 4.2",
            Requirement("redis", "redis[hi-redis,x]>=4.2", ">=4.2", ("hi-redis", "x")),
        ),
        ("ink @ file:///ink.whl", Requirement("ink", "ink @ file:///ink.whl")),
        ("ink==1.*;os_name != 'none'", Requirement("ink", "ink==1.*", "==1.*")),
    ],
)
def test_a_requirement_is_read(line, expected):
    """Its name, which versions will do, and how pip takes it."""
    assert [expected] == list(read_requirements([line]))


@pytest.mark.parametrize(
    "line", ["", "!", "ink; extra =", "ink; moon == 'full'", "ink; (os_name == 'x'", "ink; 'x'"]
)
def test_what_cannot_be_read_is_left_out(line):
    """Metadata of old distributions holds all sorts of things."""
    assert [] == list(read_requirements([line]))


@pytest.mark.parametrize(
    ("marker", "extra", "expected"),
    [
        ("python_version >= '3.10'", "", True),
        ("python_version < '3.9' or os_name == 'no'", "", False),
        ("python_version < '3.9' or (os_name != 'no' and extra == 'A_b')", "a-b", True),
        ("extra == 'x'", "", False),
        ("'no' not in sys_platform", "", True),
        ("'' in sys_platform", "", True),
        ("sys_platform ~= 'x'", "", False),
        ("os_name > '0' and os_name >= '0'", "", True),
        ("os_name < '0' or os_name <= '0' or os_name === '0'", "", False),
    ],
)
def test_a_marker_holds_or_it_does_not(marker, extra, expected):
    """Of this interpreter, and of the extra that was asked for."""
    assert expected is bool(list(read_requirements([f"ink; {marker}"], extra)))


def test_an_extra_may_name_others_of_its_distribution():
    """Also in a circle."""
    distribution = Distribution(
        ["all", "pen", "empty"], "ink>=2; extra == 'pen'", "odd-name[pen,all]; extra == 'all'", "paper"
    )
    ink = Requirement("ink", "ink>=2", ">=2")
    assert {"all": [ink], "pen": [ink], "empty": []} == extras_of(distribution)


def test_a_distribution_without_requirements_has_empty_extras():
    """As one whose extras have become needless."""
    assert {"otlp": []} == extras_of(Distribution(["otlp"]))
