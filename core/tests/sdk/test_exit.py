"""However a process ends that is given a chance, what waits is exported first."""

from __future__ import annotations

import subprocess
import sys
import textwrap

import pytest

PREAMBLE = """
import sys, threading, time
from midspan import sdk, trace

class Exporter:
    def export_spans(self, spans):
        with open(sys.argv[1], "a") as file:
            file.writelines(f"{span.name}\\n" for span in spans)

def configure():
    sdk.configure(exporters=[Exporter()], batch=sdk.BatchSettings(schedule_delay_s=3600), environment={})

def emit(name):
    trace.get_tracer("t").start_span(name).end()
"""


@pytest.fixture
def run(tmp_path):
    """Run a program, and return the spans that it exported."""

    def run(body: str, *, imports: str = "import multiprocessing") -> list[str]:
        program, out = tmp_path / "program.py", tmp_path / "spans"
        program.write_text("\n".join([imports, PREAMBLE, textwrap.dedent(body)]))
        done = subprocess.run(
            [sys.executable, str(program), str(out)], capture_output=True, text=True, check=False, timeout=60
        )
        assert (0, "") == (done.returncode, done.stderr)
        return sorted(out.read_text().split()) if out.exists() else []

    return run


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_children_of_multiprocessing_export_what_they_made(run, method):
    """They end without `atexit`, by fork and by forkserver; configured before the fork or by themselves."""
    assert ["child", "parent"] == run(f"""
        def work():
            emit("child")

        if __name__ != "__main__" or "{method}" == "fork":
            configure()
        if __name__ == "__main__":
            child = multiprocessing.get_context("{method}").Process(target=work)
            child.start()
            child.join()
            if "{method}" != "fork":
                configure()
            emit("parent")
    """)


def test_workers_of_a_pool_export_what_they_made(run):
    """A pool that is closed lets its workers end."""
    assert ["task-0", "task-1", "task-2"] == run("""
        def work(number):
            emit(f"task-{number}")

        if __name__ == "__main__":
            configure()
            with multiprocessing.get_context("fork").Pool(2) as pool:
                pool.map(work, range(3))
                pool.close()
                pool.join()
    """)


def test_a_child_waits_for_its_threads(run):
    """Spans of threads that outlive a child's main function are exported as well."""
    assert ["late"] == run("""
        def late():
            time.sleep(0.2)
            emit("late")

        def work():
            threading.Thread(target=late).start()

        if __name__ == "__main__":
            configure()
            child = multiprocessing.get_context("fork").Process(target=work)
            child.start()
            child.join()
    """)


def test_a_child_that_configures_itself_after_the_fork(run):
    """Nothing was configured before; the child does it, and exports."""
    assert ["child"] == run("""
        def work():
            configure()
            emit("child")

        if __name__ == "__main__":
            child = multiprocessing.get_context("fork").Process(target=work)
            child.start()
            child.join()
    """)


def test_multiprocessing_may_be_imported_late(run):
    """A program that imports it after `configure` loses nothing either."""
    program = """
        def work():
            emit("child")

        if __name__ == "__main__":
            configure()
            import multiprocessing
            child = multiprocessing.get_context("fork").Process(target=work)
            child.start()
            child.join()
    """
    assert ["child"] == run(program, imports="")


def test_an_exception_ends_the_program_in_good_order(tmp_path):
    """A traceback is no reason to lose spans."""
    program = tmp_path / "program.py"
    program.write_text(PREAMBLE + 'configure()\nemit("s")\nraise LookupError\n')
    out = tmp_path / "spans"
    done = subprocess.run(
        [sys.executable, str(program), str(out)], capture_output=True, text=True, check=False
    )
    assert (1, True, "s\n") == (done.returncode, "LookupError" in done.stderr, out.read_text())


def test_sys_exit_ends_the_program_in_good_order(run):
    """So does leaving by `sys.exit`."""
    assert ["s"] == run('configure()\nemit("s")\nsys.exit(0)', imports="")
