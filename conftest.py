"""Decide which tests run: slow ones on demand, and no test that needs a server skipped where it must run."""

from __future__ import annotations

import gc
import os
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    from pluggy import Result

try:
    import hypothesis
except ImportError:
    pass  # the bare environment has none, and runs no laws
else:
    # How long one example takes says something about the machine's other work, nothing about a law.
    hypothesis.settings.register_profile("midspan", deadline=None)
    if not os.environ.get("CI"):  # hypothesis has a profile of its own for such machines
        hypothesis.settings.load_profile("midspan")

try:
    from sybil import Sybil
    from sybil.integration.pytest import SybilItem
    from sybil.parsers.markdown import PythonCodeBlockParser, SkipParser
except ImportError:
    SybilItem = None  # nor does it read the documents
else:

    def _tidy(namespace: dict[str, Any]) -> None:
        from opencensus.stats.stats import stats

        from midspan import sdk
        from midspan.bridges import opencensus, opentracing
        from midspan.metrics._seam import binding

        opencensus.uninstall()
        opentracing.uninstall()
        sdk.reset()
        # The next document is read in a process of its own: without these instruments, without these views.
        namespace.clear()
        for instrument in list(binding.instruments.values()):
            binding.forget(instrument)
        stats.view_manager.measure_to_view_map.__init__()

    # Each document's Python blocks run in order and share their names, as a reader would type them.
    pytest_collect_file = Sybil(
        parsers=[PythonCodeBlockParser(), SkipParser()],
        patterns=["README.md", "CONTRIBUTING.md", "docs/*.md", "docs/**/*.md"],
        # These need libraries and servers of their own: compat_tests/integrations runs them.
        excludes=["docs/integrations/*.md"],
        teardown=_tidy,
    ).pytest()


@pytest.fixture(autouse=True)
def no_instruments_left() -> Iterator[None]:
    """Forget the instruments that a test has made: the next one's collections would tell of them."""
    from midspan.metrics._seam import binding

    before = set(binding.instruments)
    yield
    for identity, instrument in list(binding.instruments.items()):
        if identity not in before:
            binding.forget(instrument)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options that widen a run, or narrow it."""
    group = parser.getgroup("midspan")
    group.addoption("--slow", action="store_true", help="run the slow tests too")
    group.addoption("--only-slow", action="store_true", help="run nothing but the slow tests")
    group.addoption("--fewer-examples", action="store_true", help="a fifth of every law's examples")


@pytest.hookimpl(trylast=True)  # after pytest-randomly
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave the slow tests out unless they were asked for, and read documents from top to bottom."""
    if config.getoption("--only-slow"):
        _keep(config, items, lambda item: item.get_closest_marker("slow") is not None)
    elif not config.getoption("--slow"):
        _keep(config, items, lambda item: item.get_closest_marker("slow") is None)
    if config.getoption("--fewer-examples"):
        _keep_a_fifth_of_the_examples(items)
    if SybilItem is not None:
        # The sort is stable: tests stay as they are, and the documents follow in their order.
        items.sort(key=lambda item: (True, *item.location[:2]) if isinstance(item, SybilItem) else (False,))


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup() -> None:
    """Take what is there before a test out of every look at all objects, the collector's own among them.

    Each installation of the OpenCensus bridge is such a look: without this, a quarter of all the time.
    """
    gc.collect()
    gc.freeze()


def _keep(config: pytest.Config, items: list[pytest.Item], wanted: Callable[[pytest.Item], bool]) -> None:
    # Deselected, not skipped: a skip always means something.
    left_out = [item for item in items if not wanted(item)]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if wanted(item)]


def _keep_a_fifth_of_the_examples(items: list[pytest.Item]) -> None:
    # Hypothesis has no other way to scale what a test's own settings say.
    name = "_hypothesis_internal_use_settings"
    tests = (item.obj for item in items if isinstance(item, pytest.Function))
    # A method's settings are its function's, and the rows of a table share one.
    for law in {getattr(test, "__func__", test) for test in tests if hasattr(test, name)}:
        settings = getattr(law, name)
        setattr(law, name, hypothesis.settings(settings, max_examples=max(1, settings.max_examples // 5)))


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, Result[pytest.TestReport], None]:
    """Fail a `server` test that skips itself when MIDSPAN_NO_SKIPS is set: what did not run is no check."""
    outcome = yield
    report = outcome.get_result()
    must_run = os.environ.get("MIDSPAN_NO_SKIPS") and item.get_closest_marker("server") is not None
    if must_run and report.skipped and not hasattr(report, "wasxfail"):
        reason = report.longrepr[-1] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} must run here, but: {reason}"
