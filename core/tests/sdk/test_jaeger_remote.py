"""The Jaeger remote sampler against an HTTP server that answers as Jaeger's agent does."""

from __future__ import annotations

import _thread
import contextlib
import json
import os
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest

from midspan import _trouble, context, sdk, trace
from midspan.sdk import _jaeger_agent, _jaeger_remote
from midspan.sdk._environment import Environment
from midspan.sdk._jaeger_arguments import jaeger_remote
from midspan.sdk._jaeger_remote import JaegerRemote
from midspan.sdk._samplers import Surroundings
from midspan.sdk.sampling import SamplingRequest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ALL = {"strategyType": "PROBABILISTIC", "probabilisticSampling": {"samplingRate": 1.0}}
NONE = {"strategyType": "PROBABILISTIC", "probabilisticSampling": {"samplingRate": 0.0}}
ROOT = SamplingRequest(context.EMPTY, None, 1 << 63, "op", trace.SpanKind.INTERNAL, {}, ())


class Agent:
    """What listens on an agent's port 5778: answers in turn, the last one again and again."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.answers: list[tuple[int, bytes, dict[str, str]]] = []
        agent = self

        class Handler(BaseHTTPRequestHandler):
            """Answers one request."""

            def do_GET(self) -> None:
                agent.asked.append(self.path)
                status, body, headers = agent.answers.pop(0) if agent.answers[1:] else agent.answers[0]
                self.send_response(status)
                for name, value in {"Content-Length": str(len(body)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                with contextlib.suppress(ConnectionError):
                    self.wfile.write(body)

            def log_message(self, *args: object) -> None:
                """Stay silent."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    def answer(self, *answers: object, status: int = 200, **headers: str) -> None:
        """Answer with these from now on."""
        bodies = [body if isinstance(body, bytes) else json.dumps(body).encode() for body in answers]
        self.answers = [(status, body, headers) for body in bodies]

    def close(self) -> None:
        """Stop listening; a second time does nothing."""
        if not self._thread.is_alive():
            return
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def agent() -> Iterator[Agent]:
    """Run an agent."""
    agent = Agent()
    yield agent
    agent.close()


@pytest.fixture
def remote(agent) -> Iterator[Callable[..., JaegerRemote]]:
    """Make samplers that ask the agent, and close them, threads and all."""
    made: list[JaegerRemote] = []

    def make(name: str = "shop", **options: float) -> JaegerRemote:
        made.append(JaegerRemote(lambda: name, agent.url, **options))
        return made[-1]

    yield make
    for sampler in made:
        sampler.close()
        # The last thing that its thread does is to take the lock that `close` released.
        assert not sampler._is_started or soon(sampler._stop.locked)


def soon(condition: Callable[[], object]) -> bool:
    """Wait for another thread, up to ten seconds."""
    until = time.monotonic() + 10
    while not condition() and time.monotonic() < until:
        time.sleep(0.005)
    return bool(condition())


def samples(sampler: JaegerRemote) -> bool:
    """Say whether a root is sampled now."""
    return bool(sampler(ROOT).decision)


def test_the_agent_is_asked_for_the_service(agent, remote):
    """The request is `GET /sampling?service=NAME`, with the name escaped."""
    agent.answer(ALL)
    sampler = remote("shop & söhne")
    assert (True, ["/sampling?service=shop%20%26%20s%C3%B6hne"]) == (sampler.refresh(), agent.asked)


def test_the_answer_is_followed(agent, remote):
    """What the agent answers decides from then on."""
    agent.answer(ALL, NONE)
    sampler = remote()
    followed = []
    for _ in range(2):
        sampler.refresh()
        followed.append(samples(sampler))
    assert [True, False] == followed


def test_the_first_span_begins_the_asking(agent, remote):
    """Nothing is asked before a span starts; then a thread asks, at once and at every interval."""
    agent.answer(NONE, ALL)
    sampler = remote(interval_s=0.1)
    assert [] == agent.asked
    assert soon(lambda: samples(sampler))
    assert len(agent.asked) >= 2


@pytest.mark.parametrize(("rate", "sampled"), [(1.0, True), (0.0, False)])
def test_until_the_first_answer_the_initial_rate_decides(agent, remote, rate, sampled):
    """The service is traced before anybody has answered."""
    agent.answer(b"not yet", status=503)
    assert sampled is samples(remote(initial_rate=rate))


def test_an_agent_that_is_just_starting_is_asked_again_soon(agent, remote, monkeypatch):
    """Until the first answer the pauses are short, whatever the interval."""
    monkeypatch.setattr(_jaeger_remote, "_FIRST_RETRY_S", 0.01)
    agent.answer(b"", b"", ALL)
    sampler = remote(initial_rate=0.0, interval_s=3600)
    assert soon(lambda: samples(sampler))
    assert 3 == len(agent.asked)


BAD = {
    "an error": (b"down", {"status": 500}),
    "no JSON": (b"<html>", {}),
    "no strategy": (b"{}", {}),
    "nothing": (b"", {}),
    "cut off": (b'{"strategyType": ', {"Content-Length": "1000"}),
    "deep": (b"[" * 100_000, {}),
    "too long": (b" " * (4 * 1024 * 1024 + 1), {}),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_answer_leaves_the_last_good_one_in_force(agent, remote, case):
    """It is counted, and the sampler goes on as before."""
    agent.answer(ALL)
    sampler = remote()
    sampler.refresh()
    body, how = BAD[case]
    agent.answer(body, **how)
    followed = sampler.refresh()
    assert (False, 1) == (followed, _trouble.counts()["sampler.jaeger_remote"])
    assert samples(sampler)


def test_trouble_is_said_once(agent, remote, caplog):
    """An agent that is away is one line in the log, not one for every time that it is asked."""
    agent.answer(b"", status=500)
    sampler = remote()
    for _ in range(3):
        sampler.refresh()
    assert (1, 3) == (len(caplog.records), _trouble.counts()["sampler.jaeger_remote"])
    assert f"no sampling strategy from {agent.url}/sampling" in caplog.text


def test_nobody_listening_is_one_more_trouble(agent, remote):
    """Without an agent the initial rate stays."""
    sampler = remote(initial_rate=1.0)
    agent.close()
    assert (False, True) == (sampler.refresh(), samples(sampler))


def test_a_redirect_is_not_followed(agent, remote):
    """An agent that points elsewhere is not believed."""
    other = Agent()
    other.answer(ALL)
    agent.answer(b"", status=302, Location=f"{other.url}/sampling")
    asked = remote().refresh(), other.asked
    other.close()
    assert (False, []) == asked


def test_an_answer_that_drips_is_given_up(agent, remote, monkeypatch):
    """However slowly bytes come, asking has an end."""
    monkeypatch.setattr(_jaeger_agent, "_TIMEOUT_S", 0.0)

    class Dripping:
        """A body without end, a byte at a time."""

        def read1(self, size: int) -> bytes:
            return b" "

    with pytest.raises(TimeoutError, match="longer than"):
        _jaeger_agent._read(Dripping(), time.monotonic() - 1)


def test_a_proxy_of_the_environment_is_not_asked(agent, remote, monkeypatch):
    """The agent is near; what the application set for its own requests is not meant for it."""
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    agent.answer(ALL)
    assert remote().refresh()


def test_asking_makes_no_spans(agent):
    """The request runs suppressed: an integration of the HTTP client must not trace it."""
    seen = []
    agent.answer(ALL)
    JaegerRemote(lambda: seen.append(trace.is_suppressed()) or "shop", agent.url).refresh()
    assert [True] == seen


def test_a_strategy_that_did_not_change_stays_as_it_is(agent, remote):
    """A rate limit is not refilled by asking for it again."""
    agent.answer({"rateLimitingSampling": {"maxTracesPerSecond": 1}})
    sampler = remote()
    decided = []
    for _ in range(2):
        sampler.refresh()
        decided.append(samples(sampler))
    assert [True, False] == decided


def test_the_pipeline_ends_the_asking(agent, memory):
    """`shutdown` stops the thread, behind `parentbased_` too; nothing is asked any more."""
    agent.answer(ALL)
    spec = f"parentbased_jaeger_remote:endpoint={agent.url},pollingIntervalMs=3600000"
    pipeline = sdk.configure(exporters=[memory], sampler=spec, environment={}, detectors=[])
    before = _thread._count()
    trace.get_tracer("t").start_span("s").end()
    assert soon(lambda: agent.asked)
    pipeline.shutdown(5)
    assert soon(lambda: _thread._count() <= before)


def test_a_closed_sampler_goes_on_deciding(agent, remote):
    """Spans that start after `close` are sampled as before, and start no thread."""
    agent.answer(ALL)
    sampler = remote()
    sampler.refresh()
    sampler.close()
    sampler.close()
    before = _thread._count()
    assert (True, before) == (samples(sampler), _thread._count())


def test_roots_carry_the_strategys_tags_to_the_exporter(agent, memory):
    """Adaptive sampling computes rates from `sampler.type` and `sampler.param`."""
    agent.answer(ALL)
    spec = f"parentbased_jaeger_remote:endpoint={agent.url}/sampling,initialSamplingRate=0"
    sdk.configure(exporters=[memory], sampler=spec, environment={}, detectors=[])
    tracer = trace.get_tracer("t")
    tracer.start_span("first")
    assert soon(lambda: tracer.start_span("root").is_recording())
    with tracer.start_as_current_span("root"):
        tracer.start_span("child").end()
    tags = {"sampler.type": "probabilistic", "sampler.param": 1.0}
    assert [("child", {}), ("root", tags)] == [(span.name, span.attributes) for span in memory.spans]


def test_a_name_that_comes_later_is_asked_for(agent, memory):
    """A service that legacy start-up code names is asked for by that name."""
    agent.answer(NONE)
    sampler = jaeger_remote(
        f"endpoint={agent.url}", Surroundings(lambda: names[0], time.monotonic, Environment({}))
    )
    names = ["unknown_service:python"]
    sampler.refresh()
    names = ["shop"]
    sampler.refresh()
    assert ["/sampling?service=unknown_service%3Apython", "/sampling?service=shop"] == agent.asked


def test_a_forked_child_asks_for_itself(agent, remote):
    """The thread is the parent's; the child keeps the strategy and starts a thread of its own."""
    agent.answer(ALL)
    sampler = remote(interval_s=3600)
    assert soon(lambda: samples(sampler))
    pid = os.fork()
    if pid == 0:
        sampler._agent.endpoint += "?child=1"
        sampler._answer = None
        os._exit(0 if samples(sampler) and soon(lambda: sampler._answer == ALL) else 1)
    assert (0, True) == (os.waitpid(pid, 0)[1], "/sampling?child=1&service=shop" in agent.asked)


def test_no_thread_to_be_had_is_reported(agent, remote, monkeypatch):
    """The span is sampled all the same, and the next one tries again."""

    def refuse(function: object) -> None:
        message = "can't start new thread"
        raise RuntimeError(message)

    sampler = remote(initial_rate=1.0)
    with monkeypatch.context() as patch:
        patch.setattr(_jaeger_remote, "start_thread", refuse)
        assert samples(sampler)
    assert 1 == _trouble.counts()["sampler.not_started"]
    agent.answer(NONE)
    assert soon(lambda: not samples(sampler))


def made(argument: str | None = None, **variables: str) -> JaegerRemote:
    """Make a sampler from an argument and variables."""
    return jaeger_remote(argument, Surroundings(lambda: "shop", time.monotonic, Environment(variables)))


@pytest.mark.parametrize(
    ("variables", "endpoint"),
    [
        ({}, "http://localhost:5778/sampling"),
        ({"JAEGER_AGENT_HOST": "jaeger"}, "http://jaeger:5778/sampling"),
        ({"JAEGER_SAMPLER_MANAGER_HOST_PORT": "jaeger:1"}, "http://jaeger:1/sampling"),
        ({"JAEGER_SAMPLING_ENDPOINT": "https://jaeger:2"}, "https://jaeger:2/sampling"),
        (
            {"JAEGER_SAMPLING_ENDPOINT": "http://a:2/api/sampling", "JAEGER_AGENT_HOST": "b"},
            "http://a:2/api/sampling",
        ),
    ],
)
def test_jaegers_variables_name_the_endpoint(variables, endpoint):
    """Where OpenTelemetry's argument names none, jaeger-client's variables count; the closest one wins."""
    assert f"jaeger_remote:endpoint={endpoint}" == repr(made(**variables))


def test_the_argument_wins_over_jaegers_variables():
    """An endpoint in the argument is the one that is asked."""
    sampler = made("endpoint=http://here:1", JAEGER_AGENT_HOST="there")
    assert "jaeger_remote:endpoint=http://here:1/sampling" == repr(sampler)


def test_the_argument_has_opentelemetrys_form():
    """Endpoint, interval in milliseconds, and initial rate, in any order."""
    sampler = made("initialSamplingRate=0.25, pollingIntervalMs=5000,endpoint=http://h:1/s")
    assert (5.0, "jaeger_traceidratio:0.25") == (sampler._interval_s, repr(sampler._strategy))


def test_the_defaults_are_jaeger_clients():
    """Once a minute, and one trace in a thousand until the first answer."""
    sampler = made()
    assert (60.0, "jaeger_traceidratio:0.001") == (sampler._interval_s, repr(sampler._strategy))


def test_an_interval_of_zero_does_not_storm_the_agent():
    """The shortest interval is a tenth of a second."""
    assert 0.1 == made("pollingIntervalMs=0")._interval_s


@pytest.mark.parametrize(
    ("argument", "said"),
    [
        ("http://h:1", "endpoint=..., pollingIntervalMs=..., initialSamplingRate=..."),
        ("interval=5", "endpoint=..., pollingIntervalMs=..., initialSamplingRate=..."),
        ("pollingIntervalMs=soon", "pollingIntervalMs=soon is no number from 0"),
        ("pollingIntervalMs=-1", "pollingIntervalMs=-1 is no number from 0"),
        ("pollingIntervalMs=nan", "pollingIntervalMs=nan is no number from 0"),
        ("initialSamplingRate=2", "from 0.0 to 1.0"),
        ("endpoint=localhost:5778", "such as http://localhost:5778/sampling"),
        ("endpoint=file:///etc/passwd", "such as http://localhost:5778/sampling"),
        ("endpoint=http://user:password@h", "such as http://localhost:5778/sampling"),
        ("endpoint=http://h:port", "Port"),
    ],
)
def test_a_bad_argument_says_what_would_be_right(argument, said):
    """The message names the variables, their values and what is allowed."""
    variables = {"OTEL_TRACES_SAMPLER": "jaeger_remote", "OTEL_TRACES_SAMPLER_ARG": argument}
    with pytest.raises(sdk.ConfigurationError) as caught:
        sdk.configure(exporters=[], environment=variables)
    message = str(caught.value)
    assert (
        f"OTEL_TRACES_SAMPLER='jaeger_remote' with OTEL_TRACES_SAMPLER_ARG={argument!r} is not valid"
        in message
    )
    assert said in message


def test_a_bad_variable_of_jaegers_is_named():
    """JAEGER_SAMPLING_ENDPOINT has to be a URL."""
    variables = {"JAEGER_SAMPLING_ENDPOINT": "jaeger"}
    with pytest.raises(
        sdk.ConfigurationError, match=r"^JAEGER_SAMPLING_ENDPOINT='jaeger' is not valid: .*http:"
    ):
        sdk.configure(exporters=[], sampler="jaeger_remote", environment=variables)
