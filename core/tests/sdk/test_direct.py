"""Exporters that are handed each span at once, and how each exporter is put behind its outlet."""

from __future__ import annotations

import threading

import pytest

from midspan import _trouble, sdk, testing, trace
from midspan.sdk import Batch, BatchSettings, Simple


class Exporter:
    """Keeps spans with the thread that brought them."""

    def __init__(self) -> None:
        self.spans: list[tuple[str, int, bool]] = []
        self.told: list[str] = []

    def export_spans(self, spans: list[trace.Span]) -> None:
        here = threading.get_ident()
        self.spans += [(span.name, here, trace.is_suppressed()) for span in spans]

    def force_flush(self, timeout_s: float) -> None:
        self.told.append("flush")

    def shutdown(self, timeout_s: float) -> None:
        self.told.append("shutdown")


def configured(*exporters: object, **settings: object) -> sdk.Pipeline:
    """Return a pipeline with these exporters."""
    return sdk.configure(exporters=exporters, environment={}, detectors=[], **settings)


def end_a_span(name: str = "s") -> None:
    """Make one span."""
    trace.get_tracer("t").start_span(name).end()


def test_simple_exports_at_once():
    """Each span is exported in the thread that ended it, with tracing suppressed."""
    exporter = Exporter()
    configured(Simple(exporter))
    end_a_span()
    assert [("s", threading.get_ident(), True)] == exporter.spans


def test_an_exporter_may_ask_for_it():
    """`synchronous = True` is the same as `Simple` around it; `Batch` around it wins."""
    exporter = testing.MemoryExporter()
    pipeline = configured(Batch(exporter, BatchSettings(schedule_delay_s=3600)))
    end_a_span()
    waiting = list(exporter.spans)
    assert ([], True, 1) == (waiting, pipeline.force_flush(5), len(exporter.spans))


def test_batch_has_settings_of_its_own():
    """One exporter's queue may differ from the pipeline's."""
    exporter = Exporter()
    pipeline = configured(
        Batch(exporter, BatchSettings(max_queue_size=1, max_export_batch_size=1, schedule_delay_s=3600)),
        batch=BatchSettings(max_queue_size=4096),
    )
    assert 1 == pipeline._sinks["Exporter"]._max_size


def test_batch_without_settings_takes_the_pipelines():
    """`Batch(exporter)` is a queue like all others."""
    pipeline = configured(Batch(Exporter()), batch=BatchSettings(max_queue_size=4096))
    assert 4096 == pipeline._sinks["Exporter"]._max_size


@pytest.mark.parametrize(
    "settings",
    [
        BatchSettings(max_queue_size=0),
        BatchSettings(max_queue_size=5, max_export_batch_size=6),
        BatchSettings(max_export_batch_size=0),
        BatchSettings(max_queue_bytes=0),
        BatchSettings(schedule_delay_s=-1),
        BatchSettings(export_timeout_s=float("nan")),
    ],
)
def test_settings_that_cannot_be_are_refused(settings):
    """Given to the pipeline or to one exporter, the message names what is wrong."""
    for how in ({"exporters": [], "batch": settings}, {"exporters": [Batch(Exporter(), settings)]}):
        with pytest.raises(sdk.ConfigurationError, match=r"_(size|s|bytes)=.* is not valid: allowed"):
            sdk.configure(**how, environment={})


def test_after_a_shutdown_nothing_is_exported():
    """What ends later is dropped and counted."""
    exporter = Exporter()
    pipeline = configured(Simple(exporter))
    assert pipeline.shutdown(5)
    end_a_span()
    assert (["shutdown"], [], {"shutdown": 1}) == (
        exporter.told,
        exporter.spans,
        pipeline.stats().exporters["Exporter"].dropped,
    )


def test_a_flush_reaches_the_exporter():
    """An exporter that holds something itself is told."""
    exporter = Exporter()
    assert (True, ["flush"]) == (configured(Simple(exporter)).force_flush(5), exporter.told)


def test_an_exporter_without_flush_or_shutdown_is_done():
    """Neither is needed."""

    class Bare:
        """Exports, and nothing else."""

        def export_spans(self, spans: list[trace.Span]) -> None:
            """Take them."""

    pipeline = configured(Simple(Bare()))
    assert (True, True) == (pipeline.force_flush(5), pipeline.shutdown(5))


@pytest.mark.parametrize("error", [ValueError, SystemExit, MemoryError])
def test_an_exporter_that_raises_harms_nobody(error):
    """The thread that ended the span does not notice; the account does."""

    class Failing(Exporter):
        """Fails."""

        def export_spans(self, spans: list[trace.Span]) -> None:
            raise error

    pipeline = configured(Simple(Failing()))
    with trace.get_tracer("t").start_as_current_span("s"):
        pass
    assert ({"export_failed": 1}, 1) == (
        pipeline.stats().exporters["Failing"].dropped,
        _trouble.counts()["exporter.Failing"],
    )


def test_an_interrupt_belongs_to_the_user():
    """Ctrl-C during a direct export is the program's, and goes through; the span is accounted for."""

    class Interrupted(Exporter):
        """Is interrupted."""

        def export_spans(self, spans: list[trace.Span]) -> None:
            raise KeyboardInterrupt

    pipeline = configured(Simple(Interrupted()))
    with pytest.raises(KeyboardInterrupt):
        end_a_span()
    assert (1, {"export_failed": 1}) == (
        pipeline.stats().exporters["Interrupted"].accepted,
        pipeline.stats().exporters["Interrupted"].dropped,
    )


def test_in_strict_mode_an_exporter_that_raises_is_heard():
    """A test that exports directly sees the exception."""

    class Failing(Exporter):
        """Fails."""

        def export_spans(self, spans: list[trace.Span]) -> None:
            raise LookupError

    configured(Simple(Failing()), strict=True)
    with pytest.raises(LookupError):
        end_a_span()


def test_what_is_no_exporter_is_refused():
    """The message says what one has."""
    with pytest.raises(TypeError, match="neither export_spans nor export_metrics"):
        configured(object())


def test_a_list_of_exporters_is_a_list():
    """A name alone would be read letter by letter."""
    with pytest.raises(
        sdk.ConfigurationError, match=r"exporters='otlp' is not valid: .*exporters=\['otlp'\]"
    ):
        sdk.configure(exporters="otlp", environment={})


def test_none_among_the_names_means_nothing(memory):
    """`none` exports nothing, beside others too."""
    configured("none", memory)
    end_a_span()
    assert 1 == len(memory.spans)


def test_an_empty_list_exports_nothing():
    """Spans are recorded, for processors, and go nowhere."""
    seen = []
    pipeline = configured(processors=[seen.append])
    end_a_span()
    assert (1, {}) == (len(seen), pipeline.stats().exporters)


def test_a_direct_export_is_told_how_long_it_has():
    """As long as an export of the pipeline's queues."""

    class Timed(Exporter):
        """Keeps what it is told."""

        def export_spans(self, spans: list[trace.Span], timeout_s: float) -> None:
            self.told.append(timeout_s)

    exporter = Timed()
    configured(Simple(exporter), batch=BatchSettings(export_timeout_s=7))
    end_a_span()
    assert [7] == exporter.told
