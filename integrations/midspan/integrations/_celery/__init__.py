"""What the integration of Celery is made of: sending, running, what was lost, and the broker below."""

from __future__ import annotations

from midspan.integrations._celery._broker import quiet
from midspan.integrations._celery._lost import watch_pool
from midspan.integrations._celery._running import RUNNING
from midspan.integrations._celery._sending import SENDING, sending

__all__ = ["RUNNING", "SENDING", "quiet", "sending", "watch_pool"]
