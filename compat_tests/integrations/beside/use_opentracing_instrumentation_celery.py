"""A Celery application with the patches of opentracing-instrumentation."""

from __future__ import annotations

import _asked
import _celery
from celery import Celery
from opentracing_instrumentation.client_hooks import celery as legacy

from midspan.bridges import opentracing as bridge
from midspan.integrations import celery as integration

_asked.begin()
bridge.install()
legacy.install_patches()
integration.instrument()
_celery.work(Celery("shop", broker="memory://"))
