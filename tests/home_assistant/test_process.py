"""Processes that the harness starts are waited for with deadlines and end for certain."""

from collections.abc import Callable, Iterator
from pathlib import Path
import signal
import sys

import pytest

from .process import DeadlineError, Output, Process, ProcessEndedError

_STUBBORN = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("ready", flush=True)
time.sleep(600)
"""

type Start = Callable[[str], Process]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Return a function that starts a Python program."""
    started: list[Process] = []

    def start(program: str) -> Process:
        command = [sys.executable, "-c", program]
        started.append(Process("The program", command, tmp_path / "output", tmp_path, {"GREETING": "hello"}))
        return started[-1]

    yield start
    for process in started:
        process.kill()


def test_ended_before_its_time(start: Start) -> None:
    """The error has the exit code and what the program said last."""
    process = start("import os, sys; print(os.environ['GREETING']); sys.exit(3)")
    assert process.wait(60) == 3

    with pytest.raises(ProcessEndedError, match=r"The program ended with 3\. Its last lines:\nhello"):
        process.check()
    with pytest.raises(ProcessEndedError):
        process.wait_until(lambda: None, 60, "miracle")


def test_deadlines(start: Start) -> None:
    """A program that goes on without doing what is waited for."""
    process = start(_STUBBORN)
    process.wait_until(lambda: "ready" in process.last_lines(), 60, "greeting")

    with pytest.raises(DeadlineError, match=r"The program: no miracle within 0 s\. Its last lines:\nready"):
        process.wait_until(lambda: None, 0, "miracle")
    with pytest.raises(DeadlineError):
        process.wait(0)


def test_stop_kills_a_program_that_does_not_end(start: Start) -> None:
    """SIGTERM first; SIGKILL when the time is up."""
    process = start(_STUBBORN)
    process.wait_until(lambda: "ready" in process.last_lines(), 60, "greeting")

    assert process.stop(0) == -signal.SIGKILL


def test_stop_again(start: Start) -> None:
    """Stopping what has ended does nothing but to tell the exit code."""
    process = start("import time; time.sleep(600)")

    assert process.stop(60) == -signal.SIGTERM
    assert process.stop(60) == -signal.SIGTERM


def test_output_is_read_once(tmp_path: Path) -> None:
    """Whole lines only, from where the file ended when the reading began."""
    path = tmp_path / "output"
    path.write_text("before\n", "utf-8")
    output = Output(path)

    with path.open("a", encoding="utf-8") as file:
        file.write("one\ntwo\nthr")
        file.flush()
        assert output.new_lines() == ["one", "two"]
        assert output.new_lines() == []
        file.write("ee\n")
        file.flush()
        assert output.new_lines() == ["three"]
