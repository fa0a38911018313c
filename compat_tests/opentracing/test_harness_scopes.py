"""OpenTracing's own harness for scope managers: 8 checks, native and while the bridge follows another's."""

from __future__ import annotations

import contextvars
from typing import TYPE_CHECKING, Any

import pytest
from opentracing.harness.scope_check import ScopeCompatibilityCheckMixin

from compat_tests.opentracing import _managers
from midspan.bridges.opentracing import Tracer

if TYPE_CHECKING:
    from collections.abc import Callable

    from compat_tests.opentracing._managers import Kind

CHECKS = sorted(name for name in dir(ScopeCompatibilityCheckMixin) if name.startswith("test_"))


class Harness(ScopeCompatibilityCheckMixin):
    """The harness over one scope manager."""

    def __init__(self, kind: Kind) -> None:
        self._tracer = Tracer(kind.make())
        self._run = kind.run

    def scope_manager(self) -> Any:
        """The manager under test; the harness asks for it once in a check."""
        return self._tracer.scope_manager

    def run_test(self, test_fn: Callable[[], None]) -> None:
        """Run a check where the manager is at home."""
        self._run(test_fn)


def test_the_harness_has_8_checks() -> None:
    """All 8 of them are known here, so that none is left out by mistake."""
    assert len(CHECKS) == 8


@pytest.mark.parametrize("kind", _managers.ALL, ids=lambda kind: kind.name)
@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.usefixtures("memory", "_no_event_loop_is_made")
def test_scope_manager(kind: Kind, check: str) -> None:
    """The scope manager of a bridge tracer passes the check."""
    # One check leaves a scope open, and the native slot is the thread's: each gets a context of its own.
    contextvars.copy_context().run(getattr(Harness(kind), check))
