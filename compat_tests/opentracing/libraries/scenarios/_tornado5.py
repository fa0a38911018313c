"""Make Tornado 5 importable: it takes from `collections` what Python 3.10 moved to `collections.abc`.

The libraries that are pinned to Tornado before 6 run unmodified; only the standard library gets its old
names back.
"""

from __future__ import annotations

import collections
import collections.abc

for name in ("MutableMapping", "Mapping", "Callable"):
    if not hasattr(collections, name):
        setattr(collections, name, getattr(collections.abc, name))
