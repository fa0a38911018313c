"""OpenTracing's own harness for tracers: 25 checks, with each scope manager."""

from __future__ import annotations

import contextvars
from typing import TYPE_CHECKING, Any

import pytest
from opentracing.harness.api_check import APICompatibilityCheckMixin

from compat_tests.opentracing import _managers
from midspan.bridges.opentracing import Tracer

if TYPE_CHECKING:
    from compat_tests.opentracing._managers import Kind

CHECKS = sorted(name for name in dir(APICompatibilityCheckMixin) if name.startswith("test_"))


class Harness(APICompatibilityCheckMixin):
    """The harness over one tracer."""

    def __init__(self, kind: Kind) -> None:
        self._tracer = Tracer(kind.make())

    def tracer(self) -> Tracer:
        """The tracer under test; the harness asks for it several times in a check."""
        return self._tracer

    def check_baggage_values(self) -> bool:
        """Baggage is kept."""
        return True

    def check_scope_manager(self) -> bool:
        """Activation is real."""
        return True

    def is_parent(self, parent: Any, span: Any) -> bool:
        """Say whether `span` is a child of `parent`, or a root if that is None."""
        if parent is None:
            return span.native.parent is None
        return span.native.parent == parent.native.context


def test_the_harness_has_25_checks() -> None:
    """All 25 of them are known here, so that none is left out by mistake."""
    assert len(CHECKS) == 25


@pytest.mark.parametrize("kind", _managers.ALL, ids=lambda kind: kind.name)
@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.usefixtures("memory", "_no_event_loop_is_made")
def test_tracer(kind: Kind, check: str) -> None:
    """A bridge tracer passes the check."""
    # Some checks leave a scope open, and the native slot is the thread's: each gets a context of its own.
    contextvars.copy_context().run(kind.run, getattr(Harness(kind), check))
