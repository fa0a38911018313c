"""PyMongo, as opencensus-ext-pymongo's README instruments it (MIDSPAN_TEST_MONGODB: the server's port)."""

from __future__ import annotations

import os

import pymongo
from _asked import begin, tell
from opencensus.ext.pymongo import trace as legacy
from opencensus.trace import samplers, tracer

from midspan.bridges import opencensus as bridge
from midspan.integrations import pymongo as integration
from midspan.trace import SpanKind

begin()
bridge.install()
integration.instrument()
legacy.trace_integration(tracer.Tracer(sampler=samplers.AlwaysOnSampler()))

client = pymongo.MongoClient("127.0.0.1", int(os.environ["MIDSPAN_TEST_MONGODB"]))
for _ in range(2):
    client.shop.users.find_one()

tell(SpanKind.CLIENT)
