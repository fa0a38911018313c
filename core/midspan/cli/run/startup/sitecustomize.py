"""Begin midspan in a Python that `midspan run` has started, before the program's first line.

The folder of this file stands first on PYTHONPATH, so Python's `site` imports it in each child process, too.
The environment's own `sitecustomize`, if there is one, is imported in its turn, and so is another tool's.

Any Python may be started, also one that midspan is not made for: what is written here, old ones can read.
"""
# ruff: noqa: I002, ANN202 - annotations are what old ones cannot read

import os
import sys

__all__ = []  # type: list[str]

_SAID = "MIDSPAN_RUN_SAID"


def _import_the_other():
    # type: () -> None
    here = os.path.dirname(os.path.abspath(__file__))  # noqa: PTH100, PTH120 - pathlib is no part of every start
    # Whoever imports `sitecustomize` now gets the other one, or none.
    sys.path[:] = [entry for entry in sys.path if os.path.abspath(entry or ".") != here]  # noqa: PTH100 - as above
    ours = sys.modules.pop("sitecustomize", None)
    try:
        __import__("sitecustomize")
    except ImportError as error:
        if getattr(error, "name", "sitecustomize") != "sitecustomize":
            raise
    finally:
        if ours is not None:
            sys.modules.setdefault("sitecustomize", ours)


def _begin():
    # type: () -> None
    try:
        from midspan.cli.run._begin import begin  # noqa: PLC0415 - another interpreter may not have it
    except Exception as error:  # noqa: BLE001 - nor need it be one that can read it
        # Once: what it starts is not told again, and begins where it has midspan.
        if sys.stderr is not None and _SAID not in os.environ:
            os.environ[_SAID] = "true"
            sys.stderr.write("midspan run: %s is left alone: %s\n" % (sys.executable, error))  # noqa: UP031 - as said
        return
    begin()


# Whoever merely imports this module, a test say, begins nothing. Another tool's may import it once more, as
# "the other one": that it has begun is noted where every copy of it finds it.
if "MIDSPAN_RUN" in os.environ and not hasattr(sys, "_midspan_run"):
    sys._midspan_run = True  # type: ignore[attr-defined]  # there is no other place
    try:
        # What it raises is told by Python, as it would be without us.
        _import_the_other()
    finally:
        _begin()
