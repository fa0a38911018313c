"""Send spoilt headers to every propagator: `python -m compat_tests.faults.fuzz_propagators --help`.

Each carrier goes to every built-in format, to all of them composed, and through the verbs of the package;
what is found is sent on and read again. Nothing may raise, and nothing that is written may end a header. The
exit status is 0 if that held; with the same seed the same carriers are sent. A million takes ten minutes.
"""

from __future__ import annotations

import argparse
import itertools
import sys
import time
from collections import Counter
from typing import TYPE_CHECKING, Any

from core.tests.propagation import hostile
from midspan import _trouble, context, propagation
from midspan.propagation._names import _BUILT_IN

if TYPE_CHECKING:
    from collections.abc import Sequence

NAMES = [name for name in _BUILT_IN if name != "gcp"]  # which is another name of cloudtrace
SLOW_S = 0.001


class Verbs:
    """The package's own verbs, as a propagator."""

    def inject(self, carrier: Any, holder: context.Context) -> None:
        """Inject by the global propagator."""
        propagation.inject(carrier, holder)

    def extract(self, carrier: Any, holder: context.Context) -> context.Context:
        """Extract by the global propagator."""
        return propagation.extract(carrier, holder)


PROPAGATORS: dict[str, Any] = {
    **{name: propagation.by_name([name]) for name in NAMES},
    "all, composed": propagation.by_name(NAMES),
    "the verbs": Verbs(),
}


def fuzz(carriers: int, seed: int) -> Counter[str]:
    """Send carriers, and return how often what happened."""
    counts: Counter[str] = Counter()
    for number, carrier in enumerate(itertools.islice(hostile.carriers(seed), carriers)):
        counts["carriers"] += 1
        for name, propagator in PROPAGATORS.items():
            try:
                counts.update(_send(propagator, carrier))
            except Exception as error:
                counts["raised"] += 1
                print(f"{name} raised {error!r} for carrier {number} of seed {seed}", file=sys.stderr)
    counts.update({f"reported as {cause}": count for cause, count in _trouble.counts().items()})
    return counts


def _send(propagator: Any, carrier: Any) -> list[str]:
    """Extract, inject, extract again, and tell what there was."""
    found, took_s = _timed(propagator, carrier)
    limit_s = SLOW_S * len(getattr(propagator, "members", "1"))
    if took_s > limit_s:
        # Once may be the collector of garbage; a slow carrier is slow each time.
        took_s = min(_timed(propagator, carrier)[1] for _ in range(3))
    headers: dict[str, Any] = {}
    propagator.inject(headers, found)
    propagator.extract(headers, context.EMPTY)
    happened = ["extractions"]
    if any(
        set("\r\n\0") & {*name, *(value if isinstance(value, str) else "")} for name, value in headers.items()
    ):
        happened.append("headers that end early")
    if took_s > limit_s:
        happened.append("extractions of more than 1 ms a format")
    if found.span is not None:
        happened.append("spans found" if found.span.context.is_valid else "decisions found")
    if found.baggage:
        happened.append("baggage found")
    return happened


def _timed(propagator: Any, carrier: Any) -> tuple[context.Context, float]:
    begin = time.thread_time()
    found = propagator.extract(carrier, context.EMPTY)
    return found, time.thread_time() - begin


def report(counts: Counter[str], took_s: float) -> str:
    """Return the counts as a table."""
    rows = [("raised", counts["raised"]), ("headers that end early", counts["headers that end early"])]
    rows += sorted(item for item in counts.items() if item not in rows)
    lines = [f"{count:>12,}  {what}" for what, count in rows]
    return "\n".join([*lines, f"{took_s:>12,.0f}  seconds"])


def main(arguments: Sequence[str] | None = None) -> int:
    """Fuzz, print the report, and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--carriers", type=int, default=100_000, help="how many (100,000)")
    parser.add_argument("--seed", type=int, default=1, help="what the carriers are made from (1)")
    options = parser.parse_args(arguments)
    begin = time.perf_counter()
    counts = fuzz(options.carriers, options.seed)
    print(report(counts, time.perf_counter() - begin))
    return 1 if counts["raised"] or counts["headers that end early"] else 0


if __name__ == "__main__":
    sys.exit(main())
