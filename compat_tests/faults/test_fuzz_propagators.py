"""No header makes a propagator raise; the million is `python -m compat_tests.faults.fuzz_propagators`."""

from __future__ import annotations

import pytest

from compat_tests.faults import fuzz_propagators
from midspan import _trouble


@pytest.fixture(autouse=True)
def _forget():
    """Leave no counts behind."""
    _trouble.reset()
    yield
    _trouble.reset()


@pytest.mark.parametrize(("carriers", "seed"), [(1_000, 3), pytest.param(100_000, 4, marks=pytest.mark.slow)])
def test_spoilt_headers_harm_nobody(carriers, seed):
    """Nothing raises, nothing written ends a header, and yet much is understood."""
    counts = fuzz_propagators.fuzz(carriers, seed)
    assert (0, 0, carriers, True, True, True) == (
        counts["raised"],
        counts["headers that end early"],
        counts["carriers"],
        counts["spans found"] > carriers / 10,
        counts["baggage found"] > carriers / 10,
        counts["decisions found"] > carriers / 50,
    )


def test_the_report_tells_what_happened(capsys):
    """The exit status is 0 if nothing raised, and the counts are printed."""
    status = fuzz_propagators.main(["--carriers", "50", "--seed", "5"])
    lines = capsys.readouterr().out.splitlines()
    assert (0, "0  raised", True) == (
        status,
        lines[0].strip(),
        any(line.strip() == "50  carriers" for line in lines),
    )


def test_what_raises_is_counted(monkeypatch, capsys):
    """A propagator that raises makes the run fail, and the carrier can be found again."""

    class Raising(fuzz_propagators.Verbs):
        def extract(self, carrier, holder):
            raise OSError("no")

    monkeypatch.setitem(fuzz_propagators.PROPAGATORS, "raising", Raising())
    assert 1 == fuzz_propagators.main(["--carriers", "2", "--seed", "6"])
    assert "raising raised OSError('no') for carrier 1 of seed 6" in capsys.readouterr().err
