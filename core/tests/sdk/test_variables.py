"""Every variable: its default, its value, that code wins, and that a bad value says what would be right."""

from __future__ import annotations

import os
import re

import pytest

from midspan import sdk
from midspan.resource import Resource
from midspan.sdk import BatchSettings
from midspan.sdk._environment import ConfigurationError, Environment


def configured(**settings: object) -> sdk.Pipeline:
    """Configure without exporters, detectors or variables, unless told otherwise."""
    return sdk.configure(**{"exporters": [], "detectors": [], "environment": {}, **settings})


def batch_under(**settings: object) -> BatchSettings:
    """Return how spans wait."""

    class Exporter:
        """Takes spans."""

        def export_spans(self, spans: object) -> None:
            """Take them."""

    return configured(exporters=[Exporter()], **settings)._sinks["Exporter"]._settings


BATCH = {
    "OTEL_BSP_MAX_QUEUE_SIZE": ("4096", {"max_queue_size": 4096}),
    "OTEL_BSP_MAX_EXPORT_BATCH_SIZE": ("100", {"max_export_batch_size": 100}),
    "OTEL_BSP_SCHEDULE_DELAY": ("1500", {"schedule_delay_s": 1.5}),
    "OTEL_BSP_EXPORT_TIMEOUT": ("2500", {"export_timeout_s": 2.5}),
}


def test_the_defaults_of_a_batch():
    """5 s of waiting and 30 s for an export, as specified; more room in the queue, and batches that grow."""
    assert BatchSettings(131_072, None, 5.0, 30.0, 64 * 1024 * 1024) == batch_under()


@pytest.mark.parametrize("variable", BATCH)
def test_each_setting_of_a_batch_has_its_variable(variable):
    """The others stay as they are."""
    value, changed = BATCH[variable]
    assert BatchSettings()._replace(**changed) == batch_under(environment={variable: value})


@pytest.mark.parametrize("variable", BATCH)
def test_an_empty_variable_is_not_set(variable):
    """As the specification has it; blanks do not count either."""
    assert BatchSettings() == batch_under(environment={variable: "  "})


def test_a_batch_in_code_wins():
    """It is taken whole."""
    given = BatchSettings(10, 5, 1.0, 2.0)
    assert given == batch_under(batch=given, environment={name: value for name, (value, _) in BATCH.items()})


def test_a_small_queue_makes_small_batches():
    """Unless a batch size is given, it follows the queue."""
    batch = batch_under(environment={"OTEL_BSP_MAX_QUEUE_SIZE": "100"})
    assert (100, None) == (batch.max_queue_size, batch.max_export_batch_size)
    queue = sdk.get_pipeline()._sinks["Exporter"]
    assert (100, 100) == (queue._batch_size, queue._largest_batch)


def test_a_timeout_of_zero_is_no_limit():
    """As the specification has it, in the form of a very long time."""
    assert 1_000_000 < batch_under(environment={"OTEL_BSP_EXPORT_TIMEOUT": "0"}).export_timeout_s


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        (
            {"OTEL_BSP_MAX_QUEUE_SIZE": "0"},
            "OTEL_BSP_MAX_QUEUE_SIZE='0' is not valid: allowed is a whole number from 1",
        ),
        (
            {"OTEL_BSP_MAX_EXPORT_BATCH_SIZE": "x"},
            "OTEL_BSP_MAX_EXPORT_BATCH_SIZE='x' is not valid: allowed is",
        ),
        (
            {"OTEL_BSP_SCHEDULE_DELAY": "-1"},
            "OTEL_BSP_SCHEDULE_DELAY='-1' is not valid: allowed is a whole number of milliseconds from 0",
        ),
        (
            {"OTEL_BSP_EXPORT_TIMEOUT": "1.5"},
            "OTEL_BSP_EXPORT_TIMEOUT='1.5' is not valid: allowed is a whole number",
        ),
        (
            {"OTEL_BSP_MAX_EXPORT_BATCH_SIZE": "4096", "OTEL_BSP_MAX_QUEUE_SIZE": "2048"},
            "max_export_batch_size=4096 (OTEL_BSP_MAX_EXPORT_BATCH_SIZE) is not valid: allowed is 1 to",
        ),
        (
            {"OTEL_PYTHON_ID_GENERATOR": "uuid"},
            "'uuid' (OTEL_PYTHON_ID_GENERATOR) is not valid: allowed is random or",
        ),
        (
            {"OTEL_RESOURCE_ATTRIBUTES": "a"},
            "OTEL_RESOURCE_ATTRIBUTES='a' is not valid: allowed is key1=value1,key2=value2, percent-encoded",
        ),
        (
            {"OTEL_RESOURCE_ATTRIBUTES": "=b"},
            "OTEL_RESOURCE_ATTRIBUTES='=b' is not valid: allowed is key1=value1",
        ),
    ],
)
def test_a_bad_variable_says_what_would_be_right(variables, message):
    """The message names the variable, its value and what is allowed."""
    with pytest.raises(ConfigurationError, match=re.escape(message)):
        configured(environment=variables)


def test_an_unknown_detector_is_refused():
    """In code and in the variable."""
    message = (
        r"detector 'cloud' \(OTEL_EXPERIMENTAL_RESOURCE_DETECTORS\) is not valid: allowed is any of sdk, .*\*"
    )
    for how in (
        {"detectors": ["cloud"]},
        {"detectors": None, "environment": {"OTEL_EXPERIMENTAL_RESOURCE_DETECTORS": "otel,cloud"}},
    ):
        with pytest.raises(ConfigurationError, match=message):
            configured(**how)


def attributes_under(**settings: object) -> dict:
    """Return what the resource says."""
    return dict(configured(**settings).resource.attributes)


ALWAYS = {
    "telemetry.sdk.name",
    "telemetry.sdk.language",
    "telemetry.sdk.version",
    "service.name",
    "service.instance.id",
}


@pytest.mark.parametrize("names", [[], ["otel"], ["sdk"], ["service"]])
def test_some_things_are_always_detected(names):
    """The specification wants the library and a service name on every resource."""
    assert ALWAYS == set(attributes_under(detectors=names))


@pytest.mark.parametrize(
    ("name", "key"), [("process", "process.pid"), ("os", "os.type"), ("host", "host.name")]
)
def test_detectors_are_asked_for_by_name(name, key):
    """In code, or by OTEL_EXPERIMENTAL_RESOURCE_DETECTORS."""
    variables = {"OTEL_EXPERIMENTAL_RESOURCE_DETECTORS": f"otel, {name}"}
    for how in ({"detectors": [name]}, {"detectors": None, "environment": variables}):
        found = attributes_under(**how)
        assert key in found
        assert {each.partition(".")[0] for each in found} == {"telemetry", "service", name}


@pytest.mark.parametrize("names", [None, ["*"]])
def test_by_default_everything_is_detected(names):
    """As with a star."""
    assert {"process.pid", "os.type", "host.name"} <= set(attributes_under(detectors=names))


NAMES = [
    ({"service_name": "code"}, "code"),
    ({"resource": {"service.name": "resource"}}, "resource"),
    ({"environment": {"OTEL_SERVICE_NAME": "variable"}}, "variable"),
    ({"environment": {"OTEL_RESOURCE_ATTRIBUTES": "service.name=attribute"}}, "attribute"),
]


@pytest.mark.parametrize("least", range(1, 5))
def test_the_service_has_one_name(least):
    """`service_name` wins over `resource`, it over OTEL_SERVICE_NAME, it over OTEL_RESOURCE_ATTRIBUTES."""
    settings: dict = {"environment": {}}
    for how, _ in NAMES[4 - least :]:
        settings |= {key: value for key, value in how.items() if key != "environment"}
        settings["environment"] |= how.get("environment", {})
    assert NAMES[4 - least][1] == attributes_under(**settings)["service.name"]


def test_resource_attributes_are_decoded():
    """Pairs, percent-encoded; blanks around them and empty ones do not count; the last of a key stands."""
    variables = {"OTEL_RESOURCE_ATTRIBUTES": " a = 1%2C2 ,,b%20c=d,a=3"}
    found = attributes_under(environment=variables)
    assert ("3", "d") == (found["a"], found["b c"])


def test_a_resource_in_code_brings_its_schema():
    """A `Resource` is taken as well as a mapping."""
    pipeline = configured(resource=Resource({"a": 1}, "https://schema"))
    assert (1, "https://schema") == (pipeline.resource.attributes["a"], pipeline.resource.schema_url)


def test_odd_values_in_a_resource_are_mended():
    """A resource goes with every batch: one value that cannot be encoded would lose everything."""
    found = attributes_under(resource={"list": [1, object], "big": [1 << 70], 5: "key"})
    assert ((1, "<class 'object'>"), (str(1 << 70),), "key") == (found["list"], found["big"], found["5"])


def test_a_resource_that_is_none_is_refused():
    """The message says what one is."""
    with pytest.raises(
        ConfigurationError, match="resource='x' is not valid: allowed is a Resource, or a mapping"
    ):
        configured(resource="x")


def test_an_empty_service_name_is_no_name():
    """It does not hide the others."""
    assert (
        "variable"
        == attributes_under(service_name="", environment={"OTEL_SERVICE_NAME": "variable"})["service.name"]
    )


def test_the_process_environment_is_the_default(monkeypatch):
    """Without `environment`, the variables of the process count."""
    monkeypatch.setenv("OTEL_SERVICE_NAME", "from outside")
    assert "from outside" == attributes_under(environment=None)["service.name"]


@pytest.mark.parametrize(
    ("raw", "names"), [("a,b", ["a", "b"]), (" a , a,,b", ["a", "b"]), (",", []), ("", None), (None, None)]
)
def test_a_list_has_each_name_once(raw, names):
    """In order, without blanks (specification, "Enum")."""
    assert names == Environment({} if raw is None else {"X": raw}).names("X")


def test_an_error_in_configuration_is_a_value_error():
    """Who catches ValueError catches it."""
    assert issubclass(sdk.ConfigurationError, ValueError)


def test_variables_are_read_when_configuring(monkeypatch):
    """Not at import: a program may set them first."""
    read = Environment()
    monkeypatch.setenv("MIDSPAN_TEST_OF_VARIABLES", "late")
    assert ("late", os.environ["MIDSPAN_TEST_OF_VARIABLES"]) == (
        read.text("MIDSPAN_TEST_OF_VARIABLES"),
        "late",
    )
