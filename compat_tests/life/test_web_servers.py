"""Web servers fork, load applications early or late, and end as they like: every request is one trace."""

from __future__ import annotations

import signal

import pytest

from compat_tests.life._servers import WEB, Run, web

pytestmark = [pytest.mark.slow, pytest.mark.server]
REQUESTS = 200
# With it, nothing is left to chance where a server ends by the signal itself.
FLUSHING = {"MIDSPAN_FLUSH_ON_SIGTERM": "true"}


def held(run: Run) -> Run:
    """Fail, and show what the server said, unless each request arrived once, and from its own worker."""
    assert run.account.is_exact, f"{run.account}\n{run.log}"
    return run


@pytest.mark.parametrize(
    "name",
    [
        "gunicorn",
        "gunicorn, preload",
        "gunicorn, gevent, preload",
        "uWSGI",
        "uWSGI, lazy-apps",
        "uWSGI, fork hooks",
    ],
)
def test_every_request_is_one_trace(name):
    """None is lost, none comes twice, no ids clash, and no worker passes for another or for its master."""
    held(web(WEB[name], REQUESTS))


@pytest.mark.parametrize("name", ["gunicorn, max-requests 80", "uWSGI, max-requests 80"])
def test_workers_may_come_and_go(name):
    """A server that replaces its workers now and then loses nothing that the old ones made."""
    assert held(web(WEB[name], REQUESTS)).account.instances > 2


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGQUIT])
def test_gunicorn_may_be_ended_quickly(number):
    """A quick end leaves workers the time that they need."""
    held(web(WEB["gunicorn"], REQUESTS, end=number))


@pytest.mark.parametrize(("name", "code"), [("uvicorn", -signal.SIGTERM), ("uvicorn, 2 workers", 0)])
def test_uvicorn_ends_by_the_signal_that_it_was_sent(name, code):
    """It sends itself SIGTERM once more when all is done: with `flush_on_sigterm` nothing is lost by that."""
    assert code == held(web(WEB[name], REQUESTS, variables=FLUSHING)).code


def test_uvicorn_loses_what_waits_without_it():
    """That is why the documents say so; and that the counting counts."""
    account = web(WEB["uvicorn"], 50).account
    assert (50, False) == (account.lost, account.is_exact)


def test_gunicorn_and_a_handler_for_sigterm():
    """gunicorn's own handlers still run: workers end in order."""
    assert 0 == held(web(WEB["gunicorn, preload"], REQUESTS, variables=FLUSHING)).code
