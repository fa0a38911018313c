"""Celery, with real workers on a real broker (servers: redis)."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from pathlib import Path

import _celery_app as shop
import pytest
import redis
from celery import chain, chord, group
from celery.exceptions import TaskRevokedError, TimeLimitExceeded, WorkerLostError
from kombu.exceptions import OperationalError

from midspan import baggage, trace
from midspan.exporters.jsonl import read
from midspan.integrations import celery as integration
from midspan.integrations import redis as redis_integration
from midspan.trace import SpanKind, StatusCode

HERE = Path(__file__).parent
PATIENCE_S = 20.0


class Worker:
    """A worker's process, and the spans that it and its pool have written."""

    def __init__(self, process, path):
        self.process = process
        self.path = path

    def log(self):
        """Return what it has said."""
        return self.path.with_suffix(".log").read_text()

    def spans(self):
        """Return what has been written up to now."""
        with self.path.open() as lines:
            return sorted(read(lines), key=lambda span: span.start_ns)

    def until(self, done):
        """Return the spans as soon as they are as `done` wants them."""
        end_s = time.monotonic() + PATIENCE_S
        while not done(found := self.spans()):
            assert time.monotonic() < end_s, ([span.name for span in found], self.log()[-3000:])
            time.sleep(0.02)
        return found

    def of(self, root, count):
        """Return the spans of a trace, once there are so many."""
        mine = lambda found: [each for each in found if each.context.trace_id == root.context.trace_id]  # noqa: E731
        return mine(self.until(lambda found: len(mine(found)) >= count))


@contextmanager
def working(folder, *options, database=5):
    """Run a worker for the time of a block."""
    path = folder / "spans.jsonl"
    path.touch()
    environment = {**os.environ, "CELERY_SPANS": str(path), "CELERY_DATABASE": str(database)}
    command = [sys.executable, "-m", "celery", "-A", "_celery_app", "worker", "-l", "INFO", *options]
    with path.with_suffix(".log").open("w") as log:
        process = subprocess.Popen(
            [*command, "--without-mingle", "--without-gossip", "--without-heartbeat"],
            cwd=HERE,
            env=environment,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    worker = Worker(process, path)
    try:
        end_s = time.monotonic() + PATIENCE_S
        while " ready." not in worker.log():
            assert (None, True) == (process.poll(), time.monotonic() < end_s), worker.log()
            time.sleep(0.05)
        yield worker
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@pytest.fixture(scope="module")
def worker(tmp_path_factory):
    """Run a worker with a pool of processes."""
    with working(tmp_path_factory.mktemp("prefork"), "-P", "prefork", "-c", "2") as worker:
        yield worker


@pytest.fixture(autouse=True)
def _fresh(memory):
    shop.app.conf.task_always_eager = False
    integration.instrument()
    yield
    integration.uninstrument()


@pytest.fixture
def page():
    """Be inside of a trace."""
    with trace.get_tracer("test").start_as_current_span("page") as span:
        yield span


def tree(root, found):
    """Return the names below a span: each with those below it."""
    below = [span for span in found if span.parent and span.parent.span_id == root.context.span_id]
    return [(span.name, tree(span, found)) if tree(span, found) else span.name for span in below]


def test_a_task_is_two_spans_of_the_callers_trace(worker, page, spans, points):
    """One of sending and one of the work, which is current while the task's code runs; baggage goes along."""
    with baggage.attached({"tenant": "acme"}):
        done = shop.add.delay(1, 2)
    assert 3 == done.get(timeout=PATIENCE_S)
    (sent,) = spans()
    processed, adding = worker.of(page, 2)
    assert ["page", [("send shop.add", [("process shop.add", ["adding"])])]] == [
        page.name,
        tree(page, [sent, processed, adding]),
    ]
    assert (SpanKind.PRODUCER, SpanKind.CONSUMER) == (sent.kind, processed.kind)
    common = {
        "messaging.system": "redis",
        "messaging.destination.name": "orders",
        "messaging.message.id": done.id,
        "celery.task_name": "shop.add",
    }
    assert sent.attributes == {
        **common,
        "messaging.operation.name": "send",
        "messaging.operation.type": "send",
    }
    assert processed.attributes == {
        **common,
        "messaging.operation.name": "process",
        "messaging.operation.type": "process",
        "celery.state": "SUCCESS",
    }
    assert "acme" == adding.attributes["tenant"]
    (point,) = points("messaging.client.operation.duration")
    assert point == {key: sent.attributes[key] for key in point}
    assert "messaging.message.id" not in point


def test_a_task_that_sends_another_continues_the_trace(worker, page):
    """What is sent from a worker lies below the task that sends it."""
    shop.order.delay("hunter2").get(timeout=PATIENCE_S)
    found = worker.of(page, 4)
    (root,) = [span for span in found if span.name == "process shop.order"]
    assert [("send shop.add", [("process shop.add", ["adding"])])] == tree(root, found)


def test_an_error_is_recorded_and_no_argument(worker, page, spans):
    """With its type and traceback; arguments leave with neither span."""
    with pytest.raises(ValueError):
        shop.fail.delay("hunter2").get(timeout=PATIENCE_S)
    (failed,) = worker.of(page, 1)
    assert (StatusCode.ERROR, "ValueError", "FAILURE") == (
        failed.status.code,
        failed.attributes["error.type"],
        failed.attributes["celery.state"],
    )
    (event,) = failed.events
    assert 'raise ValueError("out of stock")' in event.attributes["exception.stacktrace"]
    assert all(span.status.code is StatusCode.UNSET for span in spans())
    assert "hunter2" not in worker.path.read_text() + str([span.attributes for span in spans()])


def test_a_retry_is_no_error_and_continues_the_trace(worker, page):
    """The second attempt lies below the first one, and says which it is."""
    assert 1 == shop.again.delay().get(timeout=PATIENCE_S)
    first, sent, second = worker.of(page, 3)
    assert ("RETRY", StatusCode.UNSET) == (first.attributes["celery.state"], first.status.code)
    assert [first.context.span_id, sent.context.span_id] == [sent.parent.span_id, second.parent.span_id]
    assert ("SUCCESS", 1) == (second.attributes["celery.state"], second.attributes["celery.retries"])


@pytest.mark.parametrize(("task", "state"), [(shop.ignored, "IGNORED"), (shop.rejected, "REJECTED")])
def test_a_message_that_is_ignored_or_rejected_is_no_error(worker, page, task, state):
    """The span ends, and says how."""
    task.delay()
    (span,) = worker.of(page, 1)
    assert (state, StatusCode.UNSET) == (span.attributes["celery.state"], span.status.code)


def test_chains_groups_and_chords_are_one_trace(worker, page, spans):
    """Every task of them has its two spans."""
    assert 10 == chain(shop.add.s(1, 2), shop.add.s(7))().get(timeout=PATIENCE_S)
    assert [3, 7] == group(shop.add.s(1, 2), shop.add.s(3, 4))().get(timeout=PATIENCE_S)
    assert 10 == chord([shop.add.s(1, 2), shop.add.s(3, 4)])(shop.total.s()).get(timeout=PATIENCE_S)
    here = spans()
    found = [*here, *worker.of(page, 7 + 6 + 2)]
    ids = {span.context.span_id for span in found} | {page.context.span_id}
    assert all(span.parent.span_id in ids for span in found)
    assert (7, 7) == (
        sum(span.kind is SpanKind.PRODUCER for span in found),
        sum(span.kind is SpanKind.CONSUMER for span in found),
    )


def test_a_task_that_leaves_the_process_has_ended(worker, page):
    """SystemExit takes the process with it, and the span is an error."""
    with pytest.raises(WorkerLostError):
        shop.leave.delay().get(timeout=PATIENCE_S)
    (span,) = worker.of(page, 1)
    assert (StatusCode.ERROR, "SystemExit") == (span.status.code, span.attributes["error.type"])


def test_a_hard_time_limit_is_told_by_the_pool(worker, page):
    """The process was killed: its parent knows when the task began, and what became of it."""
    with pytest.raises(TimeLimitExceeded):
        shop.slow.apply_async((30,), time_limit=0.5).get(timeout=PATIENCE_S)
    (span,) = worker.of(page, 1)
    assert ("billiard.exceptions.TimeLimitExceeded", "FAILURE", SpanKind.CONSUMER) == (
        span.attributes["error.type"],
        span.attributes["celery.state"],
        span.kind,
    )
    assert 0.4e9 < span.end_ns - span.start_ns < 10e9


def test_a_soft_time_limit_is_an_error_of_the_task(worker, page):
    """The exception is raised in the task, and is not Celery's alone."""
    with pytest.raises(Exception, match="SoftTimeLimitExceeded"):
        shop.slow.apply_async((30,), soft_time_limit=1).get(timeout=PATIENCE_S)
    (span,) = worker.of(page, 1)
    assert "billiard.exceptions.SoftTimeLimitExceeded" == span.attributes["error.type"]


def test_a_revoked_task_is_told_whether_it_ran_or_not(worker, page):
    """One that was terminated has lasted; one that never began has not."""
    running = shop.slow.delay(30)
    end_s = time.monotonic() + PATIENCE_S
    while f"shop.slow[{running.id}]" not in worker.log():
        assert time.monotonic() < end_s
        time.sleep(0.05)
    # Received; that it runs, the pool alone knows.
    time.sleep(0.3)
    running.revoke(terminate=True)
    with pytest.raises(TaskRevokedError):
        running.get(timeout=PATIENCE_S)
    expired = shop.slow.apply_async((30,), expires=-1)
    with pytest.raises(TaskRevokedError):
        expired.get(timeout=PATIENCE_S)
    first, second = worker.of(page, 2)
    assert (running.id, "REVOKED") == (
        first.attributes["messaging.message.id"],
        first.attributes["celery.state"],
    )
    assert (expired.id, "REVOKED", StatusCode.UNSET) == (
        second.attributes["messaging.message.id"],
        second.attributes["celery.state"],
        second.status.code,
    )


def test_an_excluded_task_is_neither_recorded_nor_given_a_context(worker, page, spans):
    """On both sides, each by what it was told."""
    integration.instrument(excluded="shop.sil*")
    shop.silent.delay().get(timeout=PATIENCE_S)
    shop.add.delay(1, 2).get(timeout=PATIENCE_S)
    assert ["send shop.add"] == [span.name for span in spans()]
    assert {"process shop.add", "adding"} == {span.name for span in worker.of(page, 2)}
    assert "shop.silent" not in worker.path.read_text()


def test_nothing_is_recorded_or_sent_where_tracing_is_suppressed(worker, page, spans):
    """The task begins a trace of its own."""
    with trace.suppressed():
        done = shop.add.delay(1, 2)
    done.get(timeout=PATIENCE_S)
    (span,) = [
        span
        for span in worker.until(lambda found: any(done.id in str(span.attributes) for span in found))
        if done.id in str(span.attributes)
    ]
    assert (None, []) == (span.parent, spans())


def test_a_broker_that_is_away_is_an_error_of_the_sender(page, spans):
    """The exception is kombu's own, and the span says it."""
    away = type(shop.app)("away", broker="redis://:hunter2@127.0.0.1:1/0", set_as_current=False)
    away.conf.update(task_publish_retry=False, broker_transport_options={"max_retries": 0})
    with pytest.raises(OperationalError):
        away.send_task("shop.add", (1, 2), ignore_result=True)
    (sent,) = spans()
    assert ("send shop.add", StatusCode.ERROR) == (sent.name, sent.status.code)
    assert "hunter2" not in str(sent.attributes) + str([dict(event.attributes) for event in sent.events])


def test_an_eager_task_is_one_span_below_the_current(page, spans):
    """Nothing is sent."""
    shop.app.conf.task_always_eager = True
    shop.add.delay(1, 2).get()
    with pytest.raises(ValueError):
        shop.fail.apply(("x",)).get()
    assert [("process shop.add", ["adding"]), "process shop.fail"] == tree(page, spans())


def test_hooks_get_celerys_own_objects(worker, page, spans):
    """The headers of the message; the task, and what it returned."""
    seen = []
    integration.instrument(
        send_hook=lambda span, headers: span.set_attribute("origin", headers["origin"]),
        request_hook=lambda span, task: seen.append((span.name, task.name)),
        response_hook=lambda span, task, result: seen.append((task.name, result)),
    )
    shop.add.delay(1, 2).get(timeout=PATIENCE_S)
    shop.add.apply((1, 2))
    sent = spans()[0]
    assert f"@{os.uname().nodename}" in sent.attributes["origin"]
    assert [("process shop.add", "shop.add"), ("shop.add", 3)] == seen


@pytest.mark.parametrize("pool", ["threads", "solo"])
def test_other_pools_record_the_same(tmp_path, page, pool):
    """Threads, and the worker's own process."""
    with working(tmp_path, "-P", pool, database=6) as worker:
        url = f"redis://127.0.0.1:{os.environ['MIDSPAN_TEST_REDIS']}/6"
        other = type(shop.app)("other", broker=url, backend=url, set_as_current=False)
        other.conf.task_default_queue = "orders"
        assert 3 == other.send_task("shop.add", (1, 2)).get(timeout=PATIENCE_S)
        with pytest.raises(ValueError):
            other.send_task("shop.fail", ("x",)).get(timeout=PATIENCE_S)
        found = worker.of(page, 3)
    assert ["process shop.add", "adding", "process shop.fail"] == [span.name for span in found]


def test_what_celery_asks_of_redis_is_not_recorded(worker, page, spans):
    """Not by the integration of redis either, which records what the application asks."""
    redis_integration.instrument()
    try:
        app = type(shop.app)("mine", broker=shop.url, backend=shop.url, set_as_current=False)
        app.conf.task_default_queue = "orders"
        app.send_task("shop.silent", ignore_result=True)
        with redis.Redis(port=int(os.environ["MIDSPAN_TEST_REDIS"])) as client:
            client.get("session")
    finally:
        redis_integration.uninstrument()
    assert ["send shop.silent", "GET"] == [span.name for span in spans()]


def test_uninstrument_restores_what_was_there(worker, page, spans):
    """Celery has its own function again, its signals have one receiver less, and nothing is recorded."""
    from celery import signals
    from celery.app.base import Celery

    integration.instrument()
    wrapped = Celery.send_task
    integration.uninstrument()
    assert wrapped.__wrapped__ is Celery.send_task
    assert [] == [receiver for receiver in signals.task_prerun.receivers if "midspan" in str(receiver)]
    shop.add.delay(1, 2).get(timeout=PATIENCE_S)
    assert [] == spans()


def test_a_message_of_odd_headers_is_run(worker):
    """What nobody can read is no trace, and no harm."""
    done = shop.add.apply_async((1, 2), headers={"traceparent": [1], "baggage": {"a": 1}, "tracestate": 7})
    assert 3 == done.get(timeout=PATIENCE_S)
