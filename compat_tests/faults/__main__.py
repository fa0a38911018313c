"""Play the scenarios and print their report: `python -m compat_tests.faults --help`."""

from __future__ import annotations

import argparse
import importlib
import sys
import time
from typing import TYPE_CHECKING

from compat_tests.faults._figures import Plan, table
from compat_tests.faults._peer import python_of_the_peer
from compat_tests.faults.scenarios import NAMES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from compat_tests.faults._figures import Figures


def main(arguments: Sequence[str] | None = None) -> int:
    """Play the chosen scenarios and print their table; 1 if something did not hold."""
    options = _options(arguments)
    plan = Plan(options.full, None if options.alone else python_of_the_peer())
    found: list[tuple[str, Figures]] = []
    for name in options.names or NAMES:
        scenario = importlib.import_module(f"compat_tests.faults.scenarios.{name}")
        print(f"{name}: {scenario.__doc__.splitlines()[0]}", file=sys.stderr, flush=True)
        began_s = time.monotonic()
        found.append((name, scenario.run(plan)))
        print(f"{name}: {time.monotonic() - began_s:.0f} s", file=sys.stderr, flush=True)
    print(table(found))
    return int(any(figure.holds is False for _, figures in found for figure in figures))


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m compat_tests.faults",
        description="Do to midspan, and to its peer, what production does; print what became of them.",
        epilog=f"Scenarios: {', '.join(NAMES)}.",
    )
    parser.add_argument(
        "names", nargs="*", choices=[[], *NAMES], metavar="SCENARIO", help="all, if none is named"
    )
    parser.add_argument(
        "--full", action="store_true", help="as long as the figures are meant; else a minute or two"
    )
    parser.add_argument("--alone", action="store_true", help="leave the peer out")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
