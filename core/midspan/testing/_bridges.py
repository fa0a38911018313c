"""What every bridge keeps: a suite that the author of one subclasses."""

# ruff: noqa: S101 - a contract asserts

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

from midspan import sdk, trace
from midspan.testing._pipeline import pipeline

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

    from midspan.testing._memory import MemoryExporter

__all__ = ["BridgeContract"]


class BridgeContract:
    """Hold a bridge to what makes one trace of two interfaces.

    Subclass it under a name that pytest collects, and say how to install and to use it.

        class TestMyBridge(BridgeContract):
            scope = "midspan.bridges.mine"

            def install(self):
                mine.install()

            def uninstall(self):
                mine.uninstall()

            def block(self, name):
                return legacy.tracer.span(name)
    """

    # The name of the instrumentation scope that spans made through the bridge have.
    scope: str

    def install(self) -> None:
        """Install the bridge."""
        raise NotImplementedError

    def uninstall(self) -> None:
        """Take it back."""
        raise NotImplementedError

    def block(self, name: str) -> AbstractContextManager[Any]:
        """Return a block in which a span of the foreign interface is active; it ends with the block."""
        raise NotImplementedError

    def test_foreign_spans_are_exported(self) -> None:
        """They come out of the pipeline, and their scope names their origin."""
        with self._installed() as memory:
            with self.block("foreign"):
                pass
            made = [(span.name, span.scope.name) for span in memory.spans]
        assert made == [("foreign", self.scope)], f"expected one span of {self.scope}, not {made}"

    def test_spans_of_both_kinds_hang_together(self) -> None:
        """Native under foreign under native, and the reverse: one trace, each under the one before."""
        for order in (("native", "foreign"), ("foreign", "native")):
            with self._installed() as memory:
                with ExitStack() as blocks:
                    for depth in range(4):
                        kind = order[depth % 2]
                        blocks.enter_context(self._of(kind, f"{kind}-{depth}"))
                made = memory.spans[::-1]
            parents = [None, *(span.context.span_id for span in made)][: len(made)]
            assert len(made) == 4, f"expected four spans, not {made}"  # noqa: PLR2004 - two of each
            found = [span.parent and span.parent.span_id for span in made]
            assert found == parents, f"{[span.name for span in made]} do not hang under each other"
            assert len({span.context.trace_id for span in made}) == 1, f"{made} are not one trace"

    def test_after_a_block_the_span_before_is_current(self) -> None:
        """A foreign block that ends leaves nothing behind."""
        with self._installed(), self._of("native", "outer") as outer:
            with self.block("foreign"):
                assert trace.get_current_span() is not outer, "the foreign span did not become current"
            assert trace.get_current_span() is outer, "the span before did not become current again"

    def test_the_applications_exceptions_go_through(self) -> None:
        """What leaves a block is the very exception that was raised in it."""
        error = LookupError("the application's own")
        caught: BaseException | None = None
        with self._installed():
            try:
                with self.block("foreign"):
                    raise error
            except LookupError as raised:
                caught = raised
        assert caught is error, f"{caught!r} came out, not the exception that was raised"

    def test_without_a_pipeline_nothing_happens(self) -> None:
        """A library that uses the foreign interface may run before, or without, `configure`."""
        sdk.reset()
        self.install()
        try:
            with self.block("foreign"):
                assert sdk.get_pipeline() is None, "the bridge configured something by itself"
        finally:
            self.uninstall()

    def test_installing_is_done_once_and_undone_once(self) -> None:
        """Installing again changes nothing; after `uninstall`, done twice, spans no longer arrive."""
        with self._installed() as memory:
            self.install()
            with self.block("once"):
                pass
            self.uninstall()
            self.uninstall()
            with self.block("not any more"):
                pass
            made = [span.name for span in memory.spans]
        assert made == ["once"], f"expected the span made while the bridge was installed, not {made}"

    def _of(self, kind: str, name: str) -> AbstractContextManager[Any]:
        if kind == "foreign":
            return self.block(name)
        return trace.get_tracer("midspan.testing").start_as_current_span(name)

    @contextmanager
    def _installed(self) -> Iterator[MemoryExporter]:
        with pipeline() as memory:
            self.install()
            try:
                yield memory
            finally:
                self.uninstall()
