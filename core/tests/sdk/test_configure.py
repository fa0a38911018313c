"""Configure, configure again, switch off, reset: one pipeline is in force, and it is the right one."""

from __future__ import annotations

import logging
import subprocess
import sys
from importlib import metadata

import pytest

from midspan import _trouble, propagation, sdk, testing, trace
from midspan.sdk import _wiring
from midspan.sdk._clock import SystemClock
from midspan.trace._seam import Unconfigured, Wishes, binding


def configured(**settings: object) -> sdk.Pipeline:
    """Configure without exporters, detectors or variables, unless told otherwise."""
    return sdk.configure(**{"exporters": [], "detectors": [], "environment": {}, **settings})


def name_of_service(pipeline: sdk.Pipeline) -> object:
    """Return what the service is called."""
    return pipeline.resource.attributes["service.name"]


def test_the_pipeline_in_force_can_be_asked_for():
    """`get_pipeline` returns what `configure` returned; None before."""
    before = sdk.get_pipeline()
    pipeline = configured()
    assert (None, pipeline) == (before, sdk.get_pipeline())


def test_the_one_before_is_flushed_and_shut_down():
    """A reload loses nothing and leaves nothing open."""
    events = []

    class Exporter:
        """Keeps what happens."""

        def export_spans(self, spans: list[trace.Span]) -> None:
            events.append([span.name for span in spans])

        def shutdown(self, timeout_s: float) -> None:
            events.append("shutdown")

    configured(exporters=[Exporter()])
    trace.get_tracer("t").start_span("s").end()
    configured()
    assert [["s"], "shutdown"] == events


def test_what_cannot_be_configured_leaves_the_one_before_in_force(memory):
    """An error in a reload is no outage."""
    pipeline = configured(exporters=[memory])
    with pytest.raises(sdk.ConfigurationError):
        configured(sampler="nonsense")
    trace.get_tracer("t").start_span("s").end()
    assert (pipeline, 1) == (sdk.get_pipeline(), len(memory.spans))


def test_reset_forgets_everything(memory):
    """For tests: the pipeline is shut down; wishes, propagators, counts and strictness are gone."""
    pipeline = configured(exporters=[memory], strict=True, propagators=["none"])
    binding.wishes = Wishes("legacy")
    _trouble.note("cause", "something")
    sdk.reset()
    trace.get_tracer("t").start_span("s").end()
    _trouble.report("other", "no exception: not strict any more")
    assert (None, None, [], True) == (sdk.get_pipeline(), binding.wishes, memory.spans, pipeline.shutdown(1))
    assert ({"other": 1}, True) == (_trouble.counts(), isinstance(binding.engine, Unconfigured))
    assert "traceparent" in propagation.get_global().fields


def test_reset_without_a_pipeline_does_nothing():
    """It may be called at any time."""
    sdk.reset()
    assert sdk.get_pipeline() is None


@pytest.mark.parametrize(
    ("value", "disabled"), [("true", True), ("TRUE", True), ("false", False), ("", False)]
)
def test_the_sdk_can_be_switched_off(memory, value, disabled):
    """OTEL_SDK_DISABLED=true records nothing and makes no exporter; identity and propagation go on."""
    variables = {"OTEL_SDK_DISABLED": value, "OTEL_PROPAGATORS": "b3"}
    pipeline = configured(exporters=[memory], environment=variables)
    caller = trace.SpanContext(1, 2, 1, is_remote=True)
    with trace.get_tracer("t").start_as_current_span("s", parent=caller) as span:
        assert 1 == span.context.trace_id
    assert (disabled, disabled) == (not memory.spans, not pipeline.stats().exporters)
    assert ({}, True) == (_trouble.counts(), "b3" in propagation.get_global().fields)


def test_an_odd_switch_is_off_and_warned_of(memory, caplog):
    """Only "true" is true (specification); what is neither true nor false is named."""
    configured(exporters=[memory], environment={"OTEL_SDK_DISABLED": "yes"})
    trace.get_tracer("t").start_span("s").end()
    assert 1 == len(memory.spans)
    assert "OTEL_SDK_DISABLED=yes was taken for false: allowed is true or false" in caplog.text


@pytest.mark.parametrize(("value", "level"), [("debug", 10), ("WARN", 30), ("error", 40), ("none", 60)])
def test_the_level_of_our_logger_comes_from_its_variable(value, level):
    """OTEL_LOG_LEVEL says which of our own lines are logged."""
    logger = logging.getLogger("midspan")
    before = logger.level
    try:
        configured(exporters=[], environment={"OTEL_LOG_LEVEL": value})
        assert level == logger.level
        configured(exporters=[])
        assert level == logger.level
    finally:
        logger.setLevel(before)


def test_a_level_that_is_none_is_refused():
    """The message names the variable, the value and what is allowed."""
    with pytest.raises(sdk.ConfigurationError, match=r"OTEL_LOG_LEVEL='loud'.*debug, info"):
        configured(exporters=[], environment={"OTEL_LOG_LEVEL": "loud"})


def test_strict_raises_where_midspan_would_log(memory):
    """Tests find out what production only counts; the next `configure` decides anew."""
    configured(exporters=[memory], strict=True)
    span = trace.get_tracer("t").start_span("s")
    span.end()
    with pytest.raises(RuntimeError, match="set_attribute was called on the ended span s"):
        span.set_attribute("late", 1)
    configured(exporters=[memory])
    span.set_attribute("late", 1)
    assert 2 == _trouble.counts()["span.used_after_end"]


@pytest.mark.parametrize(
    ("value", "fields"), [("b3", {"b3"}), ("tracecontext", {"traceparent", "tracestate"})]
)
def test_variables_choose_the_propagators(value, fields):
    """OTEL_PROPAGATORS is a list of names."""
    configured(environment={"OTEL_PROPAGATORS": value})
    assert fields == set(propagation.get_global().fields)


def test_several_propagators_are_one():
    """Names and propagators mix; code wins over the variable."""
    configured(
        propagators=["b3", propagation.by_name(["jaeger"])], environment={"OTEL_PROPAGATORS": "nonsense"}
    )
    assert {"b3", "uber-trace-id"} <= set(propagation.get_global().fields)


def test_an_unknown_propagator_is_refused():
    """The message names variable, value and what is allowed."""
    with pytest.raises(
        sdk.ConfigurationError, match=r"propagator 'b4' \(OTEL_PROPAGATORS\) is not valid: .*b3"
    ):
        configured(environment={"OTEL_PROPAGATORS": "tracecontext,b4"})


def test_without_a_word_the_propagators_stay_as_they_are():
    """Somebody may have set them before."""
    chosen = propagation.by_name(["b3"])
    propagation.set_global(chosen)
    configured()
    assert chosen is propagation.get_global()


def test_what_legacy_code_configured_is_taken_over():
    """Service name, sampler and attributes of a legacy tracer count where nobody configured them here."""
    pipeline = configured()
    binding.engine.adopt(Wishes("legacy", "parentbased_always_off", {"team": "shop", "odd": object}))
    assert ("legacy", "shop", "<class 'object'>") == tuple(
        map(pipeline.resource.attributes.get, ("service.name", "team", "odd"))
    )
    assert "parentbased_always_off" == repr(pipeline._settings.sampler)


def test_it_may_come_before_configure():
    """Legacy start-up code that runs first is heard later."""
    binding.engine.adopt(Wishes("legacy", "always_off"))
    pipeline = configured()
    assert ("legacy", "always_off") == (name_of_service(pipeline), repr(pipeline._settings.sampler))


@pytest.mark.parametrize(
    "settings",
    [
        {"service_name": "mine"},
        {"resource": {"service.name": "mine"}},
        {"environment": {"OTEL_SERVICE_NAME": "mine"}},
        {"environment": {"OTEL_RESOURCE_ATTRIBUTES": "service.name=mine"}},
    ],
)
def test_a_name_that_was_given_stays(settings):
    """However the service was named, legacy code does not rename it."""
    pipeline = configured(**settings)
    pipeline.adopt(Wishes("legacy"))
    assert "mine" == name_of_service(pipeline)


@pytest.mark.parametrize(
    "settings", [{"sampler": "always_on"}, {"environment": {"OTEL_TRACES_SAMPLER": "always_on"}}]
)
def test_a_sampler_that_was_given_stays(settings):
    """However it was chosen."""
    pipeline = configured(**settings)
    pipeline.adopt(Wishes(sampler="always_off"))
    assert "always_on" == repr(pipeline._settings.sampler)


def test_attributes_that_were_given_stay():
    """Legacy tags do not replace what was configured here."""
    pipeline = configured(resource={"team": "mine"})
    pipeline.adopt(Wishes(resource_attributes={"team": "legacy", "zone": "z"}))
    assert ("mine", "z") == (pipeline.resource.attributes["team"], pipeline.resource.attributes["zone"])


def test_a_sampler_that_cannot_be_taken_over_is_reported():
    """The pipeline keeps its own."""
    pipeline = configured()
    pipeline.adopt(Wishes(sampler="sometimes"))
    assert ("parentbased_always_on", 1) == (
        repr(pipeline._settings.sampler),
        _trouble.counts()["adopt.sampler"],
    )


def test_tracers_notice_what_is_taken_over(memory):
    """Spans that start afterwards have the new resource; open ones end under the old."""
    configured(exporters=[memory])
    tracer = trace.get_tracer("t")
    earlier = tracer.start_span("earlier")
    binding.engine.adopt(Wishes("legacy"))
    later = tracer.start_span("later")
    later.end()
    earlier.end()
    assert ["legacy", "unknown_service:" + sys.executable.rpartition("/")[2]] == [
        span.resource.attributes["service.name"] for span in memory.spans
    ]


def test_a_pipeline_out_of_force_rebinds_nobody(memory):
    """Changing an old pipeline does not put it back into force."""
    old = configured()
    new = configured(exporters=[memory])
    old.adopt(Wishes("legacy"))
    trace.get_tracer("t").start_span("s").end()
    assert (new, 1) == (sdk.get_pipeline(), len(memory.spans))


def test_the_engine_flushes_for_interfaces_that_close():
    """What a bridge calls on close reaches the pipeline; without one there is nothing to wait for."""
    assert binding.engine.force_flush(1)
    memory = testing.MemoryExporter()
    configured(exporters=[memory])
    assert binding.engine.force_flush(1)


@pytest.fixture
def plug_in(tmp_path, monkeypatch):
    """Put a distribution on the path that registers exporters."""

    def register(name: str, code: str, target: str) -> None:
        folder = tmp_path / "plugin-1.0.dist-info"
        folder.mkdir()
        (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: plugin\nVersion: 1.0\n")
        (folder / "entry_points.txt").write_text(f"[midspan.exporters]\n{name} = plugin_of_a_test:{target}\n")
        (tmp_path / "plugin_of_a_test.py").write_text(code)
        monkeypatch.syspath_prepend(tmp_path)

    yield register
    sys.modules.pop("plugin_of_a_test", None)


EXPORTER = """
spans = []
class Exporter:
    synchronous = True
    def export_spans(self, batch):
        spans.extend(batch)
"""


def test_exporters_are_found_by_their_registered_name(plug_in):
    """Any distribution can bring one; OTEL_TRACES_EXPORTER names it, and so does code."""
    plug_in("mine", EXPORTER, "Exporter")
    for how in (
        {"exporters": None, "environment": {"OTEL_TRACES_EXPORTER": "mine"}},
        {"exporters": ["mine"]},
    ):
        environment = {"OTEL_METRICS_EXPORTER": "none", **how.pop("environment", {})}
        pipeline = configured(**how, environment=environment)
        trace.get_tracer("t").start_span("s").end()
        assert ["mine"] == list(pipeline.stats().exporters)
    assert 2 == len(sys.modules["plugin_of_a_test"].spans)


def test_an_exporter_of_another_signal_is_refused(plug_in):
    """A variable may only name what takes its signal."""
    plug_in("mine", EXPORTER.replace("export_spans", "export_metrics"), "Exporter")
    with pytest.raises(
        sdk.ConfigurationError, match=r"exporter 'mine' \(OTEL_TRACES_EXPORTER\) is not valid: .* this signal"
    ):
        configured(
            exporters=None, environment={"OTEL_TRACES_EXPORTER": "mine", "OTEL_METRICS_EXPORTER": "none"}
        )


def test_an_unknown_exporter_is_refused(plug_in):
    """The message names variable, value and what is registered."""
    plug_in("mine", EXPORTER, "Exporter")
    with pytest.raises(
        sdk.ConfigurationError, match=r"exporter 'yours' \(OTEL_TRACES_EXPORTER\) is not valid: .*mine.*none"
    ):
        configured(exporters=["yours"])


def test_a_missing_library_is_named(plug_in):
    """The message says which, and what to install."""
    plug_in("mine", "import a_library_that_is_not_there", "Exporter")
    with pytest.raises(
        sdk.ConfigurationError,
        match=r"'mine' needs a library \(No module .*\): pip install 'midspan\[mine\]'",
    ):
        configured(exporters=["mine"])


def test_the_default_exporter_is_otlp(monkeypatch):
    """As the specification has it."""
    asked = []
    monkeypatch.setattr(_wiring, "load_exporter", lambda name: asked.append(name) or testing.MemoryExporter())
    sdk.configure(environment={}, detectors=[])
    assert ["otlp"] == asked


def test_the_machines_clock_and_random_ids_are_the_default():
    """Nothing has to be injected."""
    settings = configured()._settings
    assert (SystemClock, sdk.ids.RandomIds) == (type(settings.clock), type(settings.ids))


def test_every_cycle_leaves_nothing_behind():
    """A thousand times configured and shut down: no thread and no pipeline is left."""
    for _ in range(1000):
        configured(exporters=[testing.MemoryExporter()]).shutdown(5)
    assert len(sdk._pipeline._live) <= 1


def test_the_end_of_the_process_exports_what_waits():
    """At exit the pipeline is flushed and shut down, within its time."""
    code = """
from midspan import sdk, trace
class Exporter:
    def export_spans(self, spans):
        print("exported", [span.name for span in spans])
    def shutdown(self, timeout_s):
        print("shut down", timeout_s <= 3)
sdk.configure(exporters=[Exporter()], environment={}, exit_timeout_s=3)
trace.get_tracer("t").start_span("s").end()
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert ("exported ['s']\nshut down True\n", "", 0) == (done.stdout, done.stderr, done.returncode)


def test_a_process_without_spans_ends_at_once():
    """There is nothing to wait for, and nothing to say."""
    code = """
from midspan import sdk
class Exporter:
    def export_spans(self, spans):
        print("exported")
    def shutdown(self, timeout_s):
        print("shut down")
sdk.configure(exporters=[Exporter()], environment={})
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=4
    )
    assert ("shut down\n", "", 0) == (done.stdout, done.stderr, done.returncode)


def test_the_version_is_the_distributions():
    """`telemetry.sdk.version` is what is installed."""
    assert metadata.version("midspan") == configured().resource.attributes["telemetry.sdk.version"]


def test_configuring_says_nothing(caplog):
    """An ordinary start is silent."""
    with caplog.at_level(logging.DEBUG):
        configured(exporters=[testing.MemoryExporter()])
    assert [] == caplog.records


def test_a_level_that_code_has_set_stays():
    """Without OTEL_LOG_LEVEL, midspan's logger is left as it is."""
    logger = logging.getLogger("midspan")
    before = logger.level
    logger.setLevel(logging.ERROR)
    try:
        configured()
        assert logging.ERROR == logger.level
    finally:
        logger.setLevel(before)
