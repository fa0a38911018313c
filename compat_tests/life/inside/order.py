"""Order so many tasks, as an application would: `order.py COUNT`."""

from __future__ import annotations

import sys

from tasks import trace

for number in range(int(sys.argv[1])):
    trace.delay(number)
