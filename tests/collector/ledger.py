"""What became of every packet: accepted, discarded or refused, and the rule of chronology."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

from .packets import Packet, PacketError, parse_packet


class Verdict(StrEnum):
    """What became of a packet."""

    ACCEPTED = "accepted"
    DISCARDED = "discarded"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Origin:
    """Where and when a body came in; connection 0 and no account: read from the store."""

    account: str
    connection: int
    arrived: datetime


@dataclass(frozen=True, slots=True)
class Arrival:
    """A valid packet, its exact bytes and its origin."""

    packet: Packet
    body: bytes
    origin: Origin


@dataclass(frozen=True, slots=True)
class Refusal:
    """A body that is no packet and precisely why."""

    reason: str
    body: bytes
    origin: Origin


type Listener = Callable[[Verdict, Arrival | Refusal], None]


class Ledger:
    """Judges packets and keeps them, each list in order of arrival."""

    def __init__(self, store: Path | None = None, listener: Listener | None = None) -> None:
        """Remember what `store` holds (one body a line); the listener hears of what comes from now on."""
        self.accepted: list[Arrival] = []
        self.discarded: list[Arrival] = []
        self.refused: list[Refusal] = []
        self._newest: dict[str, Arrival] = {}
        self._store = store
        self._listener = listener
        if store is not None and store.exists():
            self._remember(store)

    def newest(self, stream_id: str) -> Arrival | None:
        """Return the latest packet accepted for a stream."""
        return self._newest.get(stream_id)

    def receive(self, packet: Packet, body: bytes, origin: Origin) -> Verdict:
        """Accept a packet, or discard it when it is not newer than its stream's newest, by instant."""
        arrival = Arrival(packet, body, origin)
        newest = self._newest.get(packet.stream_id)
        if newest is not None and packet.instant <= newest.packet.instant:
            self.discarded.append(arrival)
            self._report(Verdict.DISCARDED, arrival)
            return Verdict.DISCARDED
        if self._store is not None:
            with self._store.open("ab") as store:
                store.write(body + b"\n")
        self._keep(arrival)
        self._report(Verdict.ACCEPTED, arrival)
        return Verdict.ACCEPTED

    def refuse(self, reason: str, body: bytes, origin: Origin) -> None:
        """Keep a body that is no packet, with the reason."""
        refusal = Refusal(reason, body, origin)
        self.refused.append(refusal)
        self._report(Verdict.REFUSED, refusal)

    def _keep(self, arrival: Arrival) -> None:
        self.accepted.append(arrival)
        self._newest[arrival.packet.stream_id] = arrival

    def _report(self, verdict: Verdict, entry: Arrival | Refusal) -> None:
        if self._listener is not None:
            self._listener(verdict, entry)

    def _remember(self, store: Path) -> None:
        content = store.read_bytes()
        complete = content[: content.rfind(b"\n") + 1]
        if complete != content:
            # A kill in the middle of a write leaves half a line; it was never acknowledged.
            store.write_bytes(complete)
        origin = Origin(account="", connection=0, arrived=datetime.now(UTC))
        for number, body in enumerate(complete.splitlines(), start=1):
            try:
                self._keep(Arrival(parse_packet(body), body, origin))
            except PacketError as error:
                raise ValueError(f"{store}, line {number}: {error}") from error
