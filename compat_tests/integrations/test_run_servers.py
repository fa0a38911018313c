"""Servers that fork, replace and reload what they serve, under `midspan run`: every request is one trace."""

from __future__ import annotations

import pytest

from compat_tests.integrations._runs import GUNICORN_CONF, newest, served
from compat_tests.life._servers import WEB, python_of

pytestmark = [pytest.mark.slow, pytest.mark.server]
MADE = 200
_OURS = {
    "web:application": "wsgi_shop:application",
    "web.py": "wsgi_shop.py",
    "gunicorn_conf.py": str(GUNICORN_CONF),
}
RELOADED = """
from fastapi import FastAPI

app = FastAPI()


@app.get("/{number:int}")
async def order(number: int) -> str:
    return "ok"
"""


@pytest.mark.parametrize(
    "name",
    ["gunicorn, preload", "gunicorn, gevent", "uWSGI", "uWSGI, lazy-apps", "uWSGI, max-requests 80"],
)
def test_a_server_of_wsgi_may_fork_as_it_likes(name):
    """In C, and before or after the application is there; none complains of what was imported before it."""
    arrived = served(python_of(), [_OURS.get(word, word) for word in WEB[name]], MADE)
    assert ({("SELECT",): MADE}, 0) == (arrived.shapes, arrived.double), arrived.log
    assert arrived.processes >= 2
    assert "Warning" not in arrived.log


def test_uvicorn_may_reload(tmp_path):
    """What served before a file was changed, and what does since: both send what they have made."""
    shop = tmp_path / "reloaded_shop.py"
    shop.write_text(RELOADED)
    started = "Application startup complete"

    def change(server):
        shop.write_text(RELOADED + "# changed\n")
        server.wait_until(lambda: 2 == server.log().count(started))

    command = ["uvicorn", "reloaded_shop:app", "--port", "PORT", "--reload"]
    arrived = served(newest(), command, MADE, folder=tmp_path, halfway=change)
    assert {("GET /{number:int}",): MADE} == arrived.shapes, arrived.log
    assert 2 == arrived.processes
