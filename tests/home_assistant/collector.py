"""The local collector as a process."""

from http.client import HTTPConnection
import json
from pathlib import Path
import re
import sys
from typing import Any

from .api import HOST, PASSWORD, USER
from .instance import REPOSITORY
from .process import Output, Process

_START_DEADLINE = 60.0
_LISTENING = re.compile(r"listening on (?P<url>http://[\d.]+:(?P<port>\d+)/\S*)")


class CollectorProcess:
    """A collector that accepts the user demo, keeps what it accepted in a file, and prints what it accepts."""

    def __init__(self, folder: Path, port: int = 0, packets: int | None = None) -> None:
        """Start and wait until it listens; port 0 is any free one. It ends by itself after so many `packets`."""
        folder.mkdir(parents=True, exist_ok=True)
        self.output = Output(folder / "collector.log")
        command: list[str | Path] = [sys.executable, "-m", "tests.collector", "--port", str(port)]
        command += ["--user", USER, "--password", PASSWORD, "--store", folder / "packets.jsonl"]
        if packets is not None:
            command += ["--packets", str(packets)]
        self.process = Process("The collector", command, self.output.path, REPOSITORY, {})
        try:
            match = self.process.wait_until(self._listening, _START_DEADLINE, "address")
        except BaseException:
            self.process.kill()
            raise
        self.url = match["url"]
        self.port = int(match["port"])

    def state(self) -> dict[str, Any]:
        """Return what it accepted, discarded and refused, and the statistics of its traffic."""
        connection = HTTPConnection(HOST, self.port)
        try:
            connection.request("GET", "/control/state")
            state: dict[str, Any] = json.loads(connection.getresponse().read())
        finally:
            connection.close()
        return state

    def stop(self) -> int:
        """End it and return its exit code."""
        return self.process.stop()

    def _listening(self) -> re.Match[str] | None:
        matches = map(_LISTENING.match, self.output.new_lines())
        return next(filter(None, matches), None)
