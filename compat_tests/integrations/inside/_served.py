"""Real servers of the web for the time of a `with` block, which gets the port."""

from __future__ import annotations

import threading
from contextlib import contextmanager

__all__ = ["over_asgi", "over_wsgi"]


@contextmanager
def over_asgi(app, **options):
    """Serve an ASGI application with uvicorn."""
    import uvicorn

    config = uvicorn.Config(app, port=0, log_level="warning", **options)
    listening = config.bind_socket()
    # From here on the kernel takes connections, though nobody may answer yet.
    listening.listen()
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, args=([listening],))
    thread.start()
    try:
        yield listening.getsockname()[1]
    finally:
        server.should_exit = True
        thread.join(10)
        listening.close()


@contextmanager
def over_wsgi(app):
    """Serve a WSGI application with Werkzeug, each request in a thread."""
    from werkzeug.serving import make_server

    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join(10)
        server.server_close()
