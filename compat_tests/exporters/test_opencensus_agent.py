"""What midspan sends to an OpenCensus agent, as OpenCensus's own generated code decodes it."""

from __future__ import annotations

import base64
import json
import os
import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from compat_tests._environments import environment, find_python
from compat_tests.exporters._batches import mixed, odd, span_of_everything
from compat_tests.exporters._metric_batches import metrics_of_every_kind, mixed_metrics, odd_metrics
from compat_tests.exporters.conftest import free_port, running
from midspan import sdk, trace
from midspan.delivery import Verdict
from midspan.exporters.opencensus_agent import OpenCensusAgentExporter
from midspan.metrics import Temporality

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.server, pytest.mark.slow]

HERE = Path(__file__).parent
# The generated code of OpenCensus's messages wants protobuf 3, which lives there.
PYTHON = "3.11"
REQUIREMENTS = HERE.parent / "opencensus" / "exporters" / "requirements-agent.txt"


@pytest.fixture(scope="module")
def python() -> Path:
    """Return the interpreter of the environment with OpenCensus's exporter for its agent."""
    found = find_python(PYTHON)
    if found is None:
        pytest.skip(f"CPython {PYTHON} is not installed")
    return environment(REQUIREMENTS, name="opencensus-exporters-agent", python=found)


class Agent(NamedTuple):
    """An agent that runs: where, and the file of what it has decoded."""

    address: str
    file: Path

    def received(self) -> list[dict[str, Any]]:
        """Return what was decoded; see to it that nothing in it was unknown.

        But for one field: OpenCensus published its generated code for Python before it gave links a trace
        state (trace.proto, Link: tracestate = 5).
        """
        lines = [json.loads(line) for line in self.file.read_text().splitlines()]
        assert {"Link.5"} >= {unknown for line in lines for unknown in line["unknown"]}
        return lines

    def items(self, signal: str) -> list[dict[str, Any]]:
        """Return all spans, or metrics."""
        return [item for line in self.received() for item in line["request"].get(signal, ())]


@pytest.fixture(scope="module")
def started(python: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Agent]:
    """Start the agent, once."""
    folder, port = tmp_path_factory.mktemp("agent"), free_port()
    command = [str(python), str(HERE / "opencensus_agent" / "receiver.py"), str(port), str(folder / "told")]
    with running(command, port, folder / "log"):
        yield Agent(f"http://127.0.0.1:{port}", folder / "told")


@pytest.fixture
def agent(started: Agent) -> Agent:
    """Return an agent that has not been sent anything yet."""
    os.truncate(started.file, 0)
    return started


def exporter_for(agent: Agent, **options: Any) -> OpenCensusAgentExporter:
    """Return an exporter that sends to an agent, whatever the machine's variables say."""
    return OpenCensusAgentExporter(agent.address, environment={}, **options)


def shown(value: dict[str, Any]) -> Any:
    """Return what a decoded AttributeValue holds, as protobuf's JSON has it."""
    ((kind, held),) = value.items()
    return held.get("value", "") if kind == "string_value" else held


def attributes_of(message: dict[str, Any]) -> dict[str, Any]:
    """Return the attributes of a decoded span, annotation or link."""
    pairs = message.get("attributes", {}).get("attribute_map", {})
    return {key: shown(value) for key, value in pairs.items()}


def as_hex(text: str) -> str:
    """Return the digits of bytes that protobuf's JSON writes in base64."""
    return base64.b64decode(text).hex()


# What every kind of value becomes; a number of 64 bits is a text in protobuf's JSON, and None is nothing.
VALUES = {
    "text": "é注",
    "yes": True,
    "number": "-9223372036854775808",
    "double": 1.5,
    "bytes": "/wA=",
    "list": '["a",1,true,2.5,"Yg=="]',
    "map": '{"k":{"l":[1]}}',
    "empty list": "[]",
    "empty map": "{}",
}


@pytest.mark.parametrize("compression", ["none", "gzip"])
def test_the_agent_gets_each_of_512_spans(agent, compression):
    """Every one, in order, with its parent, from a service that has a name; compressed or not."""
    spans = mixed()
    exporter = exporter_for(agent, compression=compression)
    assert exporter.export_spans(spans) is True
    exporter.shutdown(1)
    assert [(span.name, f"{span.context.span_id:016x}", parent_of(span)) for span in spans] == [
        (span["name"]["value"], as_hex(span["span_id"]), as_hex(span.get("parent_span_id", "")))
        for span in agent.items("spans")
    ]
    (request,) = agent.received()
    assert {"name": "shop"} == request["request"]["node"]["service_info"]


def parent_of(span: trace.Span) -> str:
    """Return the digits of a parent's id."""
    return "" if span.parent is None else f"{span.parent.span_id:016x}"


def test_a_span_of_everything(agent):
    """Every field and every type of value is read back by OpenCensus's own code."""
    assert exporter_for(agent).export_spans(span_of_everything()) is True
    (span,) = agent.items("spans")
    extra = {"span.kind": "consumer", "otel.scope.name": "scope", "otel.scope.version": "1.2"}
    assert {**VALUES, **extra} == attributes_of(span)
    assert {
        "name": {"value": "everything"},
        "start_time": "1970-01-01T00:00:00.000001Z",
        "end_time": "1970-01-01T00:00:00.000002Z",
        "status": {"code": 2, "message": "broken"},
        "same_process_as_parent_span": False,
        "tracestate": {"entries": [{"key": "vendor", "value": "x"}]},
    }.items() <= span.items()
    assert (f"{0xABC:032x}", f"{0xDEF:016x}") == (as_hex(span["trace_id"]), as_hex(span["parent_span_id"]))
    (event,), (link,) = span["time_events"]["time_event"], span["links"]["link"]
    assert ("1970-01-01T00:00:00.000001500Z", {"value": "event"}, VALUES) == (
        event["time"],
        event["annotation"]["description"],
        attributes_of(event["annotation"]),
    )
    assert (f"{0x123:032x}", f"{0x456:016x}", VALUES) == (
        as_hex(link["trace_id"]),
        as_hex(link["span_id"]),
        attributes_of(link),
    )
    assert ["Link.5"] == agent.received()[0]["unknown"]


def test_a_stack_trace(agent):
    """The frames of an exception are read as OpenCensus's own."""
    pipeline = sdk.configure(service_name="shop", exporters=[exporter_for(agent)], environment={})
    with pytest.raises(ZeroDivisionError), trace.get_tracer("shop").start_as_current_span("charge"):
        1 / 0  # noqa: B018 - it raises
    assert pipeline.shutdown(5)
    (span,) = agent.items("spans")
    (frame,) = span["stack_trace"]["stack_frames"]["frame"]
    assert ("test_a_stack_trace", __file__) == (frame["function_name"]["value"], frame["file_name"]["value"])


def test_odd_spans(agent):
    """What nobody should ever make arrives as far as it can be said."""
    spans = odd()
    assert exporter_for(agent).export_spans(spans) is True
    assert [str(span.name) for span in spans] == [span["name"]["value"] for span in agent.items("spans")]


TIME, START = "2023-11-14T22:14:20.000000002Z", "2023-11-14T22:13:20.000000001Z"
LABELS = {**VALUES, "yes": "true", "double": "1.5"}


def series_of(metric: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the series of a decoded metric, the labels that have a value by their keys."""
    keys = [label["key"] for label in metric["metric_descriptor"].get("label_keys", ())]
    return [
        {
            "labels": {
                key: label.get("value", "")
                for key, label in zip(keys, series.get("label_values", ()), strict=True)
                if label.get("has_value")
            },
            "start": series.get("start_timestamp"),
            **series["points"][0],
        }
        for series in metric["timeseries"]
    ]


def expected(labels: dict[str, str], start: str | None, **value: Any) -> dict[str, Any]:
    """Return what `series_of` should show of one."""
    return {"labels": labels, "start": start, "timestamp": TIME, **value}


# The exemplars of the batch: one was made in a span, and a view took something away from its attributes.
IN_SPAN = {
    "value": -7.0,
    "timestamp": "2023-11-14T22:13:20.000000008Z",
    "attachments": {"taken": "away", "trace_id": f"{0xABC:032x}", "span_id": f"{0xDEF:016x}"},
}
PLAIN = {"value": 0.25, "timestamp": "2023-11-14T22:13:20.000000009Z"}


def distribution(bounds: list[float], counts: list[int], exemplars: dict[int, Any], **more: Any) -> Any:
    """Return a distribution as it is decoded, with exemplars by the places of their buckets."""
    buckets: list[dict[str, Any]] = [{"count": str(count)} if count else {} for count in counts]
    for place, exemplar in exemplars.items():
        buckets[place]["exemplar"] = exemplar
    return {"bucket_options": {"explicit": {"bounds": bounds}}, "buckets": buckets, **more}


EVERY = {
    "ints": ("GAUGE_INT64", [expected(LABELS, None, int64_value=str(-(2**63)))]),
    "doubles": (
        "CUMULATIVE_DOUBLE",
        [expected({}, START, double_value=1.5), expected({}, START, double_value=0.0)],
    ),
    "gauges": (
        "GAUGE_DOUBLE",
        [expected(LABELS, None, double_value=2.0**63), expected({"k": "v"}, None, double_value=-0.5)],
    ),
    "histograms": (
        "CUMULATIVE_DISTRIBUTION",
        [
            expected(
                LABELS,
                START,
                distribution_value=distribution([0.5, 5.0], [1, 2, 3], {0: PLAIN}, count="6", sum=12.5),
            ),
            expected({}, START, distribution_value={"count": "6"}),
        ],
    ),
    # 2 ** (2 ** 2) is the factor from bucket to bucket; below the lowest are the zeroes and what is negative.
    "exponentials": (
        "CUMULATIVE_DISTRIBUTION",
        [
            expected(
                LABELS,
                START,
                distribution_value=distribution(
                    [2.0**-12, 2.0**-8, 2.0**-4, 1.0],
                    [9, 1, 0, 300, 0],
                    {0: IN_SPAN, 3: PLAIN},
                    count="310",
                    sum=99.5,
                ),
            )
        ],
    ),
    "summaries": (
        "SUMMARY",
        [
            expected(
                LABELS,
                START,
                summary_value={
                    "count": "3",
                    "sum": 4.5,
                    "snapshot": {
                        "percentile_values": [
                            {"percentile": 50.0, "value": 1.25},
                            {"percentile": 99.0, "value": 2.75},
                        ]
                    },
                },
            )
        ],
    ),
}


def test_metrics_of_every_kind(agent):
    """Types, labels, times and numbers are read back by OpenCensus's own code."""
    given = [metric._replace(temporality=Temporality.CUMULATIVE) for metric in metrics_of_every_kind()]
    assert exporter_for(agent, scope_labels=False).export_metrics(given) is True
    told = {metric["metric_descriptor"]["name"]: metric for metric in agent.items("metrics")}
    assert EVERY == {
        name: (metric["metric_descriptor"]["type"], series_of(metric)) for name, metric in told.items()
    }
    assert {(f"all of {name}", "ms") for name in EVERY} == {
        (each["metric_descriptor"]["description"], each["metric_descriptor"]["unit"])
        for each in told.values()
    }


def test_2000_points(agent):
    """A whole collection: every series of every metric, with labels that tell its scope."""
    given = mixed_metrics()
    assert exporter_for(agent).export_metrics(given) is True
    told = agent.items("metrics")
    assert [(metric.name, len(metric.points)) for metric in given] == [
        (metric["metric_descriptor"]["name"], len(metric["timeseries"])) for metric in told
    ]
    assert {"shop.checkout"} == {
        series["labels"]["otel.scope.name"] for metric in told for series in series_of(metric)
    }


def test_odd_metrics(agent):
    """What nobody should ever make costs itself: each metric has its good point."""
    given = odd_metrics()
    assert exporter_for(agent).export_metrics(given) is True
    names = {metric.name for metric in given if metric is not None} - {"lost"}
    assert names == {metric["metric_descriptor"]["name"] for metric in agent.items("metrics")}


def test_headers(agent):
    """What is configured comes with each stream."""
    exporter = exporter_for(agent, headers={"x-tenant": "a"})
    assert exporter.export_spans(span_of_everything())
    assert "a" == agent.received()[0]["metadata"]["x-tenant"]


def test_a_stream_without_a_node_is_refused(agent):
    """The agent of these tests says it, as the Collector does; so none of the others came without."""
    outcome = exporter_for(agent).send("spans", b"", 5)
    assert (Verdict.RETRY, True) == (outcome.verdict, "must have a Node" in outcome.message)


@pytest.fixture(scope="module")
def beside(python: Path) -> dict[str, Any]:
    """Return what opencensus-ext-ocagent and midspan send of the same spans and metrics."""
    command = [str(python), "-W", "ignore", str(HERE / "opencensus_agent" / "beside.py")]
    variables = {key: value for key, value in os.environ.items() if not key.startswith("OTEL_")}
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, env=variables, check=False)
    assert 0 == done.returncode, done.stderr[-4000:]
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def in_microseconds(value: Any) -> Any:
    """Return decoded values with every time cut to microseconds, as OpenCensus's exporter has it."""
    if isinstance(value, dict):
        return {key: in_microseconds(each) for key, each in value.items()}
    if isinstance(value, list):
        return [in_microseconds(each) for each in value]
    return MORE_DIGITS.sub(r"\1Z", value) if isinstance(value, str) else value


MORE_DIGITS = re.compile(r"^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6})\d{3}Z$")


def test_the_same_spans_as_opencensuss_exporter_sends(beside):
    """Field by field; but ours tell their scope and whether a parent is here, and no count of children."""
    ours, theirs = (in_microseconds(beside[side]["spans"]) for side in ("ours", "theirs"))
    for span in ours:
        scope = span["attributes"]["attribute_map"].pop("otel.scope.name")
        assert {"string_value": {"value": "midspan.bridges.opencensus"}} == scope
        assert ("parent_span_id" in span) is span.pop("same_process_as_parent_span", False)
    for span in theirs:
        assert 0 == span.pop("child_span_count")
        # One that nobody set says nothing.
        assert span["status"] or not span.pop("status")
    assert by_name(theirs) == by_name([without_what_is_empty(span) for span in ours])


def by_name(spans: list[dict[str, Any]]) -> dict[str, Any]:
    """Return spans by their names."""
    return {span["name"]["value"]: span for span in spans}


def without_what_is_empty(span: dict[str, Any]) -> dict[str, Any]:
    """Return a span without attributes, if they were ours alone."""
    if not span["attributes"]["attribute_map"]:
        del span["attributes"]
    return span


def test_the_same_metrics_as_opencensuss_exporter_sends(beside):
    """Series by series, but for the moment.

    OpenCensus's own says of a gauge that it starts in 1970, names tags that no row has, says a view's unit of
    what it counts, and squares deviations.
    """
    ours, theirs = (
        {metric["metric_descriptor"]["name"]: metric for metric in beside[side]["metrics"]}
        for side in ("ours", "theirs")
    )
    assert ("1", "By") == tuple(side["count"]["metric_descriptor"].pop("unit") for side in (ours, theirs))
    assert [(name, told_of(metric)) for name, metric in sorted(theirs.items())] == [
        (name, told_of(metric)) for name, metric in sorted(ours.items())
    ]


def told_of(metric: dict[str, Any]) -> Any:
    """Return what both tell of a metric."""
    descriptor = {key: value for key, value in metric["metric_descriptor"].items() if key != "label_keys"}
    series = [{key: each for key, each in one.items() if key != "timestamp"} for one in series_of(metric)]
    for one in series:
        if one["start"] == "1970-01-01T00:00:00Z":
            one["start"] = None
        one.get("distribution_value", {}).pop("sum_of_squared_deviation", None)
    return descriptor, series
