"""Parametrize tests with a catalogue of libraries, and with the forms of midspan that each is played over."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from compat_tests._scenarios._library import Library


def each_library(libraries: Sequence[Library]) -> pytest.MarkDecorator:
    """Run a test with each `library`."""
    return pytest.mark.parametrize("library", libraries, ids=lambda library: library.name)


def each_actor(libraries: Sequence[Library]) -> pytest.MarkDecorator:
    """Run a test with each `library` and each `actor` of it."""
    rows = [
        pytest.param(library, actor, id=f"{library.name}-{actor}")
        for library in libraries
        for actor in library.actors
    ]
    return pytest.mark.parametrize(("library", "actor"), rows)
