"""What is in force and who said it: read off the pipeline that was made, so that it cannot be otherwise."""

from __future__ import annotations

from midspan.cli.doctor._known import KNOWN

SAID = {
    "service.name": ({"OTEL_SERVICE_NAME": "till"}, "till"),
    "deployment.environment": (
        {"OTEL_RESOURCE_ATTRIBUTES": "deployment.environment=prod,service.name=x"},
        "prod",
    ),
    "sampler": (
        {"OTEL_TRACES_SAMPLER": "traceidratio", "OTEL_TRACES_SAMPLER_ARG": "0.25"},
        "traceidratio:0.25 (0.25 of new traces)",
    ),
    "propagators": ({"OTEL_PROPAGATORS": "b3multi,tracecontext"}, "b3multi, tracecontext"),
    "batch": (
        {"OTEL_BSP_SCHEDULE_DELAY": "1500", "OTEL_BSP_MAX_EXPORT_BATCH_SIZE": "64"},
        "131,072 spans wait at most, for 1.5 s, 64 at once",
    ),
    "metrics": ({"OTEL_METRIC_EXPORT_INTERVAL": "2500"}, "pushed every 2.5 s"),
    "limits": (
        {"OTEL_SPAN_EVENT_COUNT_LIMIT": "7"},
        "128 attributes, 7 events, 128 links, 65,536 characters a value",
    ),
    "ids": ({"OTEL_PYTHON_ID_GENERATOR": "xray"}, "XRayIds"),
    "exemplars": ({"OTEL_METRICS_EXEMPLAR_FILTER": "always_off"}, "always_off"),
    "self-metrics": ({"MIDSPAN_SELF_METRICS": "true"}, "true"),
    "log level": ({"OTEL_LOG_LEVEL": "error"}, "error"),
}
DEFAULTS = {
    "sampler": "parentbased_always_on",
    "propagators": "tracecontext, baggage",
    "batch": "131,072 spans wait at most, for 5 s",
    "metrics": "pushed every 60 s",
    "limits": "128 attributes, 128 events, 128 links, 65,536 characters a value",
    "ids": "RandomIds",
    "exemplars": "trace_based",
    "spill": "off: what memory cannot hold is lost",
}


def settings_of(run):
    """Return the settings of a run by name."""
    return {each["name"]: (each["value"], each["said_by"]) for each in run.told["settings"]}


def test_each_value_comes_with_the_variables_that_said_it(poster, doctor, monkeypatch):
    """Each setting is shown as it is in force, and with who said it."""
    for variables, _ in SAID.values():
        for variable, text in variables.items():
            monkeypatch.setenv(variable, text)
    found = settings_of(doctor("--json", "--no-send"))
    expected = {name: (value, sorted(variables)) for name, (variables, value) in SAID.items()}
    assert expected == {name: (found[name][0], sorted(found[name][1])) for name in SAID}


def test_a_default_was_said_by_nobody(poster, doctor):
    """What no variable said is a default."""
    found = settings_of(doctor("--json", "--no-send"))
    assert {name: (value, []) for name, value in DEFAULTS.items()} == {name: found[name] for name in DEFAULTS}


def test_a_value_belongs_to_the_variable_that_won(poster, doctor, monkeypatch):
    """Of two that name the service, the one that counts has said it."""
    monkeypatch.setenv("OTEL_SERVICE_NAME", "till")
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "service.name=shop")
    assert ("till", ["OTEL_SERVICE_NAME"]) == settings_of(doctor("--json", "--no-send"))["service.name"]


def test_an_old_variable_is_told_as_one(poster, doctor, monkeypatch):
    """What jaeger-client's variables say still counts, and is marked as theirs."""
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", "jaeger_remote")
    monkeypatch.setenv("JAEGER_SAMPLING_ENDPOINT", "http://127.0.0.1:1/sampling")
    found = settings_of(doctor("--json", "--no-send"))["sampler"][1]
    assert ["OTEL_TRACES_SAMPLER", "JAEGER_SAMPLING_ENDPOINT (jaeger-client's)"] == found


def test_each_variable_stands_once_in_its_place():
    """The list has no name twice in one place."""
    assert [] == [owner for owner, names in KNOWN.items() if len(names) != len(set(names))]
