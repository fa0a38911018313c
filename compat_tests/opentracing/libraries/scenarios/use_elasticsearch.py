"""Elasticsearch-opentracing, in spite of its pin (opentracing < 1.2): requests to a search server."""

from __future__ import annotations

from typing import TYPE_CHECKING

import elasticsearch
import elasticsearch_opentracing

if TYPE_CHECKING:
    from _stage import Stage

GIVES = """
page
  Shop/things/_doc/1 [client]
  Shop/things/_search [client]
Shop/things/_count [client]
page
  Shop/things/_doc/404 [client] error
"""


def play(stage: Stage) -> None:
    """Use the library over the tracer on the stage."""
    stage.hide("elasticsearch.took")
    elasticsearch_opentracing.init_tracing(stage.tracer, trace_all_requests=False, prefix="Shop")
    client = elasticsearch.Elasticsearch(
        [{"host": "127.0.0.1", "port": stage.ports["elasticsearch"]}],
        transport_class=elasticsearch_opentracing.TracingTransport,
    )
    client.index("things", "_doc", {"price": 1}, id=1, refresh="true")
    elasticsearch_opentracing.enable_tracing()
    with stage.tracer.start_active_span("page") as scope:
        elasticsearch_opentracing.set_active_span(scope.span)
        stage.note("found", client.get("things", "_doc", 1)["_source"])
        stage.note(
            "timed out", client.search("things", body={"query": {"match_all": {}}}, size=5)["timed_out"]
        )
    elasticsearch_opentracing.clear_active_span()
    client.count("things")
    with stage.tracer.start_active_span("page") as scope:
        elasticsearch_opentracing.set_active_span(scope.span)
        try:
            client.get("things", "_doc", 404)
        except elasticsearch.NotFoundError as error:
            stage.note("raised", error.status_code)
    # After an error the library switches itself off.
    client.get("things", "_doc", 1)
