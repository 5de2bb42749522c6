"""What the measuring programs of this package share."""

from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
import json
from pathlib import Path
import sys
from typing import Any, Literal

from .child import Child
from .lines import say

START_SECONDS = 30.0


def resident(process: int | Literal["self"] = "self") -> float:
    """Return the resident memory of a process, by its id, or of this one, in MB."""
    status = Path(f"/proc/{process}/status").read_text("ascii")
    kilobytes = next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS:"))
    return int(kilobytes) / 1000


def show(figures: Mapping[str, Any]) -> None:
    """Print figures for people, then as JSON on the last line."""
    for name, value in figures.items():
        say(f"{value!s:>10}  {name}")
    say(json.dumps(figures))


@asynccontextmanager
async def collector(
    folder: Path, port: int = 0, on_line: Callable[[str], None] = lambda _: None
) -> AsyncGenerator[tuple[Child, str]]:
    """Run a collector in a process of its own, yield it and its URL; it keeps `folder / "accepted"`."""
    program = [sys.executable, "-m", f"{__package__}.server", "--port", str(port), "--store"]
    child = await Child.start([*program, str(folder / "accepted")], folder / "collector.log", on_line)
    try:
        line = await child.wait_for("listening ", START_SECONDS)
        yield child, line.removeprefix("listening ")
    finally:
        await child.stop()
