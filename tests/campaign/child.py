"""A child process that tells what it does, line by line; it ends for certain."""

import asyncio
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable, Sequence
from pathlib import Path
import signal
from typing import Self

from .alone import REPOSITORY
from .loops import of_the_machine

STOP_SECONDS = 20.0
"""As long may a child take to end after SIGTERM."""


class ChildEndedError(Exception):
    """A child ended while something was expected of it."""


class Child:
    """A running program; `on_line` hears all that it says, also what it said just before it was killed."""

    def __init__(self, process: Process, log: Path, on_line: Callable[[str], None]) -> None:
        """Use `start`."""
        self._process = process
        self._log = log
        self._on_line = on_line
        self._waiting: list[tuple[str, asyncio.Future[str]]] = []
        self._reading = asyncio.create_task(self._read())

    @classmethod
    async def start(cls, command: Sequence[str], log: Path, on_line: Callable[[str], None]) -> Self:
        """Start a program in the repository's folder; its complaints are appended to `log`."""
        with log.open("ab") as errors:
            process = await asyncio.create_subprocess_exec(
                *command, cwd=REPOSITORY, stdin=PIPE, stdout=PIPE, stderr=errors, start_new_session=True
            )
        return cls(process, log, on_line)

    @property
    def is_running(self) -> bool:
        """Whether it has not ended, as far as is known."""
        return self._process.returncode is None

    async def wait_for(self, beginning: str, seconds: float) -> str:
        """Return the next line that begins so. Raises TimeoutError, and ChildEndedError when it ends before."""
        if self._reading.done():
            raise ChildEndedError(f"ended, saying:\n{self.complaints()}")
        line: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._waiting.append((beginning, line))
        async with asyncio.timeout(of_the_machine(seconds)):
            return await line

    def order(self, line: str) -> None:
        """Send it a line; one that has ended hears nothing."""
        if self._process.stdin is not None and not self._process.stdin.is_closing():
            self._process.stdin.write(f"{line}\n".encode())

    def signal(self, number: signal.Signals) -> None:
        """Send a signal, if it still runs."""
        if self.is_running:
            self._process.send_signal(number)

    async def kill(self) -> int:
        """End it as a power cut ends a machine; return its exit code once all that it said was heard."""
        self.signal(signal.SIGKILL)
        return await self._ended()

    async def stop(self) -> int:
        """Ask it to end; return its exit code, that of a kill when it takes too long."""
        self.signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(of_the_machine(STOP_SECONDS)):
                return await self._ended()
        except TimeoutError:
            return await self.kill()

    def complaints(self) -> str:
        """Return what it wrote to its log."""
        return self._log.read_text("utf-8", "backslashreplace")

    async def _ended(self) -> int:
        await asyncio.shield(self._reading)
        return await self._process.wait()

    async def _read(self) -> None:
        output = self._process.stdout
        if output is None:
            raise RuntimeError("a child has no output")
        async for line in output:
            self._hear(line.decode().removesuffix("\n"))
        for _, future in self._waiting:
            if not future.done():
                future.set_exception(ChildEndedError(f"ended, saying:\n{self.complaints()}"))

    def _hear(self, line: str) -> None:
        self._on_line(line)
        for beginning, future in self._waiting:
            if line.startswith(beginning) and not future.done():
                future.set_result(line)
        self._waiting = [(beginning, future) for beginning, future in self._waiting if not future.done()]
