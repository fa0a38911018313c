"""Attach and detach in any order, from any thread or task: nothing is raised, and the context comes back."""

from __future__ import annotations

import asyncio
import contextvars
import threading

from hypothesis import given, settings
from hypothesis import strategies as st

from midspan import baggage, context
from midspan.context import EMPTY

names = st.text("abc", min_size=1, max_size=3)


def fresh(function):
    """Run a program in a thread of its own, where nothing is current."""
    outcome: list = []

    def run() -> None:
        try:
            outcome.append(function())
        except BaseException as error:
            outcome.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    if isinstance(outcome[0], BaseException):
        raise outcome[0]
    return outcome[0]


def elsewhere(how: str, function, *arguments: object) -> None:
    """Call a function here, in a copy of this context, in another thread, or in a task."""
    if how == "copy":
        contextvars.copy_context().run(function, *arguments)
    elif how == "thread":
        thread = threading.Thread(target=function, args=arguments)
        thread.start()
        thread.join()
    elif how == "task":

        async def task() -> None:
            function(*arguments)

        asyncio.run(task())
    else:
        function(*arguments)


places = st.sampled_from(["here", "here", "copy", "thread", "task"])


@settings(max_examples=50)  # each starts threads and loops
@given(st.permutations(range(5)), st.lists(places, min_size=5, max_size=5))
def test_once_all_are_detached_nothing_is_current(order, where):
    """Whichever is detached first, and wherever."""

    def program() -> object:
        tokens = [context.attach(EMPTY.with_baggage({"n": str(number)})) for number in range(5)]
        for number, how in zip(order, where, strict=True):
            elsewhere(how, context.detach, tokens[number])
        return context.current()

    assert EMPTY is fresh(program)


@given(st.permutations(range(5)), st.integers(min_value=0, max_value=5))
def test_what_is_current_is_the_last_that_is_still_attached(order, count):
    """After some were detached here, in any order, the youngest of the others is current."""

    def program() -> object:
        tokens = [context.attach(EMPTY.with_baggage({"n": str(number)})) for number in range(5)]
        for number in order[:count]:
            context.detach(tokens[number])
        return context.current().baggage.get("n")

    left = [number for number in range(5) if number not in order[:count]]
    assert (str(max(left)) if left else None) == fresh(program)


steps = st.lists(st.tuples(st.sampled_from(["attach", "detach"]), st.integers(0, 7), places), max_size=20)


@settings(max_examples=50)
@given(steps)
def test_any_sequence_of_steps_ends_where_it_began(steps):
    """Attach and detach, again and again, some twice, some never; what is still attached goes at the end."""

    def program() -> object:
        before = context.attach(EMPTY.with_baggage({"before": "yes"}))
        tokens: list[context.Token] = []
        for step, number, how in steps:
            if step == "attach":
                tokens.append(context.attach(EMPTY.with_baggage({"n": str(number)})))
            elif tokens:
                elsewhere(how, context.detach, tokens[number % len(tokens)])
        for token in tokens:
            context.detach(token)
        inside = dict(context.current().baggage)
        context.detach(before)
        return inside, context.current()

    assert ({"before": "yes"}, EMPTY) == fresh(program)


@given(st.lists(st.tuples(names, names), max_size=6))
def test_baggage_adds_up_and_comes_off(pairs):
    """Nested values are those of a dictionary that is updated; after the blocks nothing is left."""

    def program(rest: list) -> dict:
        if not rest:
            return dict(baggage.get_all())
        with baggage.attached(dict(rest[:1])):
            return program(rest[1:])

    assert (dict(pairs), {}) == fresh(lambda: (program(list(pairs)), dict(baggage.get_all())))


@given(st.dictionaries(names, names, max_size=4), names, names)
def test_setting_and_removing_are_a_dictionarys(start, name, value):
    """`set_baggage` and `remove_baggage` make new contexts and leave the old ones alone."""
    base = EMPTY.with_baggage(start)
    with_it = baggage.set_baggage(name, value, base)
    assert {**start, name: value} == dict(baggage.get_all(with_it))
    assert {k: v for k, v in start.items() if k != name} == dict(
        baggage.get_all(baggage.remove_baggage(name, with_it))
    )
    assert start == dict(baggage.get_all(base))
