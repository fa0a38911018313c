"""Begin midspan in a Python that `midspan run` has started, before the program's first line.

The folder of this file stands first on PYTHONPATH, so Python's `site` imports it in each child process, too.
The environment's own `sitecustomize`, if there is one, is imported in its turn.
"""

from __future__ import annotations

import os
import sys

__all__: list[str] = []


def _begin() -> None:
    here = os.path.dirname(os.path.abspath(__file__))  # noqa: PTH100, PTH120 - pathlib is no part of every start
    path = sys.path[:]
    # Whoever imports `sitecustomize` now gets the other one, or none.
    sys.path[:] = [entry for entry in path if os.path.abspath(entry or ".") != here]  # noqa: PTH100 - as above
    ours = sys.modules.pop("sitecustomize", None)
    try:
        __import__("sitecustomize")
    except ImportError:
        if ours is not None:
            sys.modules["sitecustomize"] = ours
    try:
        from midspan.cli.run._begin import begin  # noqa: PLC0415 - another interpreter may not have it
    except ImportError:
        return
    begin()


# Whoever merely imports this module, a test say, begins nothing.
if "MIDSPAN_RUN" in os.environ:
    _begin()
