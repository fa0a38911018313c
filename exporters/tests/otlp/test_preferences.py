from __future__ import annotations

import pytest

from midspan.exporters.otlp import OTLPExporter
from midspan.exporters.otlp._preferences import read_preferences
from midspan.metrics import Temporality
from midspan.sdk import ConfigurationError

TEMPORALITY = "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE"
AGGREGATION = "OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION"
EXPONENTIAL = "base2_exponential_bucket_histogram"


def by_kind(kind: str) -> Temporality:
    """Prefer deltas of everything."""
    del kind
    return Temporality.DELTA


def test_the_defaults_are_the_specifications():
    """Cumulative, with explicit buckets."""
    assert ("cumulative", "explicit_bucket_histogram") == read_preferences(None, None, {})


@pytest.mark.parametrize(
    "choice", ["cumulative", "delta", "lowmemory", {"counter": Temporality.DELTA}, by_kind]
)
def test_code_wins_over_the_variable(choice):
    """By name, by a table, or by a function."""
    assert choice == read_preferences(choice, None, {TEMPORALITY: "delta"}).temporality


@pytest.mark.parametrize("value", ["LowMemory", "lowmemory", " LOWMEMORY "])
def test_variables_are_read_in_any_case(value):
    """As the specification says of both."""
    variables = {TEMPORALITY: value, AGGREGATION: EXPONENTIAL.upper()}
    assert ("lowmemory", EXPONENTIAL) == read_preferences(None, None, variables)


@pytest.mark.parametrize(
    ("temporality", "aggregation", "variables", "words"),
    [
        (None, None, {TEMPORALITY: "low"}, f"{TEMPORALITY}='low'"),
        (None, None, {AGGREGATION: "summary"}, f"{AGGREGATION}='summary'"),
        ("Delta", None, {}, "temporality='Delta'"),
        (5, None, {}, "temporality=5"),
        ({"counters": Temporality.DELTA}, None, {}, "temporality='counters'"),
        ({"counter": "delta"}, None, {}, "temporality['counter']='delta'"),
        (None, "exponential", {}, "histogram_aggregation='exponential'"),
        (None, 5, {}, "histogram_aggregation=5"),
    ],
)
def test_a_bad_value_is_refused_by_name_with_what_is_allowed(temporality, aggregation, variables, words):
    """The message says who said it, what, and what would be right."""
    with pytest.raises(ConfigurationError) as caught:
        read_preferences(temporality, aggregation, variables)
    assert str(caught.value).startswith(f"{words} is not valid: allowed is ")


def test_readers_find_them_on_the_exporter():
    """From code and from variables."""
    exporter = OTLPExporter(transport=object(), temporality="delta", environment={AGGREGATION: EXPONENTIAL})
    assert ("delta", EXPONENTIAL) == (exporter.temporality, exporter.histogram_aggregation)
