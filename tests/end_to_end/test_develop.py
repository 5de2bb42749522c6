"""The command for newcomers: `scripts/develop`."""

from collections.abc import Callable, Iterator
import json
from pathlib import Path
import re
import shutil
import signal
import socket

import pytest

from tests.home_assistant.api import HOST
from tests.home_assistant.instance import REPOSITORY
from tests.home_assistant.ports import free_port, is_free
from tests.home_assistant.process import Process
from tests.home_assistant.wattics import MAIN_METER

from .log import UNTESTED, complaints

_DEADLINE = 600.0
_PACKETS = 20
_ACCEPTED = re.compile(r"^accepted (\{.*\})$", re.MULTILINE)
_COLLECTOR = re.compile(r"^Collector: http://127\.0\.0\.1:(\d+)/", re.MULTILINE)

type Develop = Callable[..., Process]


@pytest.fixture
def develop(tmp_path: Path) -> Iterator[Develop]:
    """Return a function that starts the command with arguments."""
    runs: list[Process] = []

    def start(*arguments: str) -> Process:
        command: list[str | Path] = [REPOSITORY / "scripts" / "develop", *arguments]
        runs.append(Process("scripts/develop", command, tmp_path / "develop.log", REPOSITORY, {}))
        return runs[-1]

    yield start
    for run in runs:
        run.stop()


@pytest.fixture
def port() -> Iterator[int]:
    """Return a free port for the UI; what a run on it leaves behind is removed in the end."""
    port = free_port()
    yield port
    shutil.rmtree(REPOSITORY / ".develop" / str(port), ignore_errors=True)


def test_prints_packets_and_ends(develop: Develop, port: int) -> None:
    """Every packet is printed; Home Assistant's log of the run has nothing to complain."""
    run = develop("--packets", str(_PACKETS), "--port", str(port))

    assert run.wait(_DEADLINE) == 0, run.last_lines()
    output = run.log.read_text("utf-8")
    packets = [json.loads(body) for body in _ACCEPTED.findall(output)]
    assert len(packets) >= _PACKETS
    assert {packet["id"] for packet in packets} == {"main-meter", "gas", "outdoor-temperature"}
    sizes = [len(packet) for packet in packets if packet["id"] == "main-meter"]
    # The first one may be of an interval that had begun already: it has registers, but no means.
    assert set(sizes[1:]) == {2 + len(MAIN_METER)}
    folder = REPOSITORY / ".develop" / str(port)
    assert (folder / "collector" / "packets.jsonl").read_text("utf-8").count("\n") == len(packets)
    assert complaints(folder / "home_assistant" / "console.log") == [UNTESTED]


def test_ends_on_ctrl_c_with_nothing_left_behind(develop: Develop, port: int) -> None:
    """The UI answers on this machine until then; afterwards no port is in use."""
    run = develop("--port", str(port))
    run.wait_until(lambda: f"http://{HOST}:{port}" in run.log.read_text("utf-8"), _DEADLINE, "address of the UI")
    assert not is_free(port)

    run.interrupt(signal.SIGINT)

    assert run.wait(_DEADLINE) == 0, run.last_lines()
    collector = _COLLECTOR.search(run.log.read_text("utf-8"))
    assert collector
    assert is_free(port)
    assert is_free(int(collector[1]))


def test_says_that_a_port_is_taken(develop: Develop, port: int) -> None:
    """And starts nothing."""
    with socket.create_server((HOST, port)):
        run = develop("--port", str(port))

        assert run.wait(_DEADLINE) == 1
    assert run.last_lines() == (
        f"develop: port {port} is taken: end what listens there or choose another with --port"
    )
