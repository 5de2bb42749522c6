"""A program as a child process: its output in a file, waited for with deadlines, ended for certain."""

from collections.abc import Callable, Mapping, Sequence
import os
from pathlib import Path
import signal
import subprocess
import time

STOP_DEADLINE = 60.0
"""Seconds that a program has to end after SIGTERM before it is killed."""

_LAST_LINES = 40
_PAUSE = 0.1


class ProcessEndedError(Exception):
    """The program ended although it was still needed; the text has its last lines."""


class DeadlineError(Exception):
    """What was waited for did not happen in time; the text has the program's last lines."""


class Process:
    """A running program."""

    def __init__(
        self, name: str, command: Sequence[str | Path], log: Path, folder: Path, environment: Mapping[str, str]
    ) -> None:
        """Start `command` in `folder`, with variables on top of ours; its output is appended to `log`."""
        self.name = name
        self.log = log
        with log.open("ab") as output:
            self._process = subprocess.Popen(  # noqa: S603 - our own commands
                [os.fspath(part) for part in command],
                cwd=folder,
                env={**os.environ, **environment},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                # Ctrl-C in a terminal is for the parent alone, which ends its children in order.
                start_new_session=True,
                # A shell's background job ignores SIGINT, and would have its children ignore it too.
                preexec_fn=_heed_interrupts,  # noqa: PLW1509 - one thread, as long as processes are started
            )

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """None as long as it runs."""
        return self._process.poll()

    def last_lines(self) -> str:
        """Return the end of the output."""
        return "\n".join(self.log.read_text("utf-8", "backslashreplace").splitlines()[-_LAST_LINES:])

    def check(self) -> None:
        """Raise ProcessEndedError unless it runs."""
        if self.exit_code is not None:
            raise ProcessEndedError(
                f"{self.name} ended with {self.exit_code}. Its last lines:\n{self.last_lines()}"
            )

    def wait_until[T](self, condition: Callable[[], T | None], seconds: float, what: str) -> T:
        """Return what `condition` returns once that is true; raise when the program ends or the time is up."""
        deadline = time.monotonic() + seconds
        while not (result := condition()):
            self.check()
            if time.monotonic() > deadline:
                raise DeadlineError(
                    f"{self.name}: no {what} within {seconds:g} s. Its last lines:\n{self.last_lines()}"
                )
            time.sleep(_PAUSE)
        return result

    def wait(self, seconds: float) -> int:
        """Return the exit code; raise DeadlineError when it still runs after so many seconds."""
        try:
            return self._process.wait(seconds)
        except subprocess.TimeoutExpired as error:
            raise DeadlineError(f"{self.name} still runs after {seconds:g} s") from error

    def stop(self, seconds: float = STOP_DEADLINE) -> int:
        """Ask it to end and return its exit code; kill it when the time is up or at another Ctrl-C."""
        self.interrupt(signal.SIGTERM)
        try:
            return self._process.wait(seconds)
        except subprocess.TimeoutExpired, KeyboardInterrupt:
            return self.kill()

    def interrupt(self, number: signal.Signals) -> None:
        """Send a signal; nothing happens when it has ended already."""
        self._process.send_signal(number)

    def kill(self) -> int:
        """End it as a power cut does and return its exit code."""
        self._process.kill()
        return self._process.wait()


class Output:
    """The lines that a process appends to a file, read once each."""

    def __init__(self, path: Path) -> None:
        """Start at the end of the file as it is now."""
        self.path = path
        self._position = path.stat().st_size if path.exists() else 0

    def new_lines(self) -> list[str]:
        """Return the whole lines that were not returned before."""
        with self.path.open("rb") as file:
            file.seek(self._position)
            lines, newline, _ = file.read().rpartition(b"\n")
        self._position += len(lines) + len(newline)
        return lines.decode().splitlines()


def _heed_interrupts() -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)
