"""Be told of the forks of a uWSGI that has not begun yet.

Where `midspan run` begins, there is no module `uwsgi`; no import tells when it comes, and workers may be
forked in C before the program's first line has run. But what stands in its place by then, uWSGI takes for its
own, and so calls the hook that was put there.
"""

from __future__ import annotations

import os
import sys
import types
from pathlib import Path
from typing import TYPE_CHECKING, Final

from midspan import _forks
from midspan._imports import when_imported

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["expect", "is_started_by"]

# The second by Debian's name, the third in a Python's environment.
_PROGRAMS: Final = ("uwsgi", "uwsgi-core", "pyuwsgi")


def expect() -> None:
    """Get ready for a uWSGI, if this process will be one."""
    if is_started_by(_program(), sys.orig_argv):
        _stand_in()
    else:
        # A program of another name may start it, too; only threads could have been begun until then.
        when_imported("pyuwsgi", _stand_in)


def is_started_by(program: str, words: Sequence[str]) -> bool:
    """Say whether a process is uWSGI, or a Python that will be; `words` are those that it was called by."""
    called = words[2:3] if words[1:2] == ["-m"] else words[1:2]
    return any(Path(name).name in _PROGRAMS for name in (program, *called))


def _program() -> str:
    """Return the path of what runs in this process; embedded, Python goes by the name of another."""
    try:
        return os.readlink("/proc/self/exe")  # noqa: PTH115 - the text is all that is wanted
    except OSError:
        return sys.executable or ""


def _stand_in() -> None:
    if "uwsgi" not in sys.modules:
        sys.modules["uwsgi"] = module = types.ModuleType("uwsgi")
        _forks.hook_into(module)
        # Part of uWSGI, with a hook of its own, which it puts in place of ours.
        when_imported("uwsgidecorators", lambda: _forks.hook_into(sys.modules["uwsgi"]))
