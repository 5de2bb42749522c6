"""Healthy runs: the command for newcomers, and what Home Assistant's log says of us in its oldest and newest."""

from collections.abc import Callable
import json
from pathlib import Path
import re
import subprocess

from tests.home_assistant.instance import REPOSITORY
from tests.home_assistant.ports import free_port
from tests.home_assistant.wattics import GAS, MAIN_METER, add_electricity, add_single_value

from .home import Home, log_lines

_DEADLINE = 600.0
_PACKETS = 20
_ACCEPTED = re.compile(r"^accepted (\{.*\})$", re.MULTILINE)
_UNTESTED = "We found a custom integration wattics which has not been tested by Home Assistant."


def test_develop_prints_packets_and_ends() -> None:
    """`scripts/develop --packets 20`, on a port of its own, and the log of that run."""
    port = free_port()
    folder = REPOSITORY / ".develop" / str(port)
    command: list[str | Path] = [
        REPOSITORY / "scripts" / "develop",
        "--packets",
        str(_PACKETS),
        "--port",
        str(port),
    ]

    run = subprocess.run(  # noqa: S603 - our own script
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=_DEADLINE, check=False
    )

    assert run.returncode == 0, run.stdout + run.stderr
    packets = [json.loads(body) for body in _ACCEPTED.findall(run.stdout)]
    assert len(packets) >= _PACKETS
    assert {packet["id"] for packet in packets} == {"main-meter", "gas", "outdoor-temperature"}
    assert {len(packet) for packet in packets if packet["id"] == "main-meter"} == {2 + len(MAIN_METER)}
    assert f"http://127.0.0.1:{port}" in run.stdout
    assert (folder / "collector" / "packets.jsonl").read_text("utf-8").count("\n") == len(packets)
    _assert_nothing_to_complain(folder / "home_assistant" / "console.log")


def test_oldest_home_assistant_has_nothing_to_complain(make_home: Callable[[str], Home]) -> None:
    """A run on the oldest Home Assistant that we support, from its first start to its end."""
    home = make_home("oldest")
    assert home.api.get("/api/config")["version"] == "2026.8.0"
    add_electricity(home.api, home.entry_id, "meter", MAIN_METER, seconds=5)
    add_single_value(home.api, home.entry_id, "gas", GAS, "m³", seconds=5)

    for stream_id in ("meter", "gas"):
        home.wait_for_packets(stream_id, 2)
    exit_code = home.home_assistant.stop()

    assert exit_code == 0
    _assert_nothing_to_complain(home.home_assistant.log)


def _assert_nothing_to_complain(log: Path) -> None:
    """Assert that no line at WARNING or above is from us or about us, and none is an error."""
    loud = [line for line in log_lines(log) if line.level in ("WARNING", "ERROR", "CRITICAL")]
    assert [line for line in loud if line.level != "WARNING"] == []
    ours = [line for line in loud if "wattics" in f"{line.logger} {line.message}"]
    # Home Assistant says this of every custom integration: that it is there proves that we look at the right log.
    assert [line.message.startswith(_UNTESTED) for line in ours] == [True]
    assert "Traceback" not in log.read_text("utf-8")
