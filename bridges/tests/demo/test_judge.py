from __future__ import annotations

import dataclasses
from types import SimpleNamespace
from typing import Any

import pytest

from midspan import metrics, sdk, testing, trace
from midspan.demo._judge import Recorded, judge, origin_of
from midspan.demo._services import Service
from midspan.resource import Resource

SERVICES = [
    Service("shop", "native", counts="orders"),
    Service("post", "opencensus", counts="parcels", per_request=2),
]
MINE = trace.InstrumentationScope("mine")
CENSUS = trace.InstrumentationScope("midspan.bridges.opencensus")


@dataclasses.dataclass
class Record:
    name: str
    context: trace.SpanContext
    parent: trace.SpanContext | None
    service: str
    scope: trace.InstrumentationScope = MINE

    @property
    def resource(self) -> Any:
        return SimpleNamespace(attributes={"service.name": self.service})


def whole_trace(trace_id: int = 1) -> list[Record]:
    """Make what one request leaves when all goes well."""
    root = trace.SpanContext(trace_id, 1)
    return [
        Record("checkout", root, None, "shop"),
        Record("send", trace.SpanContext(trace_id, 2), root, "post", CENSUS),
    ]


def counter(  # noqa: PLR0913 - one independent fact each
    name: str, value: int, service: str, scope: Any, trace_id: int = 1, span_id: int = 1
) -> metrics.Metric:
    """Make a metric of one series with one exemplar."""
    point = metrics.NumberPoint({}, 1, 2, value, [metrics.Exemplar(1, 2, trace_id, span_id)])
    resource = Resource({"service.name": service})
    return metrics.Metric(name, "1", "", scope, resource, metrics.MetricKind.SUM, [point], is_monotonic=True)


def whole_table(requests: int = 1) -> list[metrics.Metric]:
    """Make what that many requests leave beside their traces."""
    return [counter("orders", requests, "shop", MINE), counter("parcels", 2 * requests, "post", CENSUS)]


def recorded(spans: Any = None, table: Any = None) -> Recorded:
    """Make what is recorded when all goes well, but for what is given."""
    return Recorded(whole_trace() if spans is None else spans, whole_table() if table is None else table)


def faults(*given: Any) -> list[str]:
    """Return what is said of one request."""
    verdict = judge(recorded(*given), SERVICES, requests=1)
    assert not verdict.is_good
    return verdict.lines


def test_one_whole_trace_and_one_whole_table_are_good() -> None:
    """One root, every parent, every service and API, every request counted, every exemplar in the trace."""
    verdict = judge(recorded(), SERVICES, requests=1)
    assert verdict.is_good
    assert [
        "One trace through 2 services and 2 APIs: 1 OpenCensus, 1 native spans, none lost.",
        "One table of 1 OpenCensus, 1 native metrics: each of 2 exemplars points at a span of that trace.",
    ] == verdict.lines


def test_two_requests_need_two_traces() -> None:
    """As many traces as requests: fewer means that two were mixed, more that one broke."""
    assert judge(recorded(whole_trace(1) + whole_trace(2), whole_table(2)), SERVICES, requests=2).is_good
    verdict = judge(recorded(table=whole_table(2)), SERVICES, requests=2)
    assert not verdict.is_good
    assert "2 requests, but 1 traces" in verdict.lines[0]


def test_a_second_root_is_a_fault() -> None:
    """A span without a parent in the middle of a trace is told."""
    spans = whole_trace()
    spans[1].parent = None
    assert "it has 2 roots" in faults(spans)[0]


def test_a_lost_parent_is_a_fault() -> None:
    """A span whose parent did not arrive is told by name."""
    spans = whole_trace()
    spans[1].parent = trace.SpanContext(1, 99)
    assert ["Not one trace for each request: the parent of send is missing."] == faults(spans)


def test_a_silent_service_is_a_fault() -> None:
    """A service that left no span is told by name."""
    assert "post is not in it" in faults(whole_trace()[:1])[0]


def test_a_service_that_went_past_its_bridge_is_a_fault() -> None:
    """What should have come through OpenCensus did not."""
    spans = whole_trace()
    spans[1].scope = MINE
    assert ["Not one trace for each request: post speaks native in it."] == faults(spans)


@pytest.mark.parametrize("value", [1, 3], ids=["lost", "twice"])
def test_a_metric_that_counts_otherwise_is_a_fault(value: int) -> None:
    """Two parcels go out for each request, not fewer and not more."""
    table = [whole_table()[0], counter("parcels", value, "post", CENSUS)]
    assert [f"Not one table of all metrics: post counted {value} parcels of 2."] == faults(None, table)


def test_metrics_of_an_api_that_are_missing_are_a_fault() -> None:
    """A table without OpenCensus's views is not what the demo is to show."""
    said = faults(None, whole_table()[:1])
    assert "Not one table of all metrics: post counted 0 parcels of 2." in said
    assert "Not one table of all metrics: post should measure through OpenCensus alone." in said


def test_metrics_without_exemplars_are_a_fault() -> None:
    """Nothing would lead from the table into the trace."""
    bare = [
        metric._replace(points=[metric.points[0]._replace(exemplars=())])
        if metric.name == "parcels"
        else metric
        for metric in whole_table()
    ]
    assert ["Not one table of all metrics: no exemplar of post points into the traces."] == faults(None, bare)


@pytest.mark.parametrize(("trace_id", "span_id"), [(9, 1), (1, 9), (0, 0)], ids=["trace", "span", "none"])
def test_an_exemplar_that_points_elsewhere_is_a_fault(trace_id: int, span_id: int) -> None:
    """Both ids must be those of a span that arrived."""
    table = [whole_table()[0], counter("parcels", 2, "post", CENSUS, trace_id, span_id)]
    expected = "Not one table of all metrics: an exemplar of parcels points at no span of the traces."
    assert [expected] == faults(None, table)


def test_a_native_span_is_called_native() -> None:
    """Whatever no bridge made was made natively."""
    memory = testing.MemoryExporter()
    sdk.configure(exporters=[memory])
    trace.get_tracer("mine").start_span("job").end()
    sdk.reset()
    assert "native" == origin_of(memory.spans[0])
