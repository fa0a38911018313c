from __future__ import annotations

import pytest

from midspan import delivery, sdk, trace
from midspan.sdk._account import ExporterStats
from midspan.sdk._losses import say_losses


class Carrier:
    """An exporter of spans whose backend answers as a test says."""

    name = "carrier"

    def __init__(self, answer):
        self.answer = answer

    def encode_spans(self, spans):
        return b"x" * len(spans)

    def send(self, signal, body, timeout_s):
        return self.answer


def shut_down(answer, **settings):
    """End three spans, and the pipeline."""
    pipeline = sdk.configure(exporters=[Carrier(answer)], detectors=[], environment={}, **settings)
    for _ in range(3):
        trace.get_tracer("t").start_span("work").end()
    pipeline.shutdown(5)
    return pipeline


def lines(caplog):
    """Return what was said of losses."""
    return [record.getMessage() for record in caplog.records if "not everything" in record.getMessage()]


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (delivery.refused("HTTP 400"), "lost 3 of 3 spans (3 refused)"),
        (delivery.retry("away"), "lost 3 of 3 spans (3 shutdown)"),
        (delivery.accepted(rejected=1), "lost 1 of 3 spans (1 rejected)"),
    ],
)
def test_a_pipeline_that_ends_says_what_it_lost(caplog, answer, why):
    """One line, with the counts by reason."""
    shut_down(answer).shutdown(5)
    assert [f"not everything was delivered: carrier {why}"] == lines(caplog)


def test_a_pipeline_that_lost_nothing_ends_in_silence(caplog, tmp_path):
    """What was delivered, and what lies on disk, is no loss."""
    shut_down(delivery.accepted())
    shut_down(delivery.retry("away"), spill=str(tmp_path))
    assert [] == lines(caplog)


def test_all_exporters_and_both_signals_share_the_line(caplog):
    """What was not settled when the time was over is lost as well, as far as anybody can say."""
    well, ill = ExporterStats(5, 5, 0, {}), ExporterStats(9, 2, 4, {"queue_full": 1, "shutdown": 2})
    say_losses({"well": well, "ill": ill}, {"ill": ExporterStats(2, 1, 0, {"refused": 1})})
    (line,) = lines(caplog)
    assert "ill lost 7 of 9 spans (1 queue_full, 2 shutdown, 4 not settled in time)" in line
    assert "ill lost 1 of 2 points (1 refused)" in line
    assert "well" not in line
