"""Serve and make calls, and run tasks, that are full of secrets."""

from __future__ import annotations

import contextlib
import os
from concurrent import futures

import django
import grpc
from _shared import BEARER, COOKIE, LITERAL, NUMBER, PASSWORD, TOKEN, recorded, tried
from celery import Celery
from celery.contrib.testing.worker import start_worker
from django.conf import settings
from django.http import HttpResponse
from django.test import Client
from django.urls import path

# What an exception or a status says, as programs say it.
TOLD = f"cannot connect: postgresql://shop:{PASSWORD}@db.internal/cards, password={PASSWORD}, token={TOKEN}"


class TroubleError(Exception):
    """What nobody handles."""


def pay(request, number):
    """Take a form, and set a cookie."""
    response = HttpResponse(f"paid {request.POST['card']}")
    response.set_cookie("session", COOKIE)
    return response


def broken(request, number):
    """Fail with secrets in local variables, and in what is said."""
    card = request.POST["card"]
    raise TroubleError(TOLD) from ValueError(f"password={PASSWORD}, {len(card)}")


urlpatterns = [path("pay/<int:number>", pay), path("broken/<int:number>", broken)]


def use_django():
    """Send forms."""
    settings.configure(
        ROOT_URLCONF=__name__,
        ALLOWED_HOSTS=["*"],
        SECRET_KEY=TOKEN,
        DEFAULT_CHARSET="utf-8",
        LOGGING_CONFIG=None,
    )
    django.setup()
    client = Client(raise_request_exception=False)
    client.cookies["session"] = COOKIE
    headers = {"HTTP_AUTHORIZATION": f"Bearer {BEARER}", "HTTP_COOKIE": f"session={COOKIE}"}
    form = {"card": LITERAL, "password": PASSWORD, "number": NUMBER}
    client.post(f"/pay/7?token={TOKEN}&page=2", form, **headers)
    client.post(f"/broken/7?access_token={TOKEN}&page=3", form, **headers)
    client.post(f"/nowhere/7?sig={TOKEN}", form, **headers)


class Service:
    """Answer with secrets, in each way to end a call."""

    def fine(self, request, context):
        """Set metadata of both kinds."""
        context.send_initial_metadata((("set-cookie", COOKIE),))
        context.set_trailing_metadata((("token", TOKEN), ("token-bin", TOKEN.encode())))
        return request

    def abort(self, request, context):
        """Tell what was the matter."""
        context.abort(grpc.StatusCode.FAILED_PRECONDITION, TOLD)

    def broken(self, request, context):
        """Fail."""
        raise TroubleError(TOLD)


def use_grpc():
    """Call all of it."""
    service = Service()
    names = ("fine", "abort", "broken")
    methods = {name: grpc.unary_unary_rpc_method_handler(getattr(service, name)) for name in names}
    server = grpc.server(futures.ThreadPoolExecutor(2))
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("shop.Cards", methods),))
    address = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    server.start()
    metadata = (("authorization", f"Bearer {BEARER}"), ("cookie", COOKIE), ("card-bin", LITERAL.encode()))
    with grpc.insecure_channel(address) as channel:
        for name in (*names, "made/up"):
            call = channel.unary_unary(f"/shop.Cards/{name}")
            with contextlib.suppress(grpc.RpcError):
                call(LITERAL.encode(), metadata=metadata, timeout=5)
    server.stop(None).wait()


def use_celery():
    """Send tasks by a broker in memory, and one to a broker that is away."""
    app = Celery("shop", broker="memory://", backend="cache+memory://")
    app.conf.update(task_default_queue="orders", worker_hijack_root_logger=False)

    @app.task(name="shop.charge", bind=True, max_retries=1)
    def charge(self, card, **rest):
        """Fail at first, and then for good."""
        raise self.retry(countdown=0, exc=TroubleError(TOLD))

    @app.task(name="shop.refund")
    def refund(card, **rest):
        """Return a secret."""
        return card

    named = {"number": NUMBER, "password": PASSWORD}
    headers = {"authorization": f"Bearer {BEARER}", "cookie": COOKIE}
    with start_worker(app, pool="solo", perform_ping_check=False, shutdown_timeout=20):
        # The worker knows no such task.
        app.send_task("made.up.7", (LITERAL,), named)
        for task in (refund, charge):
            result = task.apply_async((LITERAL,), named, headers=headers)
            tried(result.get, timeout=10)
    away = Celery("shop", broker=f"amqp://shop:{PASSWORD}@127.0.0.1:1//")
    away.conf.broker_transport_options = {"max_retries": 0}
    tried(away.send_task, "shop.charge", (LITERAL,), named, headers=headers, retry=False)
    tried(refund.apply, (LITERAL,), named)


# Its worker would take the streams over.
os.environ["C_FORCE_ROOT"] = "1"
with recorded():
    use_django()
    use_grpc()
    use_celery()
