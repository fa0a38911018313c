"""Keep what runs inside the editions' environments out of every other one, which lacks the libraries."""

from __future__ import annotations

collect_ignore = ["beside", "inside"]
