"""Say hello with Flask."""

from __future__ import annotations

from flask import Flask

app = Flask("hello")


@app.route("/hello/<name>")
def hello(name: str) -> str:
    """Greet somebody."""
    return f"hello, {name}"
