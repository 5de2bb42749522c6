"""A home under test: its Home Assistant, its collector, and what each of them knows."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
import json
from pathlib import Path
import sqlite3
from typing import Any, Self

from tests.home_assistant.api import PASSWORD, USER, Api
from tests.home_assistant.collector import CollectorProcess
from tests.home_assistant.instance import HomeAssistant
from tests.home_assistant.ports import free_port
from tests.home_assistant.wattics import add_account

TIME_ZONE = "Europe/Rome"
"""Home Assistant's time zone in all homes."""
DEADLINE = 120.0
"""Seconds until something has to have happened: many, for slow machines."""


@dataclass(frozen=True, slots=True)
class Sample:
    """A packet as it was accepted or as it waits in the outbox."""

    body: str

    @property
    def members(self) -> dict[str, Any]:
        """Everything that is in it."""
        members: dict[str, Any] = json.loads(self.body)
        return members

    @property
    def stream_id(self) -> str:
        """The stream that it belongs to."""
        return str(self.members["id"])

    @property
    def stamp(self) -> str:
        """The timestamp as it was sent."""
        return str(self.members["tsISO8601"])

    @property
    def instant(self) -> datetime:
        """The timestamp's instant, in its own offset."""
        return datetime.fromisoformat(self.stamp)

    @property
    def values(self) -> dict[str, float]:
        """Code → value."""
        return {key: value for key, value in self.members.items() if key not in ("id", "tsISO8601")}


class Home:
    """Home Assistant with simulated meters and an account at a collector of its own."""

    def __init__(self, environment: str, folder: Path) -> None:
        """Prepare the folders; `start` starts all."""
        self._folder = folder
        self.home_assistant = HomeAssistant(environment, folder / "home_assistant", free_port(), TIME_ZONE)
        self.entry_id = ""
        self._collector: CollectorProcess | None = None
        self._collector_port = free_port()

    def __enter__(self) -> Self:
        """Return the home."""
        return self

    def __exit__(self, *_: object) -> None:
        """End both processes."""
        self.close()

    def start(self) -> None:
        """Start both processes, install the meters, add the account."""
        self.start_collector()
        self.home_assistant.start()
        self.home_assistant.add_meters()
        self.entry_id = add_account(self.api, self.collector.url, USER, PASSWORD)

    def close(self) -> None:
        """End both processes."""
        try:
            self.home_assistant.stop()
        finally:
            if self._collector:
                self._collector.stop()

    @property
    def api(self) -> Api:
        """Home Assistant's interface."""
        return self.home_assistant.api

    @property
    def collector(self) -> CollectorProcess:
        """The collector that was started last."""
        if self._collector is None:
            raise RuntimeError("the collector has not been started")
        return self._collector

    def start_collector(self) -> None:
        """Start a collector at the home's port, with all that one before it accepted."""
        self._collector = CollectorProcess(self._folder / "collector", self._collector_port)

    def accepted(self, *stream_ids: str) -> list[Sample]:
        """Return what the collector accepted of these streams, or of all, in the order of arrival."""
        samples = [Sample(body) for body in self.collector.state()["accepted"]]
        return [sample for sample in samples if not stream_ids or sample.stream_id in stream_ids]

    def wait_for_packets(self, stream_id: str, count: int, after: datetime | None = None) -> list[Sample]:
        """Return the accepted packets of a stream, taken after an instant, once there are so many."""

        def enough() -> list[Sample] | None:
            samples = [one for one in self.accepted(stream_id) if after is None or one.instant > after]
            return samples if len(samples) >= count else None

        return self.wait_until(enough, f"{count} packets of {stream_id}")

    def wait_until[T](self, condition: Callable[[], T | None], what: str) -> T:
        """Return what `condition` returns once that is true, while Home Assistant runs."""
        return self.home_assistant.process.wait_until(condition, DEADLINE, what)

    def waiting(self) -> list[Sample]:
        """Return the packets on disk that are not acknowledged, by instant; the file stays as it is."""
        path = self.home_assistant.folder / ".storage" / "wattics" / f"{self.entry_id}.db"
        connection = sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)
        try:
            rows = connection.execute("SELECT body FROM packets ORDER BY instant, stream").fetchall()
        finally:
            connection.close()
        return [Sample(bytes(body).decode()) for (body,) in rows]
