"""W3C Trace Context, judged from outside: a service that speaks HTTP, and what it sends when it is called."""

from __future__ import annotations
