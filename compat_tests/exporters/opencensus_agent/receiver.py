"""An agent made of OpenCensus's own generated code: `python receiver.py PORT FILE`.

Each message that it has decoded is a line of the file, as JSON, before its stream ends. As the Collector's
receiver it answers nothing but the end of the stream, and refuses one whose first message has no node.
"""

from __future__ import annotations

import json
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import grpc
from google.protobuf.json_format import MessageToDict
from opencensus.proto.agent.metrics.v1 import metrics_service_pb2_grpc
from opencensus.proto.agent.trace.v1 import trace_service_pb2_grpc


class Agent(trace_service_pb2_grpc.TraceServiceServicer, metrics_service_pb2_grpc.MetricsServiceServicer):
    """Keeps what it is sent by either service, whose one method has the same name in both."""

    def __init__(self, file):
        self._file = file
        self._writing = threading.Lock()

    def Export(self, request_iterator, context):  # noqa: N802 - as gRPC calls it
        metadata = {key: value for key, value in context.invocation_metadata() if isinstance(value, str)}
        for number, request in enumerate(request_iterator):
            if not number and not request.HasField("node"):
                context.abort(grpc.StatusCode.UNKNOWN, "the first message must have a Node")
            self._keep(request, metadata)
        return iter(())

    def _keep(self, request, metadata):
        told = MessageToDict(request, preserving_proto_field_name=True)
        line = {"metadata": metadata, "unknown": sorted(set(unknown_in(request))), "request": told}
        with self._writing:
            print(json.dumps(line), file=self._file, flush=True)


def unknown_in(message):
    """Yield what the generated code does not know, as `Message.number`."""
    for field in message.UnknownFields():
        yield f"{message.DESCRIPTOR.name}.{field.field_number}"
    for field, value in message.ListFields():
        if field.message_type is not None:
            many = field.label == field.LABEL_REPEATED
            held = value.values() if hasattr(value, "values") else value if many else [value]
            for each in held:
                if hasattr(each, "ListFields"):
                    yield from unknown_in(each)


def main(port, path):
    """Serve until the process is ended."""
    with open(path, "a") as file:  # noqa: PTH123 - a script on its own
        agent = Agent(file)
        server = grpc.server(ThreadPoolExecutor(4))
        trace_service_pb2_grpc.add_TraceServiceServicer_to_server(agent, server)
        metrics_service_pb2_grpc.add_MetricsServiceServicer_to_server(agent, server)
        server.add_insecure_port(f"127.0.0.1:{port}")
        server.start()
        server.wait_for_termination()


if __name__ == "__main__":
    main(*sys.argv[1:])
