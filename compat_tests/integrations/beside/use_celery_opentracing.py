"""A Celery application of celery-opentracing's class."""

from __future__ import annotations

import _asked
import _celery
from celery_opentracing import CeleryTracing

from midspan.bridges import opentracing as bridge
from midspan.integrations import celery as integration

_asked.begin()
bridge.install()
integration.instrument()
_celery.work(CeleryTracing("shop", broker="memory://"))
