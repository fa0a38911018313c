"""A file system that is full is the disk's trouble, and not the application's."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from compat_tests.faults._collector import Collector, free_port
from compat_tests.faults._process import play

pytestmark = pytest.mark.slow
SPANS = 20_000
# A file system of its own, which nobody but the process sees; who is not root is root of its own namespace.
PRELUDE = """
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
NEW_MOUNTS, NEW_USER, PRIVATE = 0x00020000, 0x10000000, (1 << 14) | (1 << 18)
user = os.geteuid()
mounts = -1 if libc.unshare(NEW_MOUNTS | (NEW_USER if user else 0)) else 0
if user and not mounts:
    open("/proc/self/uid_map", "w").write(f"0 {user} 1")
mounts = mounts or libc.mount(b"none", b"/", None, PRIVATE, None)
mounts = mounts or libc.mount(b"none", os.fsencode(%r), b"tmpfs", 0, b"size=200k")
if mounts:
    sys.exit(77)
"""


def test_a_full_file_system_is_survived(tmp_path):
    """That is said, each span is accounted for, and what memory holds arrives once the collector is back."""
    collector, folder, ready = Collector(port=free_port()), tmp_path / "full", tmp_path / "ready"
    folder.mkdir()
    told = {"endpoint": collector.endpoint, "folder": str(folder), "spans": SPANS, "ready": str(ready)}
    with ThreadPoolExecutor(1) as pool:
        playing = pool.submit(play, "spilling.program_full", prelude=PRELUDE % str(folder), **told)
        while not (ready.exists() or playing.done()):
            time.sleep(0.01)
        with collector:
            outcome = playing.result()
    if outcome.exit_code == 77:
        pytest.skip("no file systems may be mounted here")
    assert 0 == outcome.exit_code, outcome.log
    account = outcome.result["account"]
    left = account["exported"] + account["queued"] + account["spilled"] + sum(account["dropped"].values())
    assert (SPANS, SPANS) == (account["accepted"], left)
    # At least once: what the disk says it could not write may lie there all the same, and come a second time.
    assert collector.duplicates <= 0.05 * SPANS
    # What was written before the disk was full may lie there still: taking it back needs some room, too.
    # And the batch that finds out that there is none may have no place in memory any more.
    assert {} == {reason: count for reason, count in account["dropped"].items() if reason != "outbox_full"}
    arrived = len(collector.span_ids)
    assert account["exported"] in {arrived, arrived + collector.duplicates}
    assert arrived >= 0.9 * SPANS
    assert any("full" in line for line in outcome.lines), outcome.log
