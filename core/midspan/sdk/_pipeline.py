"""The pipeline: what happens to a span from its start to its last exporter."""

from __future__ import annotations

import time
import weakref
from typing import TYPE_CHECKING, Any, Final

from midspan import _trouble
from midspan._forks import after_in_child
from midspan.sdk._account import PipelineStats
from midspan.sdk._clock import offset_ns
from midspan.sdk._feeder import Feeder
from midspan.sdk._losses import say_losses
from midspan.sdk._meters import Meters
from midspan.sdk._processors import Processors
from midspan.sdk._recorder import Recorder, Settings
from midspan.sdk._self_metrics import SelfMetrics
from midspan.sdk._waiting import begin, poll

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from midspan.resource import Resource
    from midspan.sdk._outlets import MetricReader, Sink
    from midspan.sdk._waiting import Wait
    from midspan.sdk._wiring import Outlets
    from midspan.sdk.views import View
    from midspan.trace import InstrumentationScope, Span
    from midspan.trace._seam import Wishes

__all__ = ["Pipeline"]

# How long spans go by a clock that does not notice when the machine's date is set.
_RE_ANCHOR_AFTER_S: Final = 60.0


class Pipeline:
    """What `configure()` returns. Flush it, shut it down, ask it how it goes."""

    def __init__(  # noqa: PLR0913 - made in one place, by name
        self,
        settings: Settings,
        outlets: Outlets,
        processors: Sequence[Any] = (),
        *,
        views: Sequence[View] = (),
        exemplars: str = "trace_based",
        self_metrics: bool | None = None,
        wishes_welcome: Callable[[Pipeline, Wishes], None] | None = None,
        resource_of_child: Callable[[Resource], Resource] | None = None,
    ) -> None:
        self._settings = settings
        self._sinks = dict(outlets.sinks)
        self._readers = dict(outlets.readers)
        self._processors = Processors(processors)
        self._wishes_welcome = wishes_welcome
        self._resource_of_child = resource_of_child
        self._closing: list[Wait] | None = None
        self._closed = False
        # Those of before a change too: as long as one of their spans is open.
        self._all_recorders: weakref.WeakSet[Recorder] = weakref.WeakSet()
        settings.starters = self._processors.starters
        settings.seals_late = self._processors.see_ends
        settings.on_end = self._choose_on_end()
        settings.on_record_only = self._finish_unexported
        self._anchor()
        self.meters = Meters(
            lambda: settings.resource, views, self._now_ns, self._instruments_came, exemplars
        )
        self._self_metrics = SelfMetrics(self.stats, self._sinks, self._now_ns)
        if self_metrics is not False:
            self.meters.on_collected = self._self_metrics.collected
        if self_metrics:
            self.meters.add_producer(self._self_metrics)
        elif self_metrics is None:
            self.meters.account = self._self_metrics
        for reader in self._readers.values():
            reader.attach(self.meters)
        for outlet in (*self._sinks.values(), *self._readers.values()):
            if isinstance(outlet, Feeder):
                outlet.on_turn = self._re_anchor
        self._begin()
        if self.meters.has_instruments:
            self._instruments_came()
        _live.add(self)

    def _begin(self) -> None:
        self._recorders: dict[InstrumentationScope, Recorder] = {}
        self.engine = _Engine(self)

    def _choose_on_end(self) -> Callable[[Span], None]:
        """Return the shortest way out: with one sink and no processor, the sink itself."""
        sinks = tuple(self._sinks.values())
        if not self._processors.see_ends and len(sinks) == 1:
            return sinks[0].put
        return self._finish

    def _finish(self, span: Span) -> None:
        if self._processors.see_ends and not self._processors.pass_on(span):
            return
        for sink in self._sinks.values():
            sink.put(span)

    def _finish_unexported(self, span: Span) -> None:
        if self._processors.see_ends:
            self._processors.pass_on(span)

    @property
    def resource(self) -> Resource:
        """What runs here."""
        resource: Resource = self._settings.resource
        return resource

    def recorder(self, scope: InstrumentationScope) -> Recorder:
        """Return the recorder of a scope, the same each time."""
        recorder = self._recorders.get(scope)
        if recorder is None:
            recorder = self._recorders.setdefault(scope, Recorder(scope, self._settings))
            self._all_recorders.add(recorder)
        return recorder

    def adopt(self, wishes: Wishes) -> None:
        """Take over what legacy start-up code configured, where `configure()` was told nothing."""
        if self._wishes_welcome is not None:
            self._wishes_welcome(self, wishes)

    def change(self, *, resource: Resource | None = None, sampler: Any = None) -> None:  # noqa: ANN401 - a Sampler
        """Give the running pipeline another resource or sampler; open spans are not affected."""
        if resource is not None:
            self._settings.resource = resource
        if sampler is not None:
            self._close_sampler(time.monotonic())
            self._settings.sampler = sampler
        self._begin()
        _rebind(self)

    def force_flush(self, timeout_s: float = 30.0) -> bool:
        """Export all that has ended; True only if every exporter accepted it within `timeout_s` seconds."""
        deadline_s = time.monotonic() + timeout_s
        self._anchor()
        waits = [outlet.begin_flush(deadline_s) for outlet in self._outlets()]
        waits += self._processors.begin("force_flush", deadline_s)
        return _all_done(waits, deadline_s)

    def shutdown(self, timeout_s: float = 30.0) -> bool:
        """Flush and close every exporter within `timeout_s` seconds in all; True only if all was done.

        A second call closes nothing again; it waits for the first.
        """
        deadline_s = time.monotonic() + timeout_s
        is_first = not self._closed
        if is_first:
            self._closed = True
            # All are begun before any is waited for: one that hangs must not use up the others' time.
            closing = [outlet.begin_shutdown(deadline_s) for outlet in self._outlets()]
            closing += self._processors.begin("shutdown", deadline_s)
            closing += self._close_sampler(deadline_s)
            _live.discard(self)
            self._closing = closing
        # The first call may still be at it, in another thread.
        poll(lambda: self._closing is not None, deadline_s)
        done = self._closing is not None and _all_done(self._closing, deadline_s)
        if is_first:
            stats = self.stats()
            say_losses(stats.exporters, stats.metrics)
        _trouble.say_what_waits()
        return done

    def _close_sampler(self, deadline_s: float) -> list[Wait]:
        close = getattr(self._settings.sampler, "close", None)
        return [begin("sampler.close", lambda _: close(), deadline_s)] if callable(close) else []

    def stats(self) -> PipelineStats:
        """Return the account so far."""
        return PipelineStats(
            {name: sink.stats() for name, sink in self._sinks.items()},
            self._processors.filtered,
            _trouble.counts(),
            {name: reader.stats() for name, reader in self._readers.items() if isinstance(reader, Feeder)},
        )

    def add_reader(self, reader: MetricReader) -> None:
        """Let one more reader collect, from now on."""
        name, number = reader.name, 1
        while name in self._readers:
            number += 1
            name = f"{reader.name}-{number}"
        self._readers[name] = reader
        reader.attach(self.meters)
        if self.meters.has_instruments:
            reader.instruments_came()

    def remove_reader(self, reader: MetricReader) -> None:
        """Let a reader collect no more; one that is not there is no error."""
        for name, known in tuple(self._readers.items()):
            if known is reader:
                del self._readers[name]
        reader.detach()

    def add_producer(self, producer: Any) -> None:  # noqa: ANN401 - anything with `produce() -> [Metric]`
        """Ask a foreign source of metrics at each collection."""
        self.meters.add_producer(producer)
        self._instruments_came()

    def remove_producer(self, producer: Any) -> None:  # noqa: ANN401 - as above
        """Ask a foreign source no more."""
        self.meters.remove_producer(producer)

    def _outlets(self) -> list[Sink | MetricReader]:
        return [*self._sinks.values(), *self._readers.values()]

    def _instruments_came(self) -> None:
        # A list: another thread may add a reader meanwhile.
        for reader in list(self._readers.values()):
            reader.instruments_came()

    def _now_ns(self) -> int:
        return self._settings.clock.monotonic_ns() + self._settings.clock_offset_ns

    def _anchor(self) -> None:
        self._settings.clock_offset_ns = offset_ns(self._settings.clock)
        self._anchored_s = time.monotonic()

    def _re_anchor(self) -> None:
        """Look at the date again, now and then; an open span keeps the offset that it began with."""
        if time.monotonic() - self._anchored_s > _RE_ANCHOR_AFTER_S:
            self._anchor()

    def after_fork(self) -> None:
        """In the child: new recorders, so that spans open at the fork end in the parent only."""
        for recorder in list(self._all_recorders):
            recorder.on_end = recorder.unexported.on_end = _ignore
        if self._resource_of_child is not None:
            self._settings.resource = self._resource_of_child(self._settings.resource)
        for outlet in self._outlets():
            outlet.after_fork()
        self.meters.restart()
        self._self_metrics.begin_anew()
        self._processors.begin_anew()
        self._anchor()
        self._begin()
        _rebind(self)


class _Engine:
    """What tracers compare to know whether their recorder is still right: a new one at each change."""

    def __init__(self, pipeline: Pipeline) -> None:
        self.pipeline = pipeline
        self.recorder = pipeline.recorder
        self.adopt = pipeline.adopt
        self.force_flush = pipeline.force_flush


def _all_done(waits: list[Wait], deadline_s: float) -> bool:
    # Each is waited for, whatever the others say: at an exit, nobody else would give them time.
    return not [wait for wait in waits if not wait(deadline_s)]


def _ignore(span: Span) -> None:
    """Do nothing with a span that another process will report."""


def _rebind(pipeline: Pipeline) -> None:
    """If `pipeline` is the one in force, make tracers notice that it has changed."""
    from midspan.trace._seam import binding  # noqa: PLC0415 - kept beside its one use

    engine = binding.engine
    if isinstance(engine, _Engine) and engine.pipeline is pipeline:
        binding.engine = pipeline.engine


_live: weakref.WeakSet[Pipeline] = weakref.WeakSet()


def _after_fork_in_child() -> None:
    for pipeline in list(_live):
        pipeline.after_fork()


# Registered once for all pipelines: a fork handler cannot be taken back.
after_in_child(_after_fork_in_child)
