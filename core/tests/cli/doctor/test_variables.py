"""Variables that are set and do nothing: misspelt, for others, or of something that is not in use."""

from __future__ import annotations

import pytest


def state_of(run, name):
    """Return what is said of a variable."""
    (found,) = [each for each in run.told["variables"] if each["name"] == name]
    return found["state"], found["why"]


MISSPELT = {
    "OTEL_EXPORTER_OLTP_ENDPOINT": "OTEL_EXPORTER_OTLP_ENDPOINT",
    "OTEL_EXPORTER_OTLP_ENDPIONT": "OTEL_EXPORTER_OTLP_ENDPOINT",
    "OTEL_EXPORTER_OTLP_TRACE_ENDPOINT": "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
    "OTEL_SERVICENAME": "OTEL_SERVICE_NAME",
    "OTEL_RESOURCE_ATTRIBUTE": "OTEL_RESOURCE_ATTRIBUTES",
    "OTEL_TRACE_SAMPLER": "OTEL_TRACES_SAMPLER",
    "OTEL_TRACES_EXPORTERS": "OTEL_TRACES_EXPORTER",
    "MIDSPAN_SPIL": "MIDSPAN_SPILL",
}
WITHOUT_EFFECT = {
    "OTEL_LOGS_EXPORTER": ("otlp", "midspan has no logs"),
    "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT": ("http://x", "midspan has no logs"),
    "OTEL_CONFIG_FILE": ("x.yaml", "midspan reads no configuration file, and these variables count"),
    "OTEL_PYTHON_DISTRO": ("x", "it is for other OpenTelemetry software"),
    "OTEL_EXPORTER_ZIPKIN_ENDPOINT": ("http://x", "it is read by zipkin, not in use here"),
    "OTEL_TRACES_SAMPLER_ARG": ("0.5", "it goes with OTEL_TRACES_SAMPLER, which is not set"),
    "OTEL_PROPAGATORS": (" ", "it is empty, which counts as not set"),
}


def test_what_is_misspelt_is_told_with_what_was_meant(poster, doctor, monkeypatch):
    """A name that is nearly one is a warning; the exit code stays."""
    for written in MISSPELT:
        monkeypatch.setenv(written, "x")
    run = doctor("--json", "--no-send")
    expected = [
        f"{written} is set, but there is no such variable -> did you mean {meant}?"
        for written, meant in sorted(MISSPELT.items())
    ]
    assert (0, expected) == (run.code, run.findings("warning"))


def test_what_resembles_nothing_is_told_too(poster, doctor, monkeypatch):
    """No guess is made where none is near."""
    monkeypatch.setenv("MIDSPAN_WEATHER", "fine")
    assert ["MIDSPAN_WEATHER is set, but there is no such variable"] == doctor("--json").findings("warning")


def test_what_has_no_effect_is_told_with_the_reason(poster, doctor, monkeypatch):
    """It is well spelt, and nobody reads it here."""
    for name, (value, _) in WITHOUT_EFFECT.items():
        monkeypatch.setenv(name, value)
    run = doctor("--json", "--no-send")
    whys = {name: why for name, (_, why) in sorted(WITHOUT_EFFECT.items())}
    assert [f"{name} has no effect here: {why}" for name, why in whys.items()] == run.findings("note")
    assert {name: ("without effect", why) for name, why in whys.items()} == {
        name: state_of(run, name) for name in whys
    }


def test_what_is_used_is_listed_without_a_word(poster, doctor):
    """There is nothing to say of it."""
    run = doctor("--json")
    assert (("used", ""), []) == (state_of(run, "OTEL_SERVICE_NAME"), run.findings("note"))


@pytest.mark.parametrize(
    "name",
    [
        "MIDSPAN_SEMCONV",
        "OTEL_PYTHON_FLASK_EXCLUDED_URLS",
        "OTEL_PYTHON_GRPC_EXCLUDED_SERVICES",
        "JAEGER_TAGS",
    ],
)
def test_what_the_application_has_read_is_left_to_it(poster, doctor, monkeypatch, name):
    """Bridges and integrations are installed by code, which is not run here: no word against them."""
    monkeypatch.setenv(name, "x")
    run = doctor("--json")
    assert ("elsewhere", [], []) == (state_of(run, name)[0], run.findings("note"), run.findings("warning"))


def test_an_exporter_may_say_which_variables_are_its_own(poster, doctor):
    """The exporter of another distribution reads what it likes; what it declares is not called unknown."""
    assert [] == doctor("--json").findings("warning")


def test_a_service_of_kubernetes_is_no_variable_of_ours(poster, doctor, monkeypatch):
    """A name that only begins like Jaeger's is nobody's business."""
    monkeypatch.setenv("JAEGER_COLLECTOR_PORT_14268_TCP", "tcp://10.0.0.1:14268")
    assert "JAEGER_COLLECTOR" not in doctor("--json").out
