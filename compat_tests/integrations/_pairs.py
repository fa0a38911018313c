"""Which legacy library stands beside which integration, and what the integration says of it."""

from __future__ import annotations

from typing import Final, NamedTuple

__all__ = ["PAIRS", "Pair"]


class Pair(NamedTuple):
    """An application in `beside/`, and what it shows.

    Attributes:
        library: the legacy library, by the name under which it is published.
        integrations: those that it is beside.
        said: what is logged: which integration stands back, and for which module.
        servers: what the application talks to.
    """

    library: str
    integrations: tuple[str, ...]
    said: tuple[tuple[str, str], ...] = ()
    servers: tuple[str, ...] = ()


def _one(library: str, integration: str, module: str, *servers: str) -> Pair:
    return Pair(library, (integration,), ((integration, module),), servers)


_OC: Final = "opencensus.ext."
_HOOKS: Final = "opentracing_instrumentation.client_hooks."
_UTILS: Final = "opentracing_utils"
_DBAPI: Final = "dbapi_opentracing.tracing"

PAIRS: Final = {
    # OpenCensus
    "opencensus_ext_django": _one("opencensus-ext-django", "django", f"{_OC}django.middleware"),
    "opencensus_ext_flask": _one("opencensus-ext-flask", "flask", f"{_OC}flask.flask_middleware"),
    "opencensus_ext_fastapi": _one("opencensus-ext-fastapi", "fastapi", f"{_OC}fastapi.fastapi_middleware"),
    "opencensus_ext_fastapi_starlette": _one(
        "opencensus-ext-fastapi", "starlette", f"{_OC}fastapi.fastapi_middleware"
    ),
    "opencensus_ext_requests": _one("opencensus-ext-requests", "requests", f"{_OC}requests.trace"),
    "opencensus_ext_httpx": _one("opencensus-ext-httpx", "httpx", f"{_OC}httpx.trace"),
    "opencensus_ext_httplib": Pair(
        "opencensus-ext-httplib",
        ("requests", "urllib3"),
        (("requests", f"{_OC}httplib.trace"), ("urllib3", f"{_OC}httplib.trace")),
    ),
    "opencensus_ext_postgresql": _one(
        "opencensus-ext-postgresql", "psycopg2", f"{_OC}postgresql.trace", "postgres"
    ),
    "opencensus_ext_mysql": _one("opencensus-ext-mysql", "mysql_connector", f"{_OC}dbapi.trace", "mariadb"),
    "opencensus_ext_pymysql": Pair("opencensus-ext-pymysql", ("pymysql",), (), ("mariadb",)),
    "opencensus_ext_dbapi": _one("opencensus-ext-dbapi", "sqlite3", f"{_OC}dbapi.trace"),
    "opencensus_ext_sqlalchemy": Pair(
        "opencensus-ext-sqlalchemy",
        ("sqlalchemy",),
        (("sqlalchemy", f"{_OC}sqlalchemy.trace"), ("sqlite3", f"{_OC}sqlalchemy.trace")),
    ),
    "opencensus_ext_pymongo": _one("opencensus-ext-pymongo", "pymongo", f"{_OC}pymongo.trace", "mongodb"),
    "opencensus_ext_grpc": Pair(
        "opencensus-ext-grpc",
        ("grpc",),
        (("grpc", f"{_OC}grpc.server_interceptor"), ("grpc", f"{_OC}grpc.client_interceptor")),
    ),
    "opencensus_ext_google_cloud_clientlibs": Pair(
        "opencensus-ext-google-cloud-clientlibs",
        ("grpc", "requests"),
        (("grpc", f"{_OC}grpc.client_interceptor"), ("requests", f"{_OC}requests.trace")),
    ),
    "opencensus_ext_logging": Pair("opencensus-ext-logging", ("logging",)),
    "opencensus_ext_threading": Pair("opencensus-ext-threading", ("threading",)),
    "opencensus_ext_pyramid": _one(
        "opencensus-ext-pyramid", "wsgi", f"{_OC}pyramid.pyramid_middleware.OpenCensusTweenFactory"
    ),
    "opencensus_ext_zipkin": Pair("opencensus-ext-zipkin", ("requests",)),
    # OpenTracing
    "django_opentracing": _one("django-opentracing", "django", "django_opentracing"),
    "django_opentracing_view": _one("django-opentracing", "django", "django_opentracing.tracing"),
    "flask_opentracing_wsgi": Pair(
        "flask-opentracing",
        ("wsgi", "flask"),
        (("wsgi", "flask_opentracing.tracing"), ("flask", "flask_opentracing.tracing")),
    ),
    "flask_opentracing_view": _one("flask-opentracing", "flask", "flask_opentracing.tracing"),
    "flask_opentracing": _one("flask-opentracing", "flask", "flask_opentracing.tracing"),
    "starlette_opentracing": _one("starlette-opentracing", "starlette", "starlette_opentracing.middleware"),
    "starlette_opentracing_asgi": _one("starlette-opentracing", "asgi", "starlette_opentracing.middleware"),
    "starlette_opentracing_fastapi": _one(
        "starlette-opentracing", "fastapi", "starlette_opentracing.middleware"
    ),
    "requests_opentracing": _one("requests-opentracing", "requests", "requests_opentracing.tracing"),
    "dbapi_opentracing": _one("dbapi-opentracing", "sqlite3", _DBAPI),
    "dbapi_opentracing_dbapi": _one("dbapi-opentracing", "dbapi", _DBAPI),
    "dbapi_opentracing_psycopg2": _one("dbapi-opentracing", "psycopg2", _DBAPI, "postgres"),
    "dbapi_opentracing_psycopg2_factory": Pair("dbapi-opentracing", ("psycopg2",), (), ("postgres",)),
    "dbapi_opentracing_pymysql": _one("dbapi-opentracing", "pymysql", _DBAPI, "mariadb"),
    "dbapi_opentracing_mysql_connector": _one("dbapi-opentracing", "mysql_connector", _DBAPI, "mariadb"),
    "sqlalchemy_opentracing": _one("sqlalchemy-opentracing", "sqlalchemy", "sqlalchemy_opentracing"),
    "sqlalchemy_opentracing_session": _one("sqlalchemy-opentracing", "sqlalchemy", "sqlalchemy_opentracing"),
    "redis_opentracing": _one("redis-opentracing", "redis", "redis_opentracing.tracing"),
    "redis_opentracing_client": _one("redis-opentracing", "redis", "redis_opentracing.tracing"),
    "pymongo_opentracing": _one("pymongo-opentracing", "pymongo", "pymongo_opentracing.tracing", "mongodb"),
    "pymongo_opentracing_client": _one(
        "pymongo-opentracing", "pymongo", "pymongo_opentracing.tracing", "mongodb"
    ),
    "celery_opentracing": _one("celery-opentracing", "celery", "celery_opentracing.tracing"),
    "grpcio_opentracing": Pair(
        "grpcio-opentracing",
        ("grpc",),
        (("grpc", "grpc_opentracing._client"), ("grpc", "grpc_opentracing.grpcext._interceptor")),
    ),
    "logging_opentracing": Pair("logging-opentracing", ("logging",)),
    "opentracing_instrumentation_celery": _one("opentracing-instrumentation", "celery", f"{_HOOKS}celery"),
    "opentracing_instrumentation_psycopg2": _one(
        "opentracing-instrumentation", "psycopg2", f"{_HOOKS}_dbapi2", "postgres"
    ),
    "opentracing_instrumentation_redis": _one(
        "opentracing-instrumentation", "redis", f"{_HOOKS}strict_redis"
    ),
    "opentracing_instrumentation_requests": _one(
        "opentracing-instrumentation", "requests", f"{_HOOKS}requests"
    ),
    "opentracing_instrumentation_sqlalchemy": _one(
        "opentracing-instrumentation", "sqlalchemy", f"{_HOOKS}sqlalchemy"
    ),
    "opentracing_utils_django": _one("opentracing-utils", "django", _UTILS),
    "opentracing_utils_flask": _one("opentracing-utils", "flask", f"{_UTILS}.libs._flask"),
    "opentracing_utils_requests": _one("opentracing-utils", "requests", f"{_UTILS}.libs._requests"),
    "opentracing_utils_sqlalchemy": _one("opentracing-utils", "sqlalchemy", f"{_UTILS}.libs._sqlalchemy"),
}
