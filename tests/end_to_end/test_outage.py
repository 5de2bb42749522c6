"""The collector is down and Home Assistant restarts and dies: every sample arrives all the same."""

from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from http.client import HTTPConnection
from itertools import pairwise
import json

from tests.home_assistant.api import HOST
from tests.home_assistant.wattics import (
    GAS,
    HEATING_WATER_TEMPERATURE,
    MAIN_METER,
    OUTDOOR_TEMPERATURE,
    add_electricity,
    add_single_value,
)

from .home import Home, Sample

_SECONDS = 5
_CONNECTIONS = 4
_STREAMS = {
    "gas": (GAS, "m³"),
    "outdoor": (OUTDOOR_TEMPERATURE, "°C"),
    "water": (HEATING_WATER_TEMPERATURE, "°C"),
    "water-as-is": (HEATING_WATER_TEMPERATURE, "as_is"),
    "voltage": ("sensor.main_meter_voltage_1", "V"),
}


def test_all_that_was_sampled_arrives_once_in_order(make_home: Callable[[str], Home]) -> None:
    """Collector down, three samples, SIGTERM, start, more samples, SIGKILL, start, collector up."""
    home = make_home("run")
    add_electricity(home.api, home.entry_id, "meter", MAIN_METER, seconds=_SECONDS)
    for stream_id, (entity, unit) in _STREAMS.items():
        add_single_value(home.api, home.entry_id, stream_id, entity, unit, seconds=_SECONDS)
    streams = {"meter", *_STREAMS}
    for stream_id in streams:
        home.wait_for_packets(stream_id, 1)
    home.collector.stop()

    _wait_for_samples(home, streams, 3)
    home.home_assistant.stop()
    before_restart = home.waiting()
    home.home_assistant.start()
    newest = before_restart[-1].instant
    _wait_for_samples(home, streams, 2, newest)
    home.home_assistant.process.kill()
    before_start = home.waiting()
    assert before_start[: len(before_restart)] == before_restart
    home.home_assistant.start()
    home.start_collector()
    _slow_down(home)
    up_again = datetime.now(UTC)

    home.wait_until(lambda: before_start[-1] in home.accepted(), "arrival of the newest packet")
    for stream_id in streams:
        home.wait_for_packets(stream_id, 1, after=up_again)
    state = home.collector.state()
    assert state["refused"] == []
    arrived = Counter(home.accepted())
    assert [sample for sample in before_start if arrived[sample] != 1] == []
    assert max(arrived.values()) == 1
    for stream_id in streams:
        _assert_in_order(home.accepted(stream_id))
    statistics = state["statistics"]
    assert set(statistics["most_in_flight_by_stream"].values()) == {1}
    assert statistics["most_in_flight"] == _CONNECTIONS
    assert statistics["most_connections"] == _CONNECTIONS


def _wait_for_samples(home: Home, streams: set[str], count: int, after: datetime | None = None) -> None:
    """Wait until so many packets of each stream, taken after an instant, are on disk."""

    def enough() -> bool:
        counts = Counter(sample.stream_id for sample in home.waiting() if after is None or sample.instant > after)
        return all(counts[stream_id] >= count for stream_id in streams)

    home.wait_until(enough, f"{count} samples on disk")


def _slow_down(home: Home) -> None:
    """Let the collector take its time, so that streams have to wait for connections."""
    connection = HTTPConnection(HOST, home.collector.port)
    fault = {"kind": "slow", "seconds": 0.2, "times": None}
    connection.request("POST", "/control/faults", json.dumps(fault))
    assert connection.getresponse().status == 200
    connection.close()


def _assert_in_order(samples: list[Sample]) -> None:
    instants = [sample.instant for sample in samples]
    assert all(earlier < later for earlier, later in pairwise(instants))
