"""Ways to break the library on purpose: a campaign that does not notice them proves nothing."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
import json

from custom_components.wattics.delivery.acknowledgements import Acknowledgements
from custom_components.wattics.delivery.client import Client
from custom_components.wattics.delivery.database import Database, Waiting
from custom_components.wattics.delivery.errors import DeliveryError, NoAnswer, Unavailable
from custom_components.wattics.delivery.outbox import Outbox
from custom_components.wattics.delivery.packet import Packet

_SOON = 2.0

_push = Client.push
_append = Outbox.append
_peek = Database.peek


def _acknowledge_before_sending() -> None:
    """Let go of a packet when it is about to be sent."""
    sending: set[asyncio.Task[int]] = set()

    async def push(client: Client, body: bytes) -> int:
        task = asyncio.create_task(_push(client, body))
        sending.add(task)
        task.add_done_callback(sending.discard)
        return 200

    Client.push = push  # type: ignore[assignment,method-assign]


def _acknowledge_unanswered() -> None:
    """Take a lost answer for "received"."""

    async def push(client: Client, body: bytes) -> int:
        try:
            return await _push(client, body)
        except NoAnswer:
            return 200

    Client.push = push  # type: ignore[assignment,method-assign]


def _acknowledge_unavailable() -> None:
    """Take 5xx, 429 and redirects for "received"."""

    async def push(client: Client, body: bytes) -> int:
        try:
            return await _push(client, body)
        except Unavailable as error:
            return error.status

    Client.push = push  # type: ignore[assignment,method-assign]


def _skip_after_failure() -> None:
    """Give a packet up after one failure of any kind."""

    async def push(client: Client, body: bytes) -> int:
        try:
            return await _push(client, body)
        except DeliveryError:
            return 200

    Client.push = push  # type: ignore[assignment,method-assign]


def _queue_in_the_background() -> None:
    """Tell that samples are on disk before they are."""
    writing: set[asyncio.Task[list[str]]] = set()

    async def append_soon(outbox: Outbox, packets: Sequence[Packet]) -> list[str]:
        await asyncio.sleep(_SOON)
        return await _append(outbox, packets)

    async def append(outbox: Outbox, packets: Sequence[Packet]) -> list[str]:
        task = asyncio.create_task(append_soon(outbox, packets))
        writing.add(task)
        task.add_done_callback(writing.discard)
        return []

    Outbox.append = append  # type: ignore[assignment,method-assign]


def _queue_one_by_one() -> None:
    """Write each sample of a tick in a transaction of its own."""

    async def append(outbox: Outbox, packets: Sequence[Packet]) -> list[str]:
        return [late for packet in packets for late in await _append(outbox, [packet])]

    Outbox.append = append  # type: ignore[assignment,method-assign]


def _newest_first() -> None:
    """Send what was read ahead in the wrong order."""

    def peek(database: Database, stream: int, after: int | None, limit: int) -> list[Waiting]:
        return _peek(database, stream, after, limit)[::-1]

    Database.peek = peek  # type: ignore[assignment,method-assign]


def _encode_anew() -> None:
    """Send other bytes than those on disk, with the same meaning."""

    async def push(client: Client, body: bytes) -> int:
        return await _push(client, json.dumps(json.loads(body)).encode())

    Client.push = push  # type: ignore[assignment,method-assign]


def _never_write_acknowledgements() -> None:
    """Let no packet leave the outbox before the end."""

    async def add(acknowledgements: Acknowledgements, acknowledgement: object) -> None:
        """Forget it."""

    Acknowledgements.add = add  # type: ignore[assignment,method-assign]


SABOTAGE: Mapping[str, Callable[[], None]] = {
    "acknowledge-before-sending": _acknowledge_before_sending,
    "acknowledge-unanswered": _acknowledge_unanswered,
    "acknowledge-unavailable": _acknowledge_unavailable,
    "skip-after-failure": _skip_after_failure,
    "queue-in-the-background": _queue_in_the_background,
    "queue-one-by-one": _queue_one_by_one,
    "newest-first": _newest_first,
    "encode-anew": _encode_anew,
    "never-write-acknowledgements": _never_write_acknowledgements,
}
"""What can be broken, by name."""
