"""SQLAlchemy, as sqlalchemy-opentracing's README instruments it."""

from __future__ import annotations

import opentracing
import sqlalchemy
import sqlalchemy_opentracing
from _asked import begin, tell

from midspan.bridges import opentracing as bridge
from midspan.integrations import sqlalchemy as integration
from midspan.trace import SpanKind

begin()
bridge.install()
integration.instrument()
sqlalchemy_opentracing.init_tracing(opentracing.tracer)

with sqlalchemy.create_engine("sqlite://").connect() as connection:
    for number in range(2):
        connection.execute(sqlalchemy.text(f"SELECT {number}"))

tell(SpanKind.CLIENT, SpanKind.INTERNAL)
