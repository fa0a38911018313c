"""opencensus-ext-google-cloud-clientlibs: a client over gRPC, and one over HTTP."""

from __future__ import annotations

import grpc
from _grpc import served
from _oc import traced
from _stage import answering
from google.auth.credentials import AnonymousCredentials
from google.cloud._http import JSONConnection
from google.cloud.client import Client
from google.protobuf.wrappers_pb2 import StringValue

BRIDGE = "opencensus"
INTEGRATIONS = ("grpc", "requests", "urllib3")
GIVES = """
page | new code
  oc page | opencensus
    Sent.shop.Cart.Add client | opencensus
      shop.Cart/Add server | grpc
    /hello client | opencensus
      answer | far side
"""


def set_up():
    """Set the legacy library up."""
    from opencensus.trace import config_integration

    config_integration.trace_integrations(["google_cloud_clientlibs"])


def ask():
    """Ask for something twice."""
    with served() as address, grpc.insecure_channel(address) as channel, answering() as url, traced():
        add = channel.unary_unary("/shop.Cart/Add", StringValue.SerializeToString, StringValue.FromString)
        add(StringValue(value="x"))
        connection = JSONConnection(Client(credentials=AnonymousCredentials()))
        connection.API_BASE_URL, connection.API_VERSION = url.removesuffix("/hello"), ""
        connection.API_URL_TEMPLATE = "{api_base_url}{path}"
        connection.api_request("GET", "/hello", expect_json=False)
