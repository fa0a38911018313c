"""opencensus-ext-google-cloud-clientlibs: Google's clients over HTTP, over gRPC and over gRPC with TLS."""

from __future__ import annotations

import contextlib
import subprocess
from concurrent import futures
from pathlib import Path
from typing import TYPE_CHECKING, Any

import grpc
from _http import serving_peer
from google.api_core import exceptions, grpc_helpers
from google.api_core.operations_v1 import OperationsClient
from google.auth.credentials import AnonymousCredentials
from google.cloud._http import JSONConnection
from google.cloud.client import Client
from google.longrunning import operations_pb2, operations_pb2_grpc
from opencensus.ext.google_cloud_clientlibs import trace as library
from opencensus.trace import execution_context

if TYPE_CHECKING:
    from collections.abc import Iterator

    from _stage import Stage

GIVES = """
page
  new code
    /v1/things [client]
  /gone [client] error
  Sent.google.longrunning.Operations.GetOperation [client]
  new code
    Sent.google.longrunning.Operations.DeleteOperation [client]
  Sent.google.longrunning.Operations.GetOperation [client]
  new code
    Sent.google.longrunning.Operations.DeleteOperation [client]
request
  Sent.google.longrunning.Operations.GetOperation [client]
block
  Sent.google.longrunning.Operations.GetOperation [client]
"""
LEFT_OPEN = "a span left open inside a block ends with it"
NOTES_DIFFER = {"current after the block": (LEFT_OPEN, None)}


class Operations(operations_pb2_grpc.OperationsServicer):
    """The service of Google's that every one of its long-running APIs has: one operation, called `tea`."""

    def GetOperation(self, request: Any, context: Any) -> Any:  # noqa: N802 - gRPC's name
        if request.name != "tea":
            context.abort(grpc.StatusCode.NOT_FOUND, "no such operation")
        return operations_pb2.Operation(name=request.name, done=True)

    def DeleteOperation(self, request: Any, context: Any) -> Any:  # noqa: N802 - gRPC's name
        return operations_pb2.google_dot_protobuf_dot_empty__pb2.Empty()


def play(stage: Stage) -> None:
    """Use the library on the stage."""
    tracer = stage.tracer()
    library.trace_integration()
    with tracer.span("page"):
        _use_http(stage)
        with _serving() as (address, _):
            _use_operations(stage, OperationsClient(grpc.insecure_channel(target=address)))
        with _serving(_make_certificate()) as (address, certificate):
            channel = grpc_helpers.create_channel(
                target=address,
                credentials=AnonymousCredentials(),
                ssl_credentials=grpc.ssl_channel_credentials(certificate),
            )
            _use_operations(stage, OperationsClient(channel))
    with _serving() as (address, _):
        _fail(stage, OperationsClient(grpc.insecure_channel(target=address)))


def _use_http(stage: Stage) -> None:
    with serving_peer() as peer:
        client = Client(credentials=AnonymousCredentials())
        connection = JSONConnection(client)
        connection.API_BASE_URL, connection.API_VERSION = peer.url, "v1"
        connection.API_URL_TEMPLATE = "{api_base_url}/{api_version}{path}"
        with stage.native("new code"):
            answer = connection.api_request("GET", "/things", expect_json=False)
        stage.note("answer", answer.decode())
        stage.note_headers("things", peer.received.pop())
        connection.API_URL_TEMPLATE = "{api_base_url}{path}"
        try:
            connection.api_request("GET", "/gone")
        except exceptions.NotFound as error:
            stage.note("raised", type(error).__name__)


def _use_operations(stage: Stage, client: OperationsClient) -> None:
    stage.note("done", client.get_operation("tea").done)
    with stage.native("new code"):
        client.delete_operation("tea")


def _fail(stage: Stage, client: OperationsClient) -> None:
    """Fail as handlers do, then in a block, where the span of the call ends in another order."""
    tracer = stage.tracer()
    tracer.start_span("request")
    _ask_for_nothing(stage, client)
    tracer.end_span()
    tracer.finish()
    stage.let_ends_race()
    tracer = stage.tracer()
    with tracer.span("block"):
        _ask_for_nothing(stage, client)
    stage.note("current after the block", getattr(execution_context.get_current_span(), "name", None))
    tracer.finish()


def _ask_for_nothing(stage: Stage, client: OperationsClient) -> None:
    try:
        client.get_operation("coffee", retry=None)
    except exceptions.NotFound as error:
        stage.note("raised", type(error).__name__)


@contextlib.contextmanager
def _serving(certificate: tuple[bytes, bytes] | None = None) -> Iterator[tuple[str, bytes | None]]:
    """Serve operations on a loopback port; give the address and the certificate to trust."""
    server = grpc.server(futures.ThreadPoolExecutor(2))
    operations_pb2_grpc.add_OperationsServicer_to_server(Operations(), server)
    if certificate is None:
        port = server.add_insecure_port("127.0.0.1:0")
    else:
        port = server.add_secure_port("127.0.0.1:0", grpc.ssl_server_credentials([certificate]))
    server.start()
    try:
        yield f"127.0.0.1:{port}", certificate and certificate[1]
    finally:
        server.stop(0).wait()


def _make_certificate() -> tuple[bytes, bytes]:
    """Return a private key and a certificate of it for the loopback address."""
    key, certificate = Path("key.pem"), Path("certificate.pem")
    kind = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
    whom = ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"]
    command = ["openssl", "req", *kind, *whom, "-keyout", str(key), "-out", str(certificate)]
    subprocess.run(command, check=True, capture_output=True)
    return key.read_bytes(), certificate.read_bytes()
