"""Have each worker of gunicorn say when it takes requests, and signals."""

from __future__ import annotations

from typing import Any


def post_worker_init(worker: Any) -> None:
    """Say so."""
    worker.log.info("(accepting)...")
