"""The seam between the verbs of tracing and what happens after the call.

`configure()` puts an engine here; every tracer looks here when it is used. This is the one module of the
tracing interface that holds global state.
"""

from __future__ import annotations

from midspan._record import NamedTuple
from midspan.trace._nonrecording import NOOP_SPAN, NonRecordingSpan
from midspan.trace._span import SUPPRESSED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any, Protocol

    from midspan.context import Context
    from midspan.trace._limits import SpanLimits
    from midspan.trace._span import Span
    from midspan.trace._values import InstrumentationScope, Link, SpanKind

    class Starter(Protocol):
        """What a tracer needs: something that starts spans."""

        # Every span without a parent will be unsampled, whatever it is.
        drops_roots: bool

        def start(  # noqa: PLR0913 - the fields of a span; called in one place
            self,
            name: str,
            context: Context,
            kind: SpanKind,
            attributes: Mapping[str, Any] | None,
            links: Sequence[Link] | None,
            start_ns: int | None,
            ids: tuple[int, int] | None,
        ) -> Span:
            """Start a span under `context`; `ids` (trace, span) are given by a bridge, else generated."""
            ...

    class SpanOwner(Protocol):
        """What a recording span needs of its pipeline: limits, a clock, and somebody to hand itself to."""

        scope: InstrumentationScope
        resource: Any
        limits: SpanLimits
        # Processors may still change a span that has ended; without them it is sealed at once.
        seals_late: bool

        @property
        def unexported(self) -> SpanOwner:
            """The recorder that takes over when a span is withdrawn."""
            ...

        @property
        def exported(self) -> SpanOwner:
            """The recorder that takes over when a withdrawn span is forced after all."""
            ...

        def monotonic_ns(self) -> int:
            """Read the clock that durations are measured with."""
            ...

        def on_end(self, span: Span) -> None:
            """Take a span that has ended. Must not raise."""
            ...

    class Engine(Protocol):
        """What `configure()` installs: it makes one starter a scope."""

        def recorder(self, scope: InstrumentationScope) -> Starter:
            """Return the starter for the spans of one instrumentation scope."""
            ...

        def adopt(self, wishes: Wishes) -> None:
            """Take over what legacy start-up code configured, where nobody configured it otherwise."""
            ...

        def force_flush(self, timeout_s: float) -> bool:
            """Export what has ended, for interfaces whose tracer can be closed; True if all was accepted."""
            ...


__all__ = ["Binding", "Engine", "SpanOwner", "Starter", "Unconfigured", "Wishes", "binding"]


class Wishes(NamedTuple):
    """What a bridge read out of a legacy tracer's configuration.

    `sampler` is in the form of `OTEL_TRACES_SAMPLER` with its argument after a colon.
    """

    service_name: str | None = None
    sampler: str | None = None
    resource_attributes: Mapping[str, Any] | None = None


class Unconfigured:
    """Start spans that carry the caller's identity on and record nothing."""

    drops_roots = False

    def recorder(self, scope: InstrumentationScope) -> Starter:  # noqa: ARG002 - the same for all scopes
        """Return itself: there is nothing to keep apart."""
        return self

    def adopt(self, wishes: Wishes) -> None:
        """Keep the wishes for the `configure()` to come."""
        binding.wishes = wishes

    def force_flush(self, timeout_s: float) -> bool:  # noqa: ARG002 - nothing waits
        """Return at once: nothing was recorded."""
        return True

    def start(  # noqa: PLR0913 - the shape of `Starter`
        self,
        name: str,  # noqa: ARG002 - as above
        context: Context,
        kind: SpanKind,  # noqa: ARG002 - as above
        attributes: Mapping[str, Any] | None,  # noqa: ARG002 - as above
        links: Sequence[Link] | None,  # noqa: ARG002 - as above
        start_ns: int | None,  # noqa: ARG002 - as above
        ids: tuple[int, int] | None,  # noqa: ARG002 - as above
    ) -> Span:
        """Return a span that only passes on what it was given."""
        parent = context.span
        if parent is None:
            return NOOP_SPAN
        # The very span: made current, it must go on suppressing.
        return parent if parent._flags & SUPPRESSED else NonRecordingSpan(parent.context)


class Binding:
    """The holder of the engine that is in force."""

    __slots__ = ("engine", "wishes")

    def __init__(self) -> None:
        self.engine: Engine = Unconfigured()
        self.wishes: Wishes | None = None


binding = Binding()
