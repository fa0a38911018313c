"""List the libraries that talk to databases and to other people's clouds."""

from __future__ import annotations

from compat_tests._scenarios._library import Library

# The second form feeds the pipeline alone.
_BOTH = ("midspan", "midspan-replace")

STORES: tuple[Library, ...] = (
    Library("opencensus-ext-postgresql", "stores", "use_postgresql", servers=("postgres",), actors=_BOTH),
    Library("opencensus-ext-dbapi", "stores", "use_dbapi", servers=("postgres",), actors=_BOTH),
    Library("opencensus-ext-pymysql", "stores", "use_pymysql", servers=("mariadb",), actors=_BOTH),
    Library("opencensus-ext-mysql", "stores", "use_mysql", servers=("mariadb",), actors=_BOTH),
    Library(
        "opencensus-ext-sqlalchemy", "stores", "use_sqlalchemy", servers=("postgres", "mariadb"), actors=_BOTH
    ),
    Library("opencensus-ext-pymongo", "stores", "use_pymongo", servers=("mongodb",), actors=_BOTH),
    Library("opencensus-ext-google-cloud-clientlibs", "google", "use_google_cloud_clientlibs", actors=_BOTH),
)
