"""Let `python -m midspan.cli` do what `midspan` does, where the script is not on PATH."""

from __future__ import annotations

import sys

from midspan.cli._main import main

if __name__ == "__main__":
    sys.exit(main())
