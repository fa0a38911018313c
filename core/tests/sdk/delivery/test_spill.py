from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from midspan import _trouble
from midspan.sdk import SpillSettings
from midspan.sdk._outbox import Parcel
from midspan.sdk._spill import Spill


class Clock:
    """Seconds since the epoch, as a test wants them."""

    def __init__(self) -> None:
        self.now_s = 1_000_000.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock():
    """Return a clock that a test moves."""
    return Clock()


@pytest.fixture
def make(tmp_path, clock):
    """Return a function that opens the folder as another process would."""
    opened = []

    def opener(exporter="otlp", **settings):
        spill = Spill(SpillSettings(str(tmp_path / "spill"), **settings), exporter, clock)
        opened.append(spill)
        return spill

    yield opener
    for spill in opened:
        spill.close()


def parcel(body=b"body", count=3, signal="spans"):
    """Return a parcel with whatever a test does not care about."""
    return Parcel(signal, body, count)


def locked(tmp_path, **options):
    """Write to the folder's file until what is returned is closed, as another process may."""
    file = tmp_path / "spill" / "midspan-spill.sqlite3"
    other = sqlite3.connect(file, isolation_level=None, **options)
    other.execute("BEGIN IMMEDIATE")
    return other


def test_what_is_put_is_taken_in_its_order(make, clock):
    """The oldest comes first, with all that is known of it; then there is nothing more."""
    spill = make()
    for number in range(3):
        assert spill.put(parcel(b"%d" % number, number + 1, "metrics"))
        clock.now_s += 1
    taken = [spill.take() for _ in range(4)]
    assert [("metrics", b"0", 1), ("metrics", b"1", 2), ("metrics", b"2", 3)] == [
        (each.signal, each.body, each.count) for each in taken[:3]
    ]
    assert (None, False) == (taken[3], spill.holds_any)


def test_a_new_process_finds_what_an_earlier_one_left(make):
    """Whoever opens the folder next knows that there is something, and takes it."""
    make().put(parcel(b"left"))
    spill = make()
    assert spill.holds_any
    assert b"left" == spill.take().body


def test_two_processes_never_take_the_same(make, clock):
    """What one has taken, the other does not see, unless the first is silent for long."""
    one, other = make(), make()
    one.put(parcel())
    taken = one.take()
    other.holds_any = True
    assert other.take() is None
    clock.now_s += 100
    one.hold(taken)
    clock.now_s += 100
    other.holds_any = True
    assert other.take() is None
    clock.now_s += 200
    other.holds_any = True
    assert taken.key == other.take().key


def test_what_a_dead_process_holds_is_free(make):
    """Nobody waits for a process that is no more; one that lives is waited for."""
    spill = make()
    spill.put(parcel())
    child = os.fork()
    if not child:
        spill.after_fork()
        os._exit(0 if spill.take() is not None else 1)
    assert 0 == os.waitpid(child, 0)[1]
    assert spill.take() is not None
    spill.holds_any = True
    assert spill.take() is None


def test_what_is_released_can_be_taken_at_once(make):
    """Who gives up leaves the parcel to the others."""
    spill = make()
    spill.put(parcel())
    spill.release(spill.take())
    assert spill.take() is not None


def test_what_has_arrived_is_gone(make, clock):
    """It is deleted, not only held."""
    spill = make()
    spill.put(parcel())
    spill.remove(spill.take())
    clock.now_s += 10_000
    assert make().take() is None


def test_each_exporter_takes_its_own(make):
    """A body is of use to whoever encoded it, and to no other."""
    make("otlp").put(parcel(b"otlp"))
    make("zipkin").put(parcel(b"zipkin"))
    assert b"zipkin" == make("zipkin").take().body


def test_only_the_owner_may_read(make, tmp_path):
    """The folder and all files in it are closed to everybody else."""
    make().put(parcel())
    folder = tmp_path / "spill"
    modes = {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}
    assert ({0o600}, 0o700) == (modes, stat.S_IMODE(folder.stat().st_mode))


def test_what_is_too_old_is_dropped_and_said(make, clock):
    """Age has a limit; what passes it is counted."""
    spill = make(max_age_s=60)
    spill.put(parcel())
    clock.now_s += 61
    assert spill.take() is None
    assert 1 == _trouble.counts()["spill.expired"]


def test_a_full_disk_refuses_and_is_said(make):
    """Beyond its size nothing is written; once something has gone there is room again."""
    spill = make(max_bytes=200_000)
    took = 0
    while spill.put(parcel(os.urandom(20_000))):
        took += 1
    assert 5 < took < 10
    assert (False, 1) == (spill.has_room, _trouble.counts()["spill.full"])
    spill.remove(spill.take())
    assert spill.has_room
    assert spill.put(parcel(os.urandom(15_000)))


@pytest.mark.parametrize("junk", [b"junk" * 5_000, b""], ids=["not a database", "empty"])
def test_a_file_that_is_no_database_is_put_aside(make, tmp_path, junk):
    """The pipeline goes on with a new file, and the old one is kept for who wants to look at it."""
    folder = tmp_path / "spill"
    folder.mkdir()
    (folder / "midspan-spill.sqlite3").write_bytes(junk)
    spill = make()
    assert [bool(not junk), True] == [spill.put(parcel()), spill.put(parcel())]
    aside = folder / "midspan-spill.sqlite3.corrupt"
    assert junk == (aside.read_bytes() if junk else b"")


def test_a_truncated_file_costs_what_was_in_it(make, tmp_path, clock):
    """Half a file is no use; new parcels are kept all the same."""
    spill = make()
    for _ in range(50):
        spill.put(parcel(os.urandom(5_000)))
    spill.close()
    path = tmp_path / "spill" / "midspan-spill.sqlite3"
    for name in ("-wal", "-shm"):
        Path(f"{path}{name}").unlink(missing_ok=True)
    os.truncate(path, path.stat().st_size // 3)
    again = make()
    while again.take() is not None:
        pass
    clock.now_s += 60
    assert again.put(parcel()) or again.put(parcel())
    assert _trouble.counts()["spill.failed"] >= 1


def test_a_folder_that_cannot_be_made_is_said_and_left_alone(make, tmp_path, clock):
    """Nothing is kept, nothing raises, and the disk is not asked again for a while."""
    (tmp_path / "spill").write_text("a file stands where the folder should be")
    spill = make()
    assert not spill.put(parcel())
    assert not spill.put(parcel())
    (tmp_path / "spill").unlink()
    assert not spill.put(parcel())
    clock.now_s += 60
    assert spill.put(parcel())


def test_a_child_has_a_connection_of_its_own(make):
    """After a fork both go on, and each finds what the other has put."""
    spill = make()
    spill.put(parcel(b"parent"))
    child = os.fork()
    if not child:
        spill.after_fork()
        taken = spill.take()
        spill.remove(taken)
        os._exit(0 if taken.body == b"parent" and spill.put(parcel(b"child")) else 1)
    assert 0 == os.waitpid(child, 0)[1]
    spill.holds_any = True
    assert b"child" == spill.take().body


def test_what_was_put_survives_a_kill(tmp_path):
    """SIGKILL in the middle of everything loses nothing that `put` has confirmed."""
    code = f"""
import os, signal
from midspan.sdk._outbox import Parcel
from midspan.sdk._spill import Spill
from midspan.sdk import SpillSettings
spill = Spill(SpillSettings({str(tmp_path)!r}), "otlp")
for number in range(100):
    assert spill.put(Parcel("spans", b"%d" % number, 1))
os.kill(os.getpid(), signal.SIGKILL)
"""
    killed = subprocess.run([sys.executable, "-c", code], check=False)
    assert -9 == killed.returncode
    spill = Spill(SpillSettings(str(tmp_path)), "otlp")
    taken = []
    while (found := spill.take()) is not None:
        taken.append(int(found.body))
    spill.close()
    assert list(range(100)) == taken


def test_what_another_process_leaves_is_found_later(make, clock):
    """Who has nothing on disk looks again after a minute: the other may be gone for good."""
    one, other = make(), make()
    assert one.take() is None
    other.put(parcel(b"left"))
    assert one.take() is None
    clock.now_s += 61
    assert b"left" == one.take().body


def test_what_is_put_during_a_look_is_not_forgotten(make):
    """One thread puts, another takes; whatever the order of their steps, nothing is left behind."""
    spill = make()
    putting = threading.Thread(target=lambda: [spill.put(parcel()) for _ in range(300)])
    putting.start()
    taken = 0
    while putting.is_alive() or spill.holds_any:
        taken += spill.take() is not None
    assert 300 == taken


def test_what_another_machine_holds_is_left_to_it(make, clock):
    """The number of a process says nothing beyond its own machine, or container."""
    one, other = make(), make()
    one._holder = "elsewhere:999999999:0"
    one.put(parcel())
    assert one.take() is not None
    other.holds_any = True
    assert other.take() is None
    clock.now_s += 121
    assert other.take() is not None


def test_a_new_file_that_another_process_has_begun_is_not_put_aside(make, tmp_path):
    """Two that find the same file broken replace it once; what the first has put there since stays."""
    path = tmp_path / "spill" / "midspan-spill.sqlite3"
    one, other = make(), make()
    for spill in (one, other):
        assert spill.put(parcel())
    for name in path.parent.iterdir():
        name.write_bytes(b"junk" * 5_000)
    while not one.put(parcel(b"new")):
        pass
    while not other.put(parcel()):
        pass
    third = make()
    assert b"new" == third.take().body
    assert (path.parent / "midspan-spill.sqlite3.corrupt").exists()


def test_a_clock_that_is_set_back_does_not_keep_the_disk_closed(make, clock, tmp_path):
    """A file is left alone for half a minute, however long that is by the clock."""
    (tmp_path / "spill").write_text("a file stands where the folder should be")
    spill = make()
    assert not spill.put(parcel())
    assert not spill.has_room
    (tmp_path / "spill").unlink()
    clock.now_s -= 3_600
    assert spill.has_room
    assert spill.put(parcel())


def test_a_file_that_is_deleted_while_it_is_open_is_made_again(make, tmp_path):
    """Some programs tidy folders; the next parcel is kept again."""
    spill = make()
    assert spill.put(parcel())
    for path in (tmp_path / "spill").iterdir():
        path.unlink()
    assert spill.put(parcel(b"new"))
    assert b"new" == make().take().body


def test_a_file_that_is_locked_for_long_costs_one_wait(make, clock, tmp_path):
    """Another process may be stopped in the midst of writing: whoever ends meanwhile has no time to lose."""
    spill = make()
    spill.put(parcel())
    other = locked(tmp_path)
    began = time.monotonic()
    assert [False] * 5 == [spill.put(parcel()) for _ in range(5)]
    assert time.monotonic() - began < 2
    other.close()
    assert spill.put(parcel())


def test_who_comes_in_the_same_moment_as_another_waits_for_him(make, tmp_path):
    """Of two that make a new file SQLite turns one away at once; that must not cost him the use of it."""
    (tmp_path / "spill").mkdir()
    other = locked(tmp_path, check_same_thread=False)
    spill = make()
    leaving = threading.Timer(0.2, other.execute, ["ROLLBACK"])
    leaving.start()
    assert spill.put(parcel())
    leaving.join()
    other.close()
    assert "spill.failed" not in _trouble.counts()


def test_a_file_that_was_locked_is_asked_again_soon(make, clock, tmp_path):
    """It is well otherwise: a second later others may be done, and what lies there is known."""
    spill = make()
    spill.put(parcel())
    other = locked(tmp_path)
    assert [None, False, True] == [spill.take(), spill.has_room, spill.holds_any]
    other.close()
    clock.now_s += 1.1
    assert [True, b"body"] == [spill.has_room, spill.take().body]
    assert {"spill.busy": 1} == _trouble.counts()


def test_what_was_let_go_while_the_file_was_locked_is_free(make, tmp_path):
    """The disk is told as soon as it has an ear, and not when the hold is over."""
    spill = make()
    spill.put(parcel())
    taken = spill.take()
    other = locked(tmp_path)
    spill.release(taken)
    other.close()
    assert taken.key == spill.take().key


def test_what_has_arrived_while_the_file_was_locked_is_not_sent_again(make, clock, tmp_path):
    """The disk is asked to forget it as soon as it can be."""
    spill = make()
    spill.put(parcel(b"arrived"))
    spill.put(parcel(b"waits"))
    taken = spill.take()
    other = locked(tmp_path)
    spill.remove(taken)
    other.close()
    clock.now_s += 121
    assert b"waits" == spill.take().body
    assert spill.take() is None
