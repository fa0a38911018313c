"""What came back: a span and a metric through the real pipeline, and what the report makes of the answer."""

from __future__ import annotations

import contextlib
import os
import time

import pytest

from core.tests.cli.doctor.conftest import POSTER, Server
from midspan import sdk, trace

# Exporters that are called, one for each way to answer.
CALLED = """
class Called:
    name = "called"

    def export_spans(self, spans):
        {spans}

    def shutdown(self, timeout_s):
        pass
"""


# An exporter that waits to be asked, and says where if it has an address.
ASKED = """
class Asked:
    name = "asked"
    synchronous = True

    def __repr__(self):
        return "Asked({where})"

    def export_metrics(self, metrics):
        pass

    def {follow}(self, source):
        pass

    def unfollow_metrics(self, source):
        pass
"""


@pytest.fixture
def called(register, monkeypatch):
    """Register an exporter that answers a call by running a line of code, and configure it."""

    def add(line: str) -> None:
        register("called", CALLED.format(spans=line), "Called")
        monkeypatch.setenv("OTEL_TRACES_EXPORTER", "called")
        monkeypatch.setenv("OTEL_METRICS_EXPORTER", "none")

    return add


def test_what_was_taken_ends_well(poster, doctor):
    """One span and one metric arrive, and the exit code is 0."""
    run = doctor("--json")
    assert (0, {"spans": "accepted", "metrics": "accepted"}) == (run.code, run.sent())
    posts = dict(poster.posts)
    assert ("midspan doctor", True) == (posts["/spans"], "midspan.doctor.runs" in posts["/metrics"])


def test_the_trace_can_be_looked_up(poster, doctor):
    """The report names the trace that was sent, to be looked for in the backend."""
    assert "(look for trace " in doctor().out
    assert 32 == len(doctor("--json").told["trace_id"])


@pytest.mark.parametrize("status", [401, 404, 503])
def test_what_was_refused_is_trouble_with_a_remedy(poster, doctor, status):
    """The exit code is 1, what the server said is told, and what to do about it."""
    poster.answer = (status, "so it is")
    run = doctor("--json")
    (trouble,) = run.findings("trouble")
    assert (1, True, True) == (run.code, f"HTTP {status} so it is" in trouble, " -> " in trouble)


def test_each_signal_is_tried_once(poster, doctor):
    """What could be sent again is not: one answer is what a person came for."""
    poster.answer = (503, "busy")
    run = doctor("--json")
    assert (["/metrics", "/spans"], {"spans": "retry", "metrics": "retry"}) == (
        sorted(path for path, _ in poster.posts),
        run.sent(),
    )


def test_a_partial_success_is_trouble(poster, doctor):
    """A backend that takes a batch without its span has not taken the span."""
    poster.answer = (200, "1")
    run = doctor("--json")
    assert (1, {"spans": "rejected", "metrics": "rejected"}) == (run.code, run.sent())


def test_what_a_backend_says_with_its_yes_is_a_warning(register, doctor):
    """It took the batch, and wants something to be known."""
    register("poster", POSTER.replace("accepted(int(said or 0))", "accepted(0, 'soon retired')"), "Poster")
    with contextlib.closing(Server()) as server:
        run = doctor("--json", "--exporter", "poster", "--endpoint", server.url)
    expected = [
        f"poster: the backend took the {each}, and says: soon retired" for each in ("spans", "metrics")
    ]
    assert (0, expected) == (run.code, run.findings("warning"))


def test_nobody_there_is_told_as_such(register, doctor, monkeypatch):
    """A port on which nobody listens is named, with the question whether it is the right one."""
    register("poster", POSTER, "Poster")
    run = doctor("--json", "--exporter", "poster", "--endpoint", "http://127.0.0.1:1")
    (trouble,) = run.findings("trouble")
    assert (1, True) == (run.code, "nobody listens at 127.0.0.1:1" in trouble)


def test_an_exporter_that_does_not_come_back_is_left_behind(called, doctor):
    """The command ends within twice its timeout and a little, and says that there was no answer."""
    called("import time; time.sleep(4)")
    began = time.monotonic()
    run = doctor("--json", "--timeout", "0.2")
    assert (1, {"spans": "silent"}, True) == (run.code, run.sent("called"), time.monotonic() - began < 3.5)


@pytest.mark.parametrize(
    ("line", "verdict", "code"),
    [("return None", "accepted", 0), ("return False", "lost", 1), ("raise ValueError('no ink')", "lost", 1)],
)
def test_an_exporter_that_is_called_is_judged_by_what_it_does(called, doctor, line, verdict, code):
    """One that answers False or raises did not send; why it raised is told."""
    called(line)
    run = doctor("--json")
    assert (code, {"spans": verdict}, "raise" in line) == (run.code, run.sent("called"), "no ink" in run.out)


@pytest.mark.parametrize(
    ("form", "verdict", "words"),
    [
        ({"where": "", "follow": "follow_metrics"}, "unknown", "does not say where"),
        (
            {"where": "http://127.0.0.1:1/metrics", "follow": "follow_metrics"},
            "refused",
            "does not answer a scrape",
        ),
        ({"where": "", "follow": "forget"}, "unknown", "does not say what became of it"),
    ],
)
def test_an_exporter_that_is_asked_is_asked(register, doctor, form, verdict, words):
    """As whoever collects from it would; where that cannot be, nothing is known."""
    register("asked", ASKED.format(**form), "Asked")
    run = doctor("--json", "--exporter", "asked", "--timeout", "1")
    (backend,) = run.told["exporters"]
    assert (verdict, True) == (run.sent("asked")["metrics"], words in backend["sent"][0]["message"])


def test_what_is_served_without_the_metric_is_trouble(register, doctor, server):
    """Somebody else answers at that place."""
    register("asked", ASKED.format(where=f"{server.url}/metrics", follow="follow_metrics"), "Asked")
    run = doctor("--json", "--exporter", "asked")
    assert (1, True) == (run.code, "without the metric" in run.findings("trouble")[0])


def test_what_cannot_be_encoded_is_told_with_its_reason(register, doctor):
    """An exporter that fails before it sends has an answer of its own."""
    register("poster", POSTER.replace('return " ".join(span', 'return 1 / 0 and " ".join(span'), "Poster")
    run = doctor("--json", "--exporter", "poster")
    assert ("lost", True) == (run.sent()["spans"], "ZeroDivisionError" in run.out)


def test_what_exporters_print_does_not_stand_in_the_report(called, doctor):
    """The document stays one, and says that something was printed."""
    called("print('one'); print('two')")
    run = doctor("--json")
    assert ["2 lines were printed by exporters to standard output, and are not shown"] == run.findings("note")


def test_nothing_is_sent_where_that_was_asked_for(poster, doctor):
    """With --no-send the backend is configured and connected to, and that is all."""
    run = doctor("--json", "--no-send")
    (reached,) = run.told["exporters"][0]["reached"]
    assert (0, [], "open", {}) == (run.code, poster.posts, reached["state"], run.sent())


def test_nobody_there_is_seen_without_sending_too(register, doctor):
    """A connection that cannot be made is trouble, whatever would have been sent."""
    register("poster", POSTER, "Poster")
    run = doctor("--json", "--no-send", "--exporter", "poster")
    assert (1, True) == (run.code, "cannot be reached" in run.findings("trouble")[0])


def test_one_exporter_can_be_tried_at_another_place(poster, doctor, monkeypatch):
    """Options win over variables, and are named as those who said it."""
    monkeypatch.setenv("OTEL_EXPORTER_POSTER_URL", "http://127.0.0.1:1")
    run = doctor("--json", "--exporter", "poster", "--endpoint", poster.url)
    (backend,) = run.told["exporters"]
    assert (0, ["--exporter", "--endpoint"]) == (run.code, backend["said_by"])


def test_an_exporter_that_takes_no_endpoint_says_so(register, doctor):
    """What an exporter does not offer is told, and is a matter of configuration."""
    register("called", CALLED.format(spans="pass"), "Called")
    run = doctor("--json", "--exporter", "called", "--endpoint", "http://127.0.0.1:1")
    assert (3, True) == (run.code, "takes no endpoint" in run.findings("trouble")[0])


def test_an_exporter_without_an_address_says_so(called, doctor):
    """What an exporter does not tell cannot be shown."""
    called("return None")
    assert "  called  it does not say where it sends to" in doctor().out


def test_what_configure_refuses_is_told_whole(doctor, monkeypatch):
    """The error names the variable, its value and what is allowed; the exit code is 3."""
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "none")
    monkeypatch.setenv("OTEL_METRICS_EXPORTER", "none")
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "soon")
    run = doctor("--json", "--no-send")
    assert 3 == run.code
    refused = "OTEL_BSP_SCHEDULE_DELAY='soon' is not valid: allowed is a whole number of milliseconds from 0"
    assert [f"configure() refuses this: {refused}"] == run.findings("trouble")


def test_what_is_refused_does_not_hide_the_rest(poster, doctor, monkeypatch):
    """Each refusal is told, and then it is tried without those variables."""
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "soon")
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", "sometimes")
    before = dict(os.environ)
    run = doctor("--json")
    assert (3, {"spans": "accepted", "metrics": "accepted"}, before) == (
        run.code,
        run.sent(),
        dict(os.environ),
    )
    assert ["OTEL_BSP_SCHEDULE_DELAY", "OTEL_TRACES_SAMPLER"] == [
        each["name"] for each in run.told["variables"] if each["state"] == "refused"
    ]
    assert 2 == len(run.findings("trouble"))
    (batch,) = [each for each in run.told["settings"] if each["name"] == "batch"]
    assert [] == batch["said_by"]


def test_an_exporter_that_cannot_be_made_does_not_hide_the_others(poster, doctor, monkeypatch):
    """configure() would refuse all of it; the report says so, and what the rest would do."""
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "nobody,poster")
    run = doctor("--json")
    assert (3, {"spans": "accepted", "metrics": "accepted"}) == (run.code, run.sent())
    assert "exporter 'nobody' (OTEL_TRACES_EXPORTER) is not valid" in run.findings("trouble")[0]


def test_an_exporter_may_raise_anything_when_it_is_made(register, doctor):
    """It is a refusal like any other, with the kind of the error."""
    register("broken", "class Broken:\n    def __init__(self):\n        1 / 0\n", "Broken")
    run = doctor("--json", "--exporter", "broken")
    assert (3, True) == (run.code, "ZeroDivisionError: division by zero" in run.findings("trouble")[0])


def test_without_an_exporter_nothing_can_arrive(doctor, monkeypatch):
    """Variables that name none are trouble: it is what a person will not have meant."""
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "none")
    monkeypatch.setenv("OTEL_METRICS_EXPORTER", "none")
    run = doctor("--json")
    assert (1, True) == (run.code, "no exporter is configured" in run.findings("trouble")[0])


def test_a_switch_that_turns_all_of_it_off_is_trouble(poster, doctor, monkeypatch):
    """The backend is tried all the same: switched on again, it would be next."""
    monkeypatch.setenv("OTEL_SDK_DISABLED", "true")
    run = doctor("--json")
    assert (1, "accepted", True) == (
        run.code,
        run.sent()["spans"],
        "OTEL_SDK_DISABLED" in run.findings("trouble")[0],
    )


@pytest.mark.parametrize(
    ("sampler", "argument"), [("always_off", None), ("traceidratio", "0"), ("parentbased_always_off", None)]
)
def test_a_sampler_that_takes_no_trace_is_trouble(poster, doctor, monkeypatch, sampler, argument):
    """Nothing would be sent; the test itself is, whatever the sampler."""
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", sampler)
    if argument is not None:
        monkeypatch.setenv("OTEL_TRACES_SAMPLER_ARG", argument)
    run = doctor("--json")
    assert (1, "accepted", True) == (
        run.code,
        run.sent()["spans"],
        "nothing will be sent" in run.findings("trouble")[0],
    )


def test_a_sampler_that_is_not_told_what_to_sample_is_a_warning(poster, doctor, monkeypatch):
    """It goes on with its first rate, which is nearly nothing."""
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", "parentbased_jaeger_remote")
    monkeypatch.setenv("OTEL_TRACES_SAMPLER_ARG", "endpoint=http://127.0.0.1:1/sampling")
    run = doctor("--json")
    (warning,) = run.findings("warning")
    assert (0, True) == (run.code, "is not told what to sample" in warning)


def test_a_service_without_a_name_is_a_warning(poster, doctor, monkeypatch):
    """Everything arrives, and nobody finds it: worth a word, not an exit code."""
    monkeypatch.delenv("OTEL_SERVICE_NAME")
    run = doctor("--json")
    assert (0, True) == (run.code, "set OTEL_SERVICE_NAME" in run.findings("warning")[0])


def test_a_clock_that_goes_wrong_is_a_warning(poster, doctor):
    """The server's Date header is compared with this machine's clock."""
    poster.date = "Sun, 06 Nov 1994 08:49:37 GMT"
    run = doctor("--json")
    assert (0, True) == (run.code, "behind this machine's" in run.findings("warning")[0])


def test_a_word_that_was_taken_for_another_is_a_warning(poster, doctor, monkeypatch):
    """What configure() would log is told."""
    monkeypatch.setenv("MIDSPAN_SELF_METRICS", "yes")
    assert any(
        "MIDSPAN_SELF_METRICS=yes was taken for false" in each
        for each in doctor("--json").findings("warning")
    )


def test_a_pipeline_in_force_is_left_alone(doctor):
    """Inside an application that runs, the test would take its pipeline's place: it is refused."""
    pipeline = sdk.configure(exporters=[], environment={})
    run = doctor()
    assert (2, pipeline, True) == (run.code, sdk.get_pipeline(), "a pipeline is in force" in run.err)


def test_the_process_is_left_as_it_was(poster, doctor):
    """Afterwards nothing is configured, and the logger is as it was."""
    import logging

    before = logging.getLogger("midspan").handlers[:], logging.getLogger("midspan").level
    doctor()
    assert (None, before) == (
        sdk.get_pipeline(),
        (logging.getLogger("midspan").handlers[:], logging.getLogger("midspan").level),
    )
    assert not trace.get_tracer("shop").start_span("later").is_recording()
