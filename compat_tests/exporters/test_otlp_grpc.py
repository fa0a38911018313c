"""OTLP over gRPC where it differs from HTTP: forked children, limits of other people's servers, refusals."""

from __future__ import annotations

import multiprocessing
import time
import warnings
from typing import TYPE_CHECKING

import pytest

from compat_tests.exporters._batches import mixed
from compat_tests.exporters.test_otlp import spans_in
from midspan import delivery, sdk, trace
from midspan.exporters.otlp import OTLPExporter, encode_spans

if TYPE_CHECKING:
    from compat_tests.exporters.conftest import Agent

pytestmark = [pytest.mark.server, pytest.mark.slow]

CHILDREN, SPANS = 4, 50


def configured(agent: Agent) -> sdk.Pipeline:
    """Send over gRPC."""
    exporter = OTLPExporter(agent.grpc_url, protocol="grpc", environment={})
    return sdk.configure(exporters=[exporter], environment={})


def end_spans(count: int) -> None:
    """Make spans."""
    for number in range(count):
        trace.get_tracer("x").start_span(f"n{number}").end()


def in_child(answers: multiprocessing.SimpleQueue[bool]) -> None:
    """Make spans, and say whether they were taken."""
    end_spans(SPANS)
    pipeline = sdk.get_pipeline()
    assert pipeline is not None
    answers.put(pipeline.force_flush(20))


def test_each_child_of_a_process_that_sends_gets_its_spans_through(test_agent):
    """Forked by multiprocessing, between two batches of the parent's."""
    pipeline = configured(test_agent)
    end_spans(SPANS)
    assert pipeline.force_flush(20)
    fork = multiprocessing.get_context("fork")
    answers = fork.SimpleQueue()
    children = [fork.Process(target=in_child, args=(answers,)) for _ in range(CHILDREN)]
    with warnings.catch_warnings():
        # That other threads are there is what this is about.
        warnings.simplefilter("ignore", DeprecationWarning)
        for child in children:
            child.start()
            end_spans(SPANS)
    for child in children:
        child.join(30)
    assert [0] * CHILDREN == [child.exitcode for child in children]
    assert [True] * CHILDREN == [answers.get() for _ in children]
    assert pipeline.shutdown(20)
    assert (1 + 2 * CHILDREN) * SPANS == len(spans_in(test_agent.ask("traces")))


@pytest.mark.parametrize("name", ["rotel", "test_agent"])
def test_what_a_server_finds_too_large_is_known_by_its_words(name, request):
    """Rust's gRPC says OUT_OF_RANGE, which OTLP would have tried again, and Python's RESOURCE_EXHAUSTED."""
    receiver = request.getfixturevalue(name)
    exporter = OTLPExporter(receiver.grpc_url, protocol="grpc", environment={})
    spans = mixed()
    payload = encode_spans(spans * (80_000_000 // len(encode_spans(spans))))
    outcome = exporter.send("spans", payload, 20)
    exporter.shutdown(1)
    assert delivery.Verdict.TOO_LARGE is outcome.verdict, outcome


@pytest.mark.parametrize("name", ["rotel", "test_agent"])
def test_what_is_no_otlp_is_refused_at_once(name, request):
    """A payload that cannot be decoded."""
    receiver = request.getfixturevalue(name)
    exporter = OTLPExporter(receiver.grpc_url, protocol="grpc", environment={})
    began_s = time.monotonic()
    outcome = exporter.send("spans", b"\xff\xff", 20)
    exporter.shutdown(1)
    assert (delivery.Verdict.REFUSED, True) == (outcome.verdict, time.monotonic() - began_s < 5), outcome
