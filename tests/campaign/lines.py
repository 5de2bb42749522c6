"""How the processes of the campaign talk: whole lines, on standard input and output."""

import asyncio
from collections.abc import Callable
import os
import sys

USER = "demo"
PASSWORD = "demo"

_STANDARD_OUTPUT = 1
_CHUNK = 65_536


def say(line: str) -> None:
    """Tell the parent: what was said outlives the process, and no line is torn (a pipe takes it whole)."""
    os.write(_STANDARD_OUTPUT, f"{line}\n".encode())


def listen(obey: Callable[[str], None], orphaned: Callable[[], None]) -> None:
    """Call `obey` with each line that the parent sends, and `orphaned` when it is gone."""
    loop = asyncio.get_running_loop()
    unfinished = b""

    def read() -> None:
        nonlocal unfinished
        chunk = os.read(sys.stdin.fileno(), _CHUNK)
        *lines, unfinished = (unfinished + chunk).split(b"\n")
        for line in lines:
            obey(line.decode())
        if not chunk:
            loop.remove_reader(sys.stdin.fileno())
            orphaned()

    loop.add_reader(sys.stdin.fileno(), read)
