"""The short rows of delivery, and the collector that all rows need."""

from __future__ import annotations

import http.client
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from compat_tests.faults._arrivals import figure, figures
from compat_tests.faults._collector import Collector, Reply, free_port
from compat_tests.faults._figures import QUICK, table
from compat_tests.faults.scenarios import delivery, spilling

if TYPE_CHECKING:
    from compat_tests.faults._figures import Figures


def held(found: Figures) -> None:
    """Fail, and show the table, if something did not hold."""
    assert found
    assert all(each.holds for each in found), table([("delivery", found)])


def test_what_is_final_is_counted_and_not_sent_again():
    """400, 500, a partial success: one request, an exact account, a line that says so."""
    held(figures(QUICK, delivery._final()))


def test_what_is_too_large_arrives_in_parts():
    """A batch beyond the collector's limit is cut; one span that is too large alone is lost alone."""
    held(figures(QUICK, delivery._too_large()))


def test_a_redirect_is_not_followed():
    """Nobody else ever sees the spans, nor the credentials that go with them."""
    held([delivery._redirect(QUICK)])


def test_an_answer_that_swells_does_not_fill_the_memory():
    """128 MiB of zeros, compressed: 4 MiB of them are read."""
    held([figure(QUICK, delivery._bomb())])


def test_what_is_on_disk_outlives_a_kill(tmp_path):
    """SIGKILL, a restart, and all that was on disk arrives."""
    held(spilling._killed(QUICK, tmp_path / "killed"))


@pytest.mark.slow
def test_neighbours_share_a_folder(tmp_path):
    """Two processes with one folder send everything, and nothing twice."""
    held(spilling._neighbours(Path(tmp_path, "shared")))


def posted(collector: Collector) -> tuple[int, bytes, float]:
    """Send an empty request; return the answer's status and body, and its seconds."""
    began_s = time.monotonic()
    connection = http.client.HTTPConnection(collector.endpoint.removeprefix("http://"), timeout=5)
    try:
        connection.request("POST", "/v1/traces", b"")
        answer = connection.getresponse()
        return answer.status, answer.read(), time.monotonic() - began_s
    finally:
        connection.close()


def test_a_collector_comes_up_where_nobody_listened():
    """Refused before, taken after, on the same port."""
    collector = Collector(port=free_port())
    with pytest.raises(ConnectionRefusedError):
        posted(collector)
    with collector:
        assert posted(collector)[0] == 200
    with pytest.raises(ConnectionRefusedError):
        posted(collector)


def test_a_collector_is_as_slow_as_it_was_told():
    """It waits before its answer, or between each two bytes of it."""
    with Collector(reply=lambda _: Reply(delay_s=0.2)) as collector:
        assert posted(collector)[2] >= 0.2
    with Collector(reply=lambda _: Reply(body=b"abc", drip_s=0.1)) as collector:
        _, body, took_s = posted(collector)
        assert body == b"abc"
        assert took_s >= 0.2


def test_a_collector_keeps_only_what_it_takes():
    """What it answers with an error is not counted as arrived."""
    with Collector(reply=lambda _: Reply(503)) as collector:
        assert posted(collector)[0] == 503
        assert collector.requests == 1
        assert not collector.spans
