from __future__ import annotations

import threading
import time

import pytest

from midspan import delivery, metrics, sdk, trace
from midspan.sdk import DeliverySettings, SpillSettings
from midspan.sdk._waiting import poll


class Carrier:
    """An exporter of both signals whose backend may be away."""

    name = "carrier"

    def __init__(self) -> None:
        self.sent: list[tuple[str, bytes]] = []
        self.closed = 0
        self.is_away = False

    def encode_spans(self, spans):
        return ",".join(span.name for span in spans).encode()

    def encode_metrics(self, given):
        return ",".join(metric.name for metric in given).encode()

    def pack(self, signal, body):
        return b"<" + body + b">"

    def send(self, signal, body, timeout_s):
        if self.is_away:
            return delivery.retry("away")
        self.sent.append((signal, body))
        return delivery.accepted()

    def shutdown(self, timeout_s):
        self.closed += 1


def configured(*exporters, **settings):
    """Configure with these exporters and nothing else."""
    return sdk.configure(exporters=list(exporters), detectors=[], **{"environment": {}, **settings})


def end_spans(*names):
    """End a span of each name."""
    for name in names:
        trace.get_tracer("t").start_span(name).end()


def test_both_signals_go_by_one_courier_and_close_it_once():
    """An exporter that encodes and sends is given delivery; it is shut down when both signals have ended."""
    carrier = Carrier()
    pipeline = configured(carrier, self_metrics=False)
    counter = metrics.get_meter("t").create_counter("c")
    end_spans("a", "b")
    counter.add(1)
    assert pipeline.force_flush(5)
    assert {("spans", b"<a,b>"), ("metrics", b"<c>")} == set(carrier.sent)
    assert pipeline.shutdown(5)
    assert 1 == carrier.closed
    stats = pipeline.stats()
    assert (2, 5) == (stats.exporters["carrier"].exported, stats.exporters["carrier"].sent_bytes)
    assert stats.metrics["carrier"].exported >= 1


def test_a_flush_tells_whether_the_backend_took_it_all():
    """While it is away the answer is False; nothing is lost, and the next flush says True."""
    carrier = Carrier()
    pipeline = configured(carrier, delivery=DeliverySettings(first_pause_s=0.01))
    carrier.is_away = True
    end_spans("a")
    assert not pipeline.force_flush(0.1)
    carrier.is_away = False
    assert pipeline.force_flush(5)
    assert [("spans", b"<a>")] == carrier.sent
    assert pipeline.stats().exporters["carrier"].retried > 0


@pytest.mark.parametrize("by", ["argument", "variable", "settings"])
def test_spans_that_could_not_be_sent_are_sent_by_the_next_process(tmp_path, by):
    """The folder may be named in code, with bounds or without, or by a variable."""
    folder = str(tmp_path / "spill")
    how = {
        "argument": {"spill": folder},
        "variable": {"environment": {"MIDSPAN_SPILL": folder}},
        "settings": {"spill": SpillSettings(folder, max_bytes=1_000_000)},
    }[by]
    first = Carrier()
    first.is_away = True
    pipeline = configured(first, **how)
    end_spans("a")
    assert not pipeline.shutdown(5)
    assert 1 == pipeline.stats().exporters["carrier"].spilled
    second = Carrier()
    pipeline = configured(second, **how)
    end_spans("b")
    assert pipeline.force_flush(5)
    assert [("spans", b"<a>"), ("spans", b"<b>")] == second.sent


def test_what_a_pipeline_puts_down_at_its_end_is_free_to_be_taken(tmp_path):
    """Though its last attempt took all the time there was: the next pipeline of the same process sends it."""

    class Slow(Carrier):
        def send(self, signal, body, timeout_s):
            # An attempt that began before the shutdown has 10 s, which nobody here waits for.
            time.sleep(min(timeout_s, 1))
            return delivery.retry("too slow")

    slow, carrier = Slow(), Carrier()
    pipeline = configured(slow, spill=str(tmp_path))
    end_spans("a")
    assert not pipeline.shutdown(0.3)
    assert poll(lambda: slow.closed == 1, time.monotonic() + 5)
    assert configured(carrier, spill=str(tmp_path)).force_flush(5)
    assert [("spans", b"<a>")] == carrier.sent


def test_an_exporter_in_another_place_does_not_take_what_is_not_its_own(tmp_path):
    """Parcels on disk belong to a name and an address."""
    one, other = Carrier(), Carrier()
    one.address, other.address = "http://one", "http://other"
    one.is_away = True
    pipeline = configured(one, spill=str(tmp_path))
    end_spans("a")
    pipeline.shutdown(5)
    pipeline = configured(other, spill=str(tmp_path))
    end_spans("b")
    pipeline.force_flush(5)
    assert [("spans", b"<b>")] == other.sent


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"spill": ""}, r"spill='' \(MIDSPAN_SPILL\) is not valid"),
        ({"spill": SpillSettings("x", max_bytes=0)}, r"MIDSPAN_SPILL.*bounds above 0"),
        ({"spill": 5}, "allowed is a folder"),
        ({"delivery": DeliverySettings(budget_s=-1)}, "budget_s=-1 is not valid"),
        ({"delivery": DeliverySettings(max_bytes=float("nan"))}, "max_bytes=nan is not valid"),
    ],
)
def test_what_cannot_be_is_refused(settings, message):
    """The message names it, and what is allowed."""
    with pytest.raises(sdk.ConfigurationError, match=message):
        configured(**settings)


def test_while_a_backend_is_slow_batches_grow():
    """Spans wait for the request that is under way, and then leave together."""
    gate = threading.Event()

    class Slow(Carrier):
        def send(self, signal, body, timeout_s):
            gate.wait(5)
            return super().send(signal, body, timeout_s)

    carrier = Slow()
    pipeline = configured(carrier)
    end_spans(*["x"] * 600)
    end_spans(*["x"] * 2_000)
    gate.set()
    assert pipeline.force_flush(5)
    sizes = [body.count(b"x") for _, body in carrier.sent]
    assert 2_600 == sum(sizes)
    assert max(sizes) > 1_000


def test_batches_grow_by_how_much_is_on_its_way():
    """While one is being sent, the next is a larger one; once several wait, they are the largest."""
    gate, sizes = threading.Event(), []

    class Slow(Carrier):
        def encode_spans(self, spans):
            sizes.append(len(spans))
            return super().encode_spans(spans)

        def send(self, signal, body, timeout_s):
            gate.wait(5)
            return super().send(signal, body, timeout_s)

    pipeline = configured(Slow(), batch=sdk.BatchSettings(schedule_delay_s=3_600))
    for size in (512, 2_048, 8_192):
        end_spans(*["x"] * size)
        assert poll(lambda size=size: sizes[-1:] == [size], time.monotonic() + 5)
    gate.set()
    assert pipeline.force_flush(5)
    assert [512, 2_048, 8_192] == sizes


def test_batches_are_small_again_once_the_backend_has_caught_up():
    """What was to be a larger batch while one was being sent is an ordinary one afterwards."""
    entered, gate = threading.Event(), threading.Event()

    class Slow(Carrier):
        def send(self, signal, body, timeout_s):
            entered.set()
            gate.wait(5)
            return super().send(signal, body, timeout_s)

    carrier = Slow()
    configured(carrier, batch=sdk.BatchSettings(schedule_delay_s=3_600))
    for batches in (1, 2):
        end_spans(*["x"] * 512)
        assert entered.wait(5)
        gate.set()
        assert poll(lambda count=batches: len(carrier.sent) == count, time.monotonic() + 5)


def test_the_queue_holds_fewer_spans_where_they_are_large():
    """Its bound in bytes goes by what the spans before took."""
    carrier = Carrier()
    batch = sdk.BatchSettings(max_export_batch_size=10, max_queue_bytes=100_000)
    pipeline = configured(carrier, batch=batch)
    queue = pipeline._sinks["carrier"]
    end_spans(*["x" * 5_000] * 10)
    assert pipeline.force_flush(5)
    assert 9 == queue._max_size
    end_spans(*["x"] * 10)
    assert pipeline.force_flush(5)
    assert queue._max_size > 100


def test_a_giant_among_many_does_not_narrow_the_queue():
    """What one takes is the average of a batch, even where the giant had to be encoded alone."""
    carrier = Carrier()
    carrier.max_bytes = 50_000
    pipeline = configured(carrier, batch=sdk.BatchSettings(max_queue_bytes=10_000_000))
    end_spans("x", *["x"] * 98, "x" * 100_000)
    pipeline.force_flush(5)
    assert {"too_large": 1} == pipeline.stats().exporters["carrier"].dropped
    assert pipeline._sinks["carrier"]._max_size > 1_000


def test_the_memory_that_waits_is_bounded_while_a_backend_hangs():
    """Spans of 50 kB: what is queued and what is encoded stay within their bytes, the rest is counted."""
    carrier = Carrier()
    carrier.is_away = True
    bounds = {
        "batch": sdk.BatchSettings(max_queue_bytes=2_000_000),
        "delivery": DeliverySettings(max_bytes=1_000_000),
    }
    pipeline = configured(carrier, **bounds)
    end_spans(*["x" * 50_000] * 20)
    pipeline.force_flush(0.1)
    for _ in range(20):
        end_spans(*["x" * 50_000] * 10)
        time.sleep(0.005)
    stats = pipeline.stats().exporters["carrier"]
    assert 220 == stats.accepted == stats.queued + stats.dropped["queue_full"]
    # Twenty that are in the queue, twenty that are encoded, and the batch that was the last to find room.
    assert stats.queued <= 60
    carrier.is_away = False
    assert pipeline.force_flush(5)
    assert stats.queued == pipeline.stats().exporters["carrier"].exported


def test_a_backend_that_is_away_costs_the_application_nothing_but_the_queue():
    """Once what is encoded has filled its room, no span that ends wakes the worker."""
    carrier = Carrier()
    carrier.is_away = True
    pipeline = configured(carrier, delivery=DeliverySettings(max_bytes=1_000, first_pause_s=60))
    end_spans(*["x" * 10] * 2_000)
    assert not pipeline.force_flush(0.1)
    worker = pipeline._sinks["carrier"]._worker
    end_spans(*["x"] * 1_000)
    time.sleep(0.1)
    assert not worker.awake
    end_spans(*["x"] * 1_000)
    assert not worker.awake
