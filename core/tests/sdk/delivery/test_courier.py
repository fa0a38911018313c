from __future__ import annotations

import os
import sqlite3
import threading
import time

import pytest

from midspan import _trouble, delivery
from midspan.delivery import Verdict
from midspan.sdk import DeliverySettings, SpillSettings
from midspan.sdk._courier import Courier
from midspan.sdk._outbox import Parcel
from midspan.sdk._spill import Spill

QUICK = DeliverySettings(first_pause_s=0.001, longest_pause_s=0.002, longest_told_s=0.01)


class Carrier:
    """An exporter whose backend answers as a test says, and takes everything after that."""

    name = "carrier"

    def __init__(self, *answers):
        self.answers = list(answers)
        self.sent = []
        self.times = []
        self.closed = 0
        self.open = threading.Event()
        self.open.set()

    def encode_spans(self, spans):
        return b",".join(spans)

    def send(self, signal, body, timeout_s):
        self.times.append(time.monotonic())
        if not self.open.wait(timeout_s):
            return delivery.retry("no answer")
        answer = self.answers.pop(0) if self.answers else delivery.accepted()
        if isinstance(answer, BaseException):
            raise answer
        if answer.verdict is Verdict.ACCEPTED:
            self.sent.append(body)
        return answer

    def shutdown(self, timeout_s):
        self.closed += 1


class Halving(Carrier):
    """One that can cut a body again."""

    def halve(self, signal, body):
        items = body.split(b",")
        middle = len(items) // 2
        return [(b",".join(part), len(part)) for part in (items[:middle], items[middle:]) if middle]


def soon():
    """Return a deadline that nobody should need."""
    return time.monotonic() + 5


def stats(courier):
    """Return the account of spans; nothing is queued before it is encoded here."""
    return courier.accounts["spans"].stats(0)


@pytest.fixture
def make():
    """Return a function that makes a courier, which is closed when the test ends."""
    made = []

    def maker(carrier, settings=QUICK, spill=None):
        courier = Courier(carrier, settings, request_timeout_s=10, spill=spill)
        made.append((courier, carrier))
        return courier

    yield maker
    for courier, carrier in made:
        carrier.open.set()
        courier.close(soon())


def test_parcels_arrive_in_their_order(make):
    """What is handed over first is sent first, and counted when it has been taken."""
    courier = make(carrier := Carrier())
    for number in range(10):
        courier.hand_over("spans", [b"%d" % number, b"x"])
    assert courier.flush(soon())
    assert [b"%d,x" % number for number in range(10)] == carrier.sent
    assert (20, 20, 0, {}, 30) == (*stats(courier)[:4], stats(courier).sent_bytes)


def test_what_may_help_is_tried_again(make):
    """A backend that is away for a while gets everything, in order, and each attempt is counted."""
    away = [delivery.retry("HTTP 503")] * 3 + [ConnectionRefusedError("refused")]
    courier = make(carrier := Carrier(*away))
    courier.hand_over("spans", [b"a"])
    courier.hand_over("spans", [b"b"])
    assert courier.flush(soon())
    assert ([b"a", b"b"], 4) == (carrier.sent, stats(courier).retried)


def test_what_cannot_help_is_not(make):
    """A refusal is final: counted under its reason, said once, and the next parcel follows."""
    courier = make(carrier := Carrier(delivery.refused("HTTP 400"), ValueError("odd")))
    for body in (b"a", b"b", b"c"):
        courier.hand_over("spans", [body])
    courier.flush(soon())
    assert ([b"c"], {"refused": 2}, 0) == (carrier.sent, stats(courier).dropped, stats(courier).retried)
    assert 2 == _trouble.counts()["delivery.carrier.refused"]


@pytest.mark.parametrize("raised", [SystemExit(), KeyboardInterrupt(), MemoryError()])
def test_nothing_that_an_exporter_raises_ends_the_thread(make, raised):
    """Only the parcel at hand is lost."""
    courier = make(carrier := Carrier(raised))
    courier.hand_over("spans", [b"a"])
    courier.hand_over("spans", [b"b"])
    courier.flush(soon())
    assert ([b"b"], {"refused": 1}) == (carrier.sent, stats(courier).dropped)


def test_an_answer_that_is_none_counts_as_a_refusal(make):
    """An exporter that forgets to say what became of a body has not said that it arrived."""
    carrier = Carrier()
    carrier.send = lambda signal, body, timeout_s: None
    courier = make(carrier)
    courier.hand_over("spans", [b"a"])
    courier.flush(soon())
    assert {"refused": 1} == stats(courier).dropped


def test_what_a_backend_rejects_of_a_batch_is_counted(make):
    """A partial success is a success, less what was rejected; it is never sent again."""
    courier = make(carrier := Carrier(delivery.accepted(rejected=2, message="too old")))
    courier.hand_over("spans", [b"a", b"b", b"c"])
    courier.flush(soon())
    assert (1, {"rejected": 2}, 1) == (stats(courier).exported, stats(courier).dropped, len(carrier.times))
    assert 1 == _trouble.counts()["delivery.carrier.accepted"]


def test_what_is_too_large_for_a_backend_is_cut(make):
    """Halves of halves, until each is taken; they keep their place in the order."""
    too_large = delivery.too_large("HTTP 413")
    courier = make(carrier := Halving(too_large, too_large))
    courier.hand_over("spans", [b"a", b"b", b"c", b"d"])
    courier.hand_over("spans", [b"e"])
    assert courier.flush(soon())
    assert [b"a", b"b", b"c,d", b"e"] == carrier.sent
    assert (5, 5, {}) == (stats(courier).accepted, stats(courier).exported, stats(courier).dropped)


@pytest.mark.parametrize("carrier", [Halving, Carrier])
def test_what_cannot_be_cut_is_dropped(make, carrier):
    """One item that is too large, or an exporter that does not know how to cut, loses it, counted."""
    courier = make(carrier(delivery.too_large("HTTP 413")))
    courier.hand_over("spans", [b"a"])
    courier.hand_over("spans", [b"b"])
    courier.flush(soon())
    assert (1, {"too_large": 1}) == (stats(courier).exported, stats(courier).dropped)


def test_a_body_beyond_the_carriers_limit_is_encoded_in_halves(make):
    """No request is larger than the exporter says; one item that is too large alone is dropped."""
    carrier = Carrier()
    carrier.max_bytes = 5
    courier = make(carrier)
    courier.hand_over("spans", [b"aa", b"bb", b"cccccc", b"dd", b"ee"])
    courier.flush(soon())
    assert [b"aa,bb", b"dd,ee"] == carrier.sent
    assert (4, {"too_large": 1}) == (stats(courier).exported, stats(courier).dropped)


def test_what_cannot_be_encoded_is_counted(make):
    """An exporter that raises while it encodes, or packs, loses that batch and no other."""
    courier = make(carrier := Carrier())
    courier.hand_over("spans", [b"a", None])
    courier.hand_over("spans", [b"b"])
    carrier.pack = lambda signal, body: body.decode("ascii").encode()
    courier.hand_over("spans", [b"\xff"])
    courier.hand_over("spans", [b"c"])
    courier.flush(soon())
    assert ([b"b", b"c"], {"encode_failed": 3}) == (carrier.sent, stats(courier).dropped)


def test_a_parcel_is_given_up_when_its_time_is_over(make):
    """After the retry budget it is dropped, counted, and the next one has a budget of its own."""
    courier = make(carrier := Carrier(*[delivery.retry("away")] * 4), QUICK._replace(budget_s=0.0))
    courier.hand_over("spans", [b"a"])
    courier.flush(soon())
    assert ([], {"retry_budget": 1}) == (carrier.sent, stats(courier).dropped)


def test_a_pause_that_a_backend_asks_for_is_kept(make):
    """Nothing is sent before it is over."""
    patient = QUICK._replace(longest_told_s=0.2)
    courier = make(carrier := Carrier(delivery.retry("busy", after_s=100)), patient)
    courier.hand_over("spans", [b"a"])
    courier.hand_over("spans", [b"b"])
    while len(carrier.sent) < 2:
        time.sleep(0.001)
    assert carrier.times[1] - carrier.times[0] >= 0.2


def test_memory_is_bounded(make):
    """What finds no room is dropped, counted; what was there before is kept."""
    carrier = Carrier()
    carrier.open.clear()
    courier = make(carrier, QUICK._replace(max_bytes=10))
    for _ in range(5):
        courier.hand_over("spans", [b"12345678"])
    assert (3, {"outbox_full": 3}) == (stats(courier).dropped["outbox_full"], stats(courier).dropped)
    assert not courier.has_room
    carrier.open.set()
    courier.flush(soon())
    assert 2 == stats(courier).exported


def test_a_flush_is_bounded_and_true(make):
    """While a backend hangs the answer is False in time; once it has taken all, True."""
    carrier = Carrier()
    carrier.open.clear()
    courier = make(carrier)
    courier.hand_over("spans", [b"a"])
    began = time.monotonic()
    assert not courier.flush(time.monotonic() + 0.1)
    assert 0.1 <= time.monotonic() - began < 0.6
    carrier.open.set()
    assert courier.flush(soon())


def test_closing_does_not_wait_for_a_backend_that_is_not_there(make):
    """Two attempts, then the rest is dropped, counted: a program without its collector ends all the same."""
    courier = make(carrier := Carrier(*[ConnectionRefusedError()] * 100))
    for _ in range(10):
        courier.hand_over("spans", [b"a"])
    began = time.monotonic()
    assert not courier.close(began + 5)
    assert time.monotonic() - began < 2
    assert ({"shutdown": 10}, 1) == (stats(courier).dropped, carrier.closed)


def test_closing_keeps_its_deadline_while_a_backend_hangs(make):
    """What is on its way counts as lost, even if it arrives after all."""
    carrier = Carrier()
    carrier.open.clear()
    courier = make(carrier)
    courier.hand_over("spans", [b"a"])
    began = time.monotonic()
    assert not courier.close(began + 0.2)
    assert time.monotonic() - began < 0.7
    assert (1, 0, {"shutdown": 1}) == (stats(courier).accepted, stats(courier).queued, stats(courier).dropped)


def test_what_becomes_of_an_attempt_that_was_given_up_is_no_news(make):
    """When it fails at last, after the end, nobody is told once more."""
    carrier = Carrier(delivery.retry("away"))
    carrier.open.clear()
    courier = make(carrier)
    courier.hand_over("spans", [b"a"])
    while not carrier.times:
        time.sleep(0.001)
    assert not courier.close(time.monotonic() + 0.1)
    told = _trouble.counts()
    carrier.open.set()
    deadline = soon()
    while not carrier.closed and time.monotonic() < deadline:
        time.sleep(0.001)
    assert (1, told, {"shutdown": 1}) == (carrier.closed, _trouble.counts(), stats(courier).dropped)


def test_a_child_begins_with_nothing(make):
    """What waited in the parent is the parent's to send."""
    carrier = Carrier()
    carrier.open.clear()
    courier = make(carrier)
    courier.hand_over("spans", [b"parent"])
    child = os.fork()
    if not child:
        courier.after_fork()
        carrier.open = threading.Event()
        carrier.open.set()
        courier.hand_over("spans", [b"child"])
        done = courier.flush(soon())
        os._exit(0 if done and carrier.sent == [b"child"] and stats(courier).accepted == 1 else 1)
    assert 0 == os.waitpid(child, 0)[1]
    carrier.open.set()
    assert courier.flush(soon())
    assert [b"parent"] == carrier.sent


def test_what_memory_cannot_hold_goes_to_disk_and_arrives_in_order(make, tmp_path):
    """While a backend is away nothing is lost; when it is back, the oldest comes first."""
    carrier = Carrier()
    carrier.open.clear()
    courier = make(carrier, QUICK._replace(max_bytes=20), Spill(SpillSettings(str(tmp_path)), "carrier"))
    for number in range(20):
        courier.hand_over("spans", [b"%09d" % number])
    assert 17 <= stats(courier).spilled <= 18
    assert 20 == stats(courier).accepted
    carrier.open.set()
    while stats(courier).exported < 20:
        courier.flush(soon())
    assert [b"%09d" % number for number in range(20)] == carrier.sent
    assert (0, 0, {}) == (stats(courier).spilled, stats(courier).queued, stats(courier).dropped)


def test_what_a_backend_does_not_take_goes_to_disk_at_once(make, tmp_path):
    """After the first attempt that failed a killed process loses nothing that was handed over."""
    courier = make(Carrier(*[delivery.retry("away")] * 1_000), spill=Spill(SpillSettings(str(tmp_path)), "x"))
    for number in range(5):
        courier.hand_over("spans", [b"%d" % number])
    deadline = soon()
    reader = Spill(SpillSettings(str(tmp_path)), "x", lambda: time.time() + 1_000)
    found = []
    while len(found) < 5 and time.monotonic() < deadline:
        reader.holds_any = True
        taken = reader.take()
        found += [taken.body] if taken else []
    reader.close()
    assert [b"0", b"1", b"2", b"3", b"4"] == sorted(set(found))


def test_what_cannot_be_sent_at_the_end_is_there_at_the_next_start(make, tmp_path):
    """With a folder nothing is dropped at shutdown, and the next process sends it."""
    settings = SpillSettings(str(tmp_path))
    first = make(Carrier(*[ConnectionRefusedError()] * 100), spill=Spill(settings, "carrier"))
    for number in range(5):
        first.hand_over("spans", [b"%d" % number])
    assert not first.close(soon())
    assert (5, {}) == (stats(first).spilled, stats(first).dropped)
    second = make(carrier := Carrier(), spill=Spill(settings, "carrier"))
    second.start()
    while len(carrier.sent) < 5:
        time.sleep(0.001)
    assert [b"0", b"1", b"2", b"3", b"4"] == carrier.sent
    second.flush(soon())
    assert (5, 5, 0) == (stats(second).accepted, stats(second).exported, stats(second).spilled)


def test_what_finds_no_room_on_disk_stays_in_memory(make, tmp_path):
    """A full disk is no loss as long as there is room elsewhere."""
    small = Spill(SpillSettings(str(tmp_path), max_bytes=100_000), "carrier")
    carrier = Carrier(*[ConnectionRefusedError()] * 3)
    courier = make(carrier, spill=small)
    bodies = [os.urandom(20_000).replace(b",", b"") for _ in range(20)]
    for body in bodies:
        courier.hand_over("spans", [body])
    assert courier.flush(soon())
    account = stats(courier)
    assert (20, 20, 0, {}) == (account.accepted, account.exported, account.spilled, account.dropped)
    assert set(bodies) == set(carrier.sent)


def test_what_becomes_too_old_on_disk_is_counted(make, tmp_path):
    """It is dropped for that reason, and no longer said to lie there."""
    spill = Spill(SpillSettings(str(tmp_path), max_age_s=0.05), "carrier")
    away = [delivery.retry("away", after_s=0.2)] * 2
    courier = make(carrier := Carrier(*away), QUICK._replace(longest_told_s=0.2), spill)
    courier.hand_over("spans", [b"a", b"b"])
    courier.flush(soon())
    account = stats(courier)
    assert (2, 0, {"expired": 2}, []) == (account.accepted, account.spilled, account.dropped, carrier.sent)


def test_what_lay_in_a_file_that_broke_is_counted(make, tmp_path):
    """The file is put aside, and with it what was in it."""
    carrier = Carrier()
    carrier.open.clear()
    spill = Spill(SpillSettings(str(tmp_path)), "carrier")
    courier = make(carrier, QUICK._replace(max_bytes=5), spill)
    for _ in range(5):
        courier.hand_over("spans", [b"12345678"])
    assert 4 == stats(courier).spilled
    for path in tmp_path.iterdir():
        path.write_bytes(b"junk" * 5_000)
    carrier.open.set()
    courier.flush(soon())
    account = stats(courier)
    assert (5, 1, 0, {"spill_lost": 4}) == (
        account.accepted,
        account.exported,
        account.spilled,
        account.dropped,
    )


def test_a_disk_that_another_process_keeps_is_asked_again(make, tmp_path):
    """What lies there is not forgotten meanwhile: a flush says so, and the next one sends it."""
    settings = SpillSettings(str(tmp_path))
    left = Spill(settings, "carrier")
    left.put(Parcel("spans", b"a", 1))
    left.close()
    other = sqlite3.connect(tmp_path / "midspan-spill.sqlite3", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    courier = make(carrier := Carrier(), spill=Spill(settings, "carrier"))
    assert not courier.flush(time.monotonic() + 1.2)
    other.close()
    assert courier.flush(soon())
    assert [b"a"] == carrier.sent


def test_a_wish_of_the_backend_outlasts_a_flush(make):
    """Who flushes may not hurry a backend that asked to be left alone; closing is another matter."""
    patient = QUICK._replace(longest_told_s=60)
    courier = make(carrier := Carrier(delivery.retry("busy", after_s=60)), patient)
    courier.hand_over("spans", [b"a"])
    while not carrier.times:
        time.sleep(0.001)
    assert not courier.flush(time.monotonic() + 0.2)
    assert 1 == len(carrier.times)
    assert courier.close(soon())
    assert [b"a"] == carrier.sent


def without_threads(monkeypatch):
    """Let no thread be started any more, as when an interpreter shuts down."""

    def refuse(*_):
        message = "can't create new thread at interpreter shutdown"
        raise RuntimeError(message)

    monkeypatch.setattr("midspan.sdk._worker.start_thread", refuse)


def test_where_no_thread_can_be_had_whoever_closes_sends(monkeypatch):
    """From Python 3.12 on, a program whose first span ends at its exit has no other way."""
    without_threads(monkeypatch)
    courier = Courier(carrier := Carrier(), QUICK, request_timeout_s=10)
    courier.hand_over("spans", [b"a"])
    assert courier.close(soon())
    assert ([b"a"], 1) == (carrier.sent, carrier.closed)


def test_where_no_thread_can_be_had_a_dead_backend_costs_two_attempts(monkeypatch):
    """An exit does not use up all of its time for a collector that is not there."""
    without_threads(monkeypatch)
    courier = Courier(Carrier(*[ConnectionRefusedError()] * 1_000), QUICK, request_timeout_s=10)
    courier.hand_over("spans", [b"a"])
    began = time.monotonic()
    assert not courier.close(began + 5)
    assert time.monotonic() - began < 2
    assert {"shutdown": 1} == stats(courier).dropped


def test_a_keyboard_interrupt_of_who_flushes_is_his(monkeypatch):
    """Sending in his thread, it goes through, and what was being sent is kept."""
    without_threads(monkeypatch)
    courier = Courier(carrier := Carrier(KeyboardInterrupt()), QUICK, request_timeout_s=10)
    courier.hand_over("spans", [b"a"])
    with pytest.raises(KeyboardInterrupt):
        courier.flush(soon())
    assert (1, {}) == (stats(courier).queued, stats(courier).dropped)
    assert courier.close(soon())
    assert [b"a"] == carrier.sent
