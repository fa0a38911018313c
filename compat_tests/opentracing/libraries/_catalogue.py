"""List the libraries and what each needs: a line here, a file in scenarios/, pins in a requirements file.

Libraries whose pins agree share an environment. The environments differ in their opentracing, so the bridge
is tried on 2.0, 2.3 and 2.4: what pip would choose for these libraries.
"""

from __future__ import annotations

from compat_tests._scenarios._library import Library

# What sends or takes headers is played with jaeger-client's headers too.
_WIRE = ("midspan", "midspan-jaeger")
# A library for asyncio or Tornado is also played with the scope manager that its documentation asks for.
_BOTH = ("midspan", "midspan-own-manager")
_ALL = ("midspan", "midspan-own-manager", "midspan-jaeger")
_OWN = ("midspan-own-manager",)

LIBRARIES = (
    Library("flask-opentracing", "opentracing24", "use_flask", actors=_WIRE),
    Library("django-opentracing", "opentracing24", "use_django", actors=_WIRE),
    Library("bottle-opentracing", "opentracing24", "use_bottle", actors=_WIRE),
    Library("starlette-opentracing", "opentracing24", "use_starlette", actors=_ALL),
    Library("sanic-opentracing", "opentracing24", "use_sanic", actors=_ALL),
    Library("grpcio-opentracing", "opentracing24", "use_grpcio", actors=_WIRE),
    Library("requests-opentracing", "opentracing24", "use_requests", actors=_WIRE),
    Library("celery-opentracing", "opentracing24", "use_celery", servers=("redis",), actors=_WIRE),
    Library("logging-opentracing", "opentracing24", "use_logging"),
    Library("asyncpg-opentracing", "opentracing24", "use_asyncpg", servers=("postgres",), actors=_BOTH),
    Library("opentracing-utils", "opentracing24", "use_utils", actors=_WIRE),
    Library("opentracing-decorator", "opentracing24", "use_decorator"),
    Library("opentracing-async-instrumentation", "opentracing24", "use_async_instrumentation", actors=_ALL),
    Library("opentracing-instrumentation", "tornado5", "use_instrumentation", ("redis",), _WIRE),
    Library("opentracing-instrumentation in tornado", "tornado5", "use_instrumentation_tornado", actors=_OWN),
    Library("dbapi-opentracing", "opentracing23", "use_dbapi"),
    Library("pymongo-opentracing", "opentracing23", "use_pymongo", servers=("mongodb",)),
    Library("signalfx-instrumentation-tornado", "opentracing23", "use_signalfx_tornado", actors=_ALL),
    Library("pyramid-opentracing", "opentracing20", "use_pyramid", actors=_WIRE),
    Library("redis-opentracing", "opentracing20", "use_redis", servers=("redis",)),
    Library("tornado-opentracing", "opentracing20", "use_tornado", actors=_ALL),
    Library("SQLAlchemy-opentracing", "opentracing20", "use_sqlalchemy"),
    Library("Elasticsearch-opentracing", "opentracing20", "use_elasticsearch", servers=("elasticsearch",)),
)
