"""Celery ends the processes of its pool without a word to Python: every task is one trace nevertheless."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pytest

from compat_tests.life import _servers
from compat_tests.life._servers import CELERY, celery

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.slow, pytest.mark.server]
_numbers = itertools.count()


@pytest.fixture(scope="module")
def redis() -> Iterator[str]:
    """A broker."""
    with _servers.broker() as url:
        yield url


@pytest.mark.parametrize(
    ("name", "tasks", "instances"),
    [
        ("Celery, prefork", 100, 2),
        ("Celery, max-tasks-per-child 1", 4, 4),
    ],
)
def test_every_task_is_one_trace(redis, name, tasks, instances):
    """None is lost, none comes twice, and each process of the pool is an instance of its own."""
    run = celery(CELERY[name], tasks, broker=f"{redis}/{next(_numbers)}")
    assert (True, instances) == (run.account.is_exact, run.account.instances), f"{run.account}\n{run.log}"
