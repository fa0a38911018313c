"""A version is one that specifiers allow, or it is not; `laws/test_version_laws.py` asks pip's own code."""

from __future__ import annotations

import pytest

from midspan._versions import Version, is_allowed


@pytest.mark.parametrize(
    ("version", "specifiers", "expected"),
    [
        ("2.2.5", "", True),
        ("2", ">=2.0", True),
        ("1.1.4", ">=2", False),
        ("2.10", ">=2.9,<3", True),
        ("3.0", ">=2.9,<3", False),
        ("2.0rc1", ">=2", False),
        ("3.0rc1", "<3", False),
        ("2.9.2+dfsg", ">=2.9.2", True),
        ("2.2.1", "~=2.2", True),
        ("3.0", "~=2.2", False),
        ("2.2.1", "==2.2.*", True),
        ("2.2.1", "!=2.2.*", False),
        ("2.2.1", "!=2.2.1", False),
        ("2.2.1.post1", ">2.2.1", False),
        ("2.2.1+local", ">2.2.1", False),
        ("2.2.1-mine", "===2.2.1-MINE", True),
        ("2.2", "~=2", False),
        ("2.2", "newest", False),
    ],
)
def test_a_version_is_allowed_or_not(version, specifiers, expected):
    """As the packaging guide has it; what is no specifier allows nothing."""
    assert expected is is_allowed(version, specifiers)


def test_a_version_in_no_known_form_counts_by_its_first_numbers():
    """Old distributions call themselves what they like."""
    assert Version(0, (1, 4, 2)) == Version.read("1.4.2-custom-build of May")
