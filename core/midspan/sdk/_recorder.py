"""Start spans: decide, give ids, read the clock. One recorder for each instrumentation scope.

This is the hot path. It is written out plainly: each helper call saved here is worth 50 to 80 ns of the
2 us that a span takes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from midspan import _trouble
from midspan.propagation import ROOT_ATTRIBUTES
from midspan.sdk.sampling import (
    ALWAYS,
    DROP,
    SAMPLE,
    Decision,
    SamplingRequest,
    SamplingResult,
    Situation,
    threshold_of,
)
from midspan.trace import NonRecordingSpan, SpanContext, TraceFlags, TraceState
from midspan.trace._attributes import clean_attributes, plain_copy
from midspan.trace._nonrecording import UnsampledRoot
from midspan.trace._span import DEBUG, SUPPRESSED, Span
from midspan.trace._times import whole_ns
from midspan.trace._tracestate import EMPTY as _NO_STATE
from midspan.trace._values import NO_ATTRIBUTES, UNSET

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from midspan.context import Context
    from midspan.sdk._clock import Clock
    from midspan.sdk.ids import IdGenerator
    from midspan.sdk.sampling import RateLimiting, Sampler
    from midspan.trace import InstrumentationScope, Link, SpanKind, SpanLimits

__all__ = ["Recorder", "Settings"]

_SAMPLED: Final = TraceFlags.SAMPLED
_RANDOM: Final = TraceFlags.RANDOM
_LOWER_64: Final = ALWAYS - 1
_ASKING: Final = DEBUG | TraceFlags.DEFERRED
_KEPT: Final = _RANDOM | _ASKING


class Settings:
    """What all recorders of a pipeline share."""

    __slots__ = (
        "clock",
        "clock_offset_ns",
        "forced",
        "ids",
        "limits",
        "on_end",
        "on_record_only",
        "resource",
        "sampler",
        "seals_late",
        "starters",
    )

    clock: Clock
    clock_offset_ns: int
    # Bounds how many traces a second a caller may force into being recorded.
    forced: RateLimiting
    ids: IdGenerator
    limits: SpanLimits
    resource: Any
    sampler: Sampler
    seals_late: bool
    starters: Sequence[Callable[[Span, Context], object]]
    on_end: Callable[[Span], None]
    on_record_only: Callable[[Span], None]


class Recorder:
    """Start the spans of one scope, under the settings of one pipeline."""

    def __init__(self, scope: InstrumentationScope, settings: Settings) -> None:
        self.scope = scope
        self._settings = settings
        self.resource = settings.resource
        self.limits = settings.limits
        self.seals_late = settings.seals_late
        self.monotonic_ns = settings.clock.monotonic_ns
        self.on_end = settings.on_end
        self._trace_id = settings.ids.trace_id
        self._span_id = settings.ids.span_id
        self._root_flags = _SAMPLED | (_RANDOM if settings.ids.is_random else 0)
        self._starters = settings.starters
        self.unexported = _RecordOnly(self)
        self.exported = self
        self.use(settings.sampler)

    def use(self, sampler: Sampler) -> None:
        """Take another sampler."""
        self._sampler = sampler
        self._thresholds = [threshold_of(sampler, situation) for situation in Situation]
        self._at_root = self._thresholds[Situation.ROOT]
        self.drops_roots = self._at_root == 0

    def start(  # noqa: C901, PLR0912, PLR0913, PLR0915 - the hot path in one piece; see the module's docstring
        self,
        name: str,
        context: Context,
        kind: SpanKind,
        attributes: Mapping[str, Any] | None,
        links: Sequence[Link] | None,
        start_ns: int | None,
        ids: tuple[int, int] | None,
    ) -> Span:
        """Start a span under the span of `context`."""
        parent = context.span
        parent_context: SpanContext | None
        if parent is not None and parent._trace_id:
            parent_context = parent._context or parent.context
            trace_id = parent._trace_id
            trace_state = parent._trace_state
            flags = parent._flags & _KEPT | _SAMPLED
            threshold = self._thresholds[1 + (parent._flags & _SAMPLED) + 2 * parent_context[4]]
            if flags & _ASKING:
                flags, threshold = self._asked(flags, parent_context, threshold)
        else:
            threshold = self._at_root
            flags = self._root_flags
            if parent is not None:
                if parent._flags & SUPPRESSED:
                    # The very span: made current, it must go on suppressing.
                    return parent
                flags, threshold = self._advised(flags, parent.context, threshold)
            if threshold == 0 and ids is None:
                unsampled: UnsampledRoot = UnsampledRoot()
                unsampled._recorder = self
                unsampled._context = unsampled._views = None
                return unsampled
            parent_context = None
            trace_state = _NO_STATE
            if ids is None:
                # A function in a local name: the interpreter calls an attribute of an instance more slowly.
                make_id = self._trace_id
                trace_id = make_id() or 1
            else:
                # Nothing is known of how they were made.
                flags &= ~_RANDOM
        if ids is None:
            make_id = self._span_id
            span_id = make_id() or 1
        else:
            trace_id, span_id = ids
        result = SAMPLE
        if threshold is not ALWAYS:
            if threshold is None:
                result = self._ask(
                    SamplingRequest(
                        context,
                        parent_context,
                        trace_id,
                        name,
                        kind,
                        NO_ATTRIBUTES if attributes is None else attributes,
                        () if links is None else links,
                    )
                )
                chosen: Any = result.trace_state
                if issubclass(type(chosen), TraceState):
                    trace_state = chosen
            elif trace_id & _LOWER_64 >= threshold:
                result = DROP
            if not result.decision:
                return NonRecordingSpan.of_ids(trace_id, span_id, flags & ~_SAMPLED, trace_state)
        span = Span()
        span._recorder = self
        span._limits = self.limits
        span.name = name
        span.kind = kind
        span._trace_id = trace_id
        span._span_id = span_id
        span._flags = flags
        span._trace_state = trace_state
        span.parent = parent_context
        span._clock_offset_ns = offset_ns = self._settings.clock_offset_ns
        if start_ns is None:
            clock = self.monotonic_ns
            span.start_ns = clock() + offset_ns
        else:
            span.start_ns = whole_ns(start_ns, self.monotonic_ns, offset_ns)
        span.end_ns = None
        span.status = UNSET
        span._context = span._attributes = span._events = span._links = span._views = span._dropped = None
        if attributes is not None:
            limits = self.limits
            copied = plain_copy(attributes, limits.attributes, limits.value_length)
            if copied is None:
                copied, dropped = clean_attributes(attributes, limits.attributes, limits.value_length)
                if dropped:
                    span._dropped = [dropped, 0, 0]
            span._attributes = copied
        if links is not None:
            self._add_links(span, links)
        if parent is not None and parent_context is None:
            self._mark_root(span, context)
        if result is not SAMPLE:
            self._apply(span, result)
        if self._starters:
            self._tell_starters(span, context)
        return span

    def _ask(self, request: SamplingRequest) -> SamplingResult:
        """Ask the sampler; one that fails does not silence the application: the span is recorded."""
        try:
            result = self._sampler(request)
        except Exception as error:  # noqa: BLE001 - a sampler may be the application's own
            _trouble.report("sampler.raised", "the sampler raised; the span is recorded", error=error)
            return SAMPLE
        if type(result) is not SamplingResult or type(result.decision) is not Decision:
            _trouble.report("sampler.no_result", "the sampler returned %s; the span is recorded", result)
            return SAMPLE
        return result

    @staticmethod
    def _add_links(span: Span, links: Sequence[Link]) -> None:
        try:
            for link in links:
                span.add_link(link.context, link.attributes)
        except Exception as error:  # noqa: BLE001 - the caller's own sequence, of whatever it holds
            _trouble.report("span.bad_link", "a link could not be read", error=error)

    @staticmethod
    def _mark_root(span: Span, context: Context) -> None:
        """Give the root the attributes that its caller asked for: a debug id to find it by, say."""
        marks: Any = context.values.get(ROOT_ATTRIBUTES)
        if marks:
            span.set_attributes(marks)

    def _apply(self, span: Span, result: SamplingResult) -> None:
        """Carry out what a sampler said beyond "yes"."""
        if result.attributes is not None:
            span.set_attributes(result.attributes)
        if result.decision is Decision.RECORD_ONLY:
            span.withdraw()

    def _tell_starters(self, span: Span, context: Context) -> None:
        for on_start in self._starters:
            try:
                on_start(span, context)
            except Exception as error:  # noqa: BLE001 - a processor may be the application's own
                _trouble.report("processor.raised", "a processor raised in on_start", error=error)

    def _asked(self, flags: int, parent: SpanContext, threshold: int | None) -> tuple[int, int | None]:
        """Heed a caller who leaves the decision to us, or wants to be recorded in any case."""
        if flags & TraceFlags.DEFERRED:
            flags, threshold = flags & ~TraceFlags.DEFERRED, self._at_root
        if not flags & DEBUG:
            return flags, threshold
        if parent.is_remote and not self._settings.forced.allows():
            _trouble.report(
                "sampling.too_many_forced", "more traces are forced than allowed; sampled as usual"
            )
            return flags & ~DEBUG, threshold
        return flags, ALWAYS

    def _advised(self, flags: int, caller: SpanContext, threshold: int | None) -> tuple[int, int | None]:
        """Heed a caller who decided, but gave no ids: the trace begins here, and not by our own choice."""
        if caller.is_debug:
            return self._asked(flags | DEBUG, caller, threshold)
        if caller.is_remote:
            situation = Situation.REMOTE_SAMPLED if caller.is_sampled else Situation.REMOTE_UNSAMPLED
            return flags, self._thresholds[situation]
        return flags, threshold

    def unsampled_context(self) -> SpanContext:
        """Make the identity of an unsampled root, for the few that are asked for it."""
        return SpanContext(self._trace_id() or 1, self._span_id() or 1, self._root_flags & ~_SAMPLED)


class _RecordOnly:
    """The recorder of spans that processors see and exporters do not."""

    unexported: _RecordOnly

    def __init__(self, recorder: Recorder) -> None:
        self.scope = recorder.scope
        self.resource = recorder.resource
        self.limits = recorder.limits
        self.seals_late = recorder.seals_late
        self.monotonic_ns = recorder.monotonic_ns
        self.on_end = recorder._settings.on_record_only
        self.unexported = self
        self.exported = recorder
