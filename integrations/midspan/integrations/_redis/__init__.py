"""What the integration of redis is made of: what there is to say of commands, and clusters."""

from __future__ import annotations

from midspan.integrations._redis._cluster import entry, put_in, queued, telling_nodes
from midspan.integrations._redis._command import operation_of, operation_of_all, shown, shown_all, status_of

__all__ = [
    "entry",
    "operation_of",
    "operation_of_all",
    "put_in",
    "queued",
    "shown",
    "shown_all",
    "status_of",
    "telling_nodes",
]
