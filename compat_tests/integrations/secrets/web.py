"""Serve and send requests full of secrets."""

from __future__ import annotations

import contextlib
import sqlite3
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import flask
import httpx
import requests
import sqlalchemy
import urllib3
from _shared import BEARER, COOKIE, LITERAL, PASSWORD, TOKEN, recorded
from fastapi import FastAPI
from fastapi.testclient import TestClient


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
    """Do all of it, with a hook that fails."""
    headers = {
        "Authorization": f"Bearer {BEARER}",
        "Cookie": f"session={COOKIE}",
        "X-Long": "x" * 5_000,
        "User-Agent": "curious/1.0",
    }
    with recorded(flask={"request_hook": fail}):
        serve(headers)
        send(headers)
        store()


main()
