"""Serve and send requests full of secrets, with every integration on; print the names of those."""

from __future__ import annotations

import contextlib
import importlib
import logging
import sqlite3
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from importlib import metadata
from threading import Thread

import flask
import httpx
import requests
import sqlalchemy
import urllib3
from fastapi import FastAPI
from fastapi.testclient import TestClient

from midspan import sdk

SECRETS = sys.argv[1].split(",")
BEARER, COOKIE, TOKEN, LITERAL, PASSWORD = SECRETS


class Far(BaseHTTPRequestHandler):
    """Answer whatever comes."""

    def do_GET(self):
        """Answer with a cookie."""
        self.send_response(200)
        self.send_header("set-cookie", f"session={COOKIE}")
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_arguments):
        """Say nothing."""


def fail(*_arguments):
    """Raise what our own log will tell of."""
    raise ValueError(f"no hook for mysql://shop:{PASSWORD}@db.internal, token={TOKEN}")


def turn_all_on():
    """Instrument every library, one of them with a hook that fails."""
    names = []
    for entry in metadata.entry_points(group="midspan.integrations"):
        options = {"request_hook": fail} if entry.name == "flask" else {}
        importlib.import_module(entry.value).instrument(**options)
        names.append(entry.name)
    return names


def make_flask():
    """Return an application that fails with secrets."""
    app = flask.Flask("shop")

    @app.route("/orders/<number>", methods=["GET"])
    def order(number):
        response = flask.make_response("an order")
        response.headers["set-cookie"] = f"session={COOKIE}"
        return response

    @app.route("/broken")
    def broken():
        raise ValueError(
            f"cannot connect: postgresql://shop:{PASSWORD}@db.internal/orders, password={PASSWORD}"
        )

    return app


def make_fastapi():
    """Return another."""
    app = FastAPI()

    @app.get("/items/{number}")
    def item(number: str):
        return number

    return app


def serve(headers):
    """Have both frameworks asked, with secrets in whatever a request has."""
    client = make_flask().test_client()
    client.get(f"/orders/7?token={TOKEN}&page=2", headers=headers)
    client.get(f"/broken?access_token={TOKEN}", headers=headers, buffered=True)
    client.open("/orders/7", method="BREW", headers=headers, buffered=True)
    other = TestClient(make_fastapi())
    other.get(f"/items/7?sig={TOKEN}&page=3", headers=headers)


def send(headers):
    """Ask the far side by each client."""
    server = HTTPServer(("127.0.0.1", 0), Far)
    Thread(target=server.serve_forever, daemon=True).start()
    url = f"127.0.0.1:{server.server_address[1]}/far?api_key={TOKEN}&page=4"
    requests.get(f"http://shop:{PASSWORD}@{url}", headers=headers, timeout=5)
    httpx.get(f"http://shop:{PASSWORD}@{url}", headers=headers)
    urllib3.PoolManager().request("GET", f"http://{url}", headers=headers)
    with contextlib.suppress(requests.ConnectionError):
        requests.get(f"http://shop:{PASSWORD}@127.0.0.1:1/gone?token={TOKEN}", timeout=5)


def store():
    """Run statements with literals, and one that fails."""
    statement = f"SELECT name FROM cards WHERE number = '{LITERAL}'"
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE cards (name TEXT, number TEXT)")
    connection.execute(statement)
    with contextlib.suppress(sqlite3.Error):
        connection.execute(f"SELECT 1 FROM nowhere WHERE number = '{LITERAL}'")
    with sqlalchemy.create_engine("sqlite://").connect() as orm:
        orm.execute(sqlalchemy.text(f"SELECT '{LITERAL}' AS code"))


def main():
    """Do all of it, and say what was on."""
    ours = logging.getLogger("midspan")
    ours.addHandler(logging.StreamHandler(sys.stdout))
    # What Flask logs of an exception is Flask's own.
    ours.propagate = False
    ours.setLevel(logging.DEBUG)
    headers = {
        "Authorization": f"Bearer {BEARER}",
        "Cookie": f"session={COOKIE}",
        "X-Long": "x" * 5_000,
        "User-Agent": "curious/1.0",
    }
    pipeline = sdk.configure(service_name="shop", exporters=["otlp"])
    names = turn_all_on()
    serve(headers)
    send(headers)
    store()
    assert pipeline.force_flush(timeout_s=10)
    pipeline.shutdown(timeout_s=5)
    print(",".join(sorted(names)))


main()
