"""Make the spans of a busy service, send them one way, and tell what it took: one process for one way.

Called with a JSON text; prints another one.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from typing import Any

from compat_tests.performance import _mix
from midspan import sdk, trace
from midspan.exporters.kafka import KafkaExporter
from midspan.exporters.otlp import OTLPExporter

WARM_UP = 4
# Different ones in turn, so that nothing is compressed that would not be alike in life.
MIXES = 16
FLUSH_S = 60.0


def main(plan: dict[str, Any]) -> dict[str, Any]:
    """Send `batches` times `size` spans, each batch once the one before it was acknowledged."""
    wire: list[int] = [0]
    exporters = [] if plan["way"] == "none" else [_exporter(plan, wire)]
    settings = sdk.BatchSettings(max_export_batch_size=plan["size"])
    pipeline = sdk.configure(service_name="shop", exporters=exporters, batch=settings, environment={})
    mixes = [_mix.describe(number) for number in range(MIXES)]
    for number in range(WARM_UP):
        _send(pipeline, mixes, number, plan["size"])
    sent_before, wire_before = _sent_bytes(pipeline), wire[0]
    cpu_s, caller_s, wall_s = time.process_time(), time.thread_time(), time.perf_counter()
    for number in range(plan["batches"]):
        _send(pipeline, mixes, number, plan["size"])
    took = {
        "cpu_s": time.process_time() - cpu_s,
        "caller_s": time.thread_time() - caller_s,
        "wall_s": time.perf_counter() - wall_s,
    }
    if plan.get("weigh"):
        # librdkafka tells from time to time, and only somebody who asks.
        time.sleep(0.3)
        _send(pipeline, mixes, 0, 1)
    stats = pipeline.stats()
    # By the account, if there is one; librdkafka compresses after that, and has its own.
    wire_bytes = (wire[0] - wire_before) or (_sent_bytes(pipeline) - sent_before)
    peak_mb = _peak_mb()
    exported = sum(each.exported for each in stats.exporters.values())
    assert pipeline.shutdown(FLUSH_S)
    return {**took, "wire_bytes": wire_bytes, "peak_mb": peak_mb, "exported": exported}


def fill(plan: dict[str, Any]) -> dict[str, Any]:
    """Make spans while nobody listens, until the first is lost."""
    exporter = _exporter(plan, [0])
    pipeline = sdk.configure(service_name="shop", exporters=[exporter], environment={})
    mixes = [_mix.describe(number) for number in range(MIXES)]
    made = 0
    while not pipeline.stats().exporters[exporter.name].dropped:
        _make(mixes[made % MIXES])
        made += 1
        # As in life, the worker has time to encode: what is measured is room, not speed.
        time.sleep(0.004)
    stats = pipeline.stats().exporters[exporter.name]
    pipeline.shutdown(0.1)
    return {"held": stats.queued, "peak_mb": _peak_mb()}


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _exporter(plan: dict[str, Any], wire: list[int]) -> Any:
    if plan["way"] == "otlp":
        return OTLPExporter(plan["address"], signals=["traces"], environment={}, **plan["options"])

    def weigh(text: str) -> None:
        wire[0] = sum(broker["txbytes"] for broker in json.loads(text)["brokers"].values())

    # To be asked costs time; so it is weighed in a run of its own.
    config = {"statistics.interval.ms": 50, "stats_cb": weigh} if plan.get("weigh") else {}
    return KafkaExporter(
        plan["address"], signals=["traces"], config=config, environment={}, **plan["options"]
    )


def _send(pipeline: Any, mixes: list[list[_mix.Described]], number: int, size: int) -> None:
    """Make so many spans, and wait until they are acknowledged."""
    left = size
    while left:
        mix = mixes[number % len(mixes)][:left]
        number += 1
        left -= len(mix)
        _make(mix)
    assert pipeline.force_flush(FLUSH_S)


def _make(mix: list[_mix.Described]) -> None:
    built: list[trace.Span] = []
    for described in mix:
        span = trace.get_tracer(described.scope).start_span(
            described.name,
            parent=None if described.parent is None else built[described.parent].context,
            kind=trace.SpanKind[described.kind],
            attributes=described.attributes,
        )
        built.append(span)
        for name, _, attributes in described.events:
            span.add_event(name, attributes)
        if described.error:
            span.set_status(trace.StatusCode.ERROR, described.error)
        span.end()


def _sent_bytes(pipeline: Any) -> int:
    return sum(each.sent_bytes for each in pipeline.stats().exporters.values())


if __name__ == "__main__":
    wanted = json.loads(sys.argv[1])
    print(json.dumps(fill(wanted) if wanted.get("fill") else main(wanted)))
