"""A Django application with the middleware of django-opentracing."""

from __future__ import annotations

import _asked
import _django

from midspan.bridges import opentracing as bridge

_asked.begin()
bridge.install()
_django.serve("django_opentracing.OpenTracingMiddleware")
