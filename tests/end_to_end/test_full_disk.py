"""A disk that takes no more: samples wait in memory, the user hears of it, and all arrive once there is room."""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from datetime import timedelta
import resource
from typing import Any

from tests.home_assistant.process import Process
from tests.home_assistant.wattics import (
    GAS,
    MAIN_METER,
    OUTDOOR_TEMPERATURE,
    add_electricity,
    add_single_value,
)

from .home import Home

_SECONDS = 5
_STREAMS = ("meter", "gas", "outdoor")
_KEPT = 4 * len(_STREAMS)
"""As many samples are to be kept in memory before the disk is well again."""


def test_a_full_disk_costs_no_sample(make_home: Callable[[str], Home]) -> None:
    home = make_home("run")
    add_electricity(home.api, home.entry_id, "meter", MAIN_METER, seconds=_SECONDS)
    add_single_value(home.api, home.entry_id, "gas", GAS, "m³", seconds=_SECONDS)
    add_single_value(home.api, home.entry_id, "outdoor", OUTDOOR_TEMPERATURE, "°C", seconds=_SECONDS)
    for stream_id in _STREAMS:
        home.wait_for_packets(stream_id, 2)
    account = home.home_assistant.folder / ".storage" / "wattics" / f"{home.entry_id}.db"

    with _no_file_larger(home.home_assistant.process, account.with_name(f"{account.name}-wal").stat().st_size):
        home.wait_until(lambda: _repairs(home) == ["storage_full"], "repair")
        home.wait_until(lambda: set(_shown(home, "_status")) == {"storage"}, "status of each stream")
        home.wait_until(lambda: _queued(home) >= _KEPT, "samples in memory")
        assert len(home.waiting()) < _KEPT
        before = home.accepted()
    home.wait_until(lambda: _repairs(home) == [], "end of the repair")
    home.wait_until(lambda: set(_shown(home, "_status")) == {"ok"}, "status of each stream")

    newest = max(sample.instant for sample in before)
    for stream_id in _STREAMS:
        home.wait_for_packets(stream_id, 2 + _KEPT // len(_STREAMS), after=newest)
        instants = [sample.instant for sample in home.accepted(stream_id)]
        assert instants == [instants[0] + number * timedelta(seconds=_SECONDS) for number in range(len(instants))]
    state = home.collector.state()
    assert (state["discarded"], state["refused"]) == ([], [])


@contextmanager
def _no_file_larger(process: Process, size: int) -> Generator[None]:
    """Let the operating system refuse to let a process write beyond a file's first so many bytes."""
    _, most = resource.prlimit(process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (size, most))
    try:
        yield
    finally:
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (most, most))


def _repairs(home: Home) -> list[str]:
    return [issue["translation_key"] for issue in home.api.repairs("wattics")]


def _shown(home: Home, key: str) -> list[Any]:
    """Return the states of the streams' entities whose ids end so."""
    states = home.api.states()
    return [states[f"sensor.{stream_id}{key}"]["state"] for stream_id in _STREAMS]


def _queued(home: Home) -> int:
    """Return how many packets the account says that it keeps, in memory or on disk."""
    return sum(
        int(state["state"])
        for entity_id, state in home.api.states().items()
        if entity_id.startswith("sensor.demo_") and entity_id.endswith("_packets_queued")
    )
