"""opentracing-decorator: parameters as tags and results as logs; functions nested, failing, in threads."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from opentracing_decorator import Tracing

if TYPE_CHECKING:
    from _stage import Stage

# The library opens a span around the decorating itself too, when it is used with parentheses.
GIVES = """
price
in a thread
order
  price
  price
order error
  price error
in a thread
"""


def play(stage: Stage) -> None:
    """Use the library over the tracer on the stage."""
    stage.install()
    tracing = Tracing(stage.tracer)

    @tracing.trace("price", tag_parameters=True, parameter_prefix="of", log_return=True)
    def price(thing: str, *, amount: int = 1, options: dict[str, Any] | None = None) -> dict[str, Any]:
        if amount < 0:
            raise ValueError("an amount cannot be negative")
        return {"of": thing, "is": [amount * 2.5, None, True], "more": {"deep": {"er": 1}}}

    def order_all(*things: str, amount: int = 1, span: Any = None) -> list[dict[str, Any]]:
        stage.note("the span passed is active", span is stage.tracer.active_span)
        return [price(thing, amount=amount, options={"a": {"b": [1, "two"]}}) for thing in things]

    # In this form only does the library pass the span on; as a decorator it trips over its own argument.
    order = tracing.trace("order", order_all, pass_span=True, log_return=True, flatten_return=False)

    # The global tracer serves where none is given.
    @Tracing().trace("in a thread")
    def alone() -> bool:
        return stage.tracer.active_span is not None

    order("tea", "cake")
    try:
        order("tea", amount=-1)
    except ValueError as error:
        stage.note("raised", str(error))
    with ThreadPoolExecutor() as pool:
        stage.note("active in the thread", pool.submit(alone).result())
