"""The contract of bridges: a small bridge keeps it, and each breach fails the test that names it."""

from __future__ import annotations

from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Any

import pytest

from midspan import sdk, trace
from midspan.testing import BridgeContract, MemoryExporter

if TYPE_CHECKING:
    from collections.abc import Iterator

SCOPE = "midspan.bridges.test"


class Foreign:
    """An interface of old, with a place for whoever makes its spans."""

    maker: Any = None

    def block(self, name: str) -> Any:
        """Return a block in which a span is active."""
        return nullcontext() if self.maker is None else self.maker(name)


class TestSmallBridge(BridgeContract):
    """The least that a bridge does."""

    scope = SCOPE

    def setup_method(self) -> None:
        """Begin with an interface that nobody has touched."""
        self.foreign = Foreign()

    def install(self) -> None:
        self.foreign.maker = self.make

    def uninstall(self) -> None:
        self.foreign.maker = None

    def block(self, name: str) -> Any:
        return self.foreign.block(name)

    def make(self, name: str) -> Any:
        """Make a native span of a foreign one."""
        return trace.get_tracer(SCOPE).start_as_current_span(name)


class Nameless(TestSmallBridge):
    """Does not say where its spans come from."""

    def make(self, name: str) -> Any:
        return trace.get_tracer("somebody").start_as_current_span(name)


class Orphaning(TestSmallBridge):
    """Begins a trace with every span."""

    def make(self, name: str) -> Any:
        return trace.get_tracer(SCOPE).start_as_current_span(name, parent=None)


class Leaking(TestSmallBridge):
    """Leaves its span current."""

    def make(self, name: str) -> Any:
        scope = trace.get_tracer(SCOPE).start_as_current_span(name)
        return nullcontext(scope.__enter__())


class Hiding(TestSmallBridge):
    """Does not make its span current."""

    def make(self, name: str) -> Any:
        return trace.get_tracer(SCOPE).start_span(name)


class Swallowing(TestSmallBridge):
    """Keeps exceptions to itself."""

    @contextmanager
    def make(self, name: str) -> Iterator[None]:
        with trace.get_tracer(SCOPE).start_as_current_span(name):
            try:
                yield
            except LookupError as error:
                raise LookupError("another one") from error


class Presuming(TestSmallBridge):
    """Configures what is not its own."""

    def install(self) -> None:
        super().install()
        if sdk.get_pipeline() is None:
            sdk.configure(exporters=[MemoryExporter()], environment={}, detectors=[])


class Doubling(TestSmallBridge):
    """Hooks itself in once more each time."""

    def install(self) -> None:
        before = self.foreign.maker
        if before is None:
            super().install()
            return

        @contextmanager
        def both(name: str) -> Iterator[None]:
            with before(name), self.make(name):
                yield

        self.foreign.maker = both


@pytest.mark.parametrize(
    ("bridge", "breached"),
    [
        (Nameless, "test_foreign_spans_are_exported"),
        (Orphaning, "test_spans_of_both_kinds_hang_together"),
        (Leaking, "test_after_a_block_the_span_before_is_current"),
        (Hiding, "test_after_a_block_the_span_before_is_current"),
        (Swallowing, "test_the_applications_exceptions_go_through"),
        (Presuming, "test_without_a_pipeline_nothing_happens"),
        (Doubling, "test_installing_is_done_once_and_undone_once"),
    ],
)
def test_a_breach_fails_its_test(bridge, breached):
    """Each test of the contract notices what it is about."""
    suite = bridge()
    suite.setup_method()
    with pytest.raises(AssertionError):
        getattr(suite, breached)()


@pytest.mark.parametrize("method", ["install", "uninstall", "block"])
def test_the_author_has_to_say_how(method):
    """A contract alone bridges nothing."""
    with pytest.raises(NotImplementedError):
        getattr(BridgeContract(), method)(*(["name"] if method == "block" else []))
