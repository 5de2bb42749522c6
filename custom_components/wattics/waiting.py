"""What flows ask and decide of an account's waiting packets, whether the account is loaded or not."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant

from .account import Account, WatticsConfigEntry
from .delivery.outbox import Outbox
from .storage import async_get_outbox, async_release_outbox


async def async_count_waiting(hass: HomeAssistant, entry: WatticsConfigEntry, stream_id: str | None = None) -> int:
    """Return how many packets wait or were rejected, of one stream or of all. Raises OutboxError."""
    async with _async_outbox(hass, entry) as outbox:
        on_their_way = {source for source, target in outbox.moves.items() if target == stream_id}
        stream_ids = {stream_id, *on_their_way}
        kept = sum(
            record.queued + record.rejected
            for record in outbox.streams.values()
            if stream_id is None or record.stream_id in stream_ids
        )
        unsaved = account.intake.unsaved if (account := _loaded(entry)) is not None else ()
        return kept + sum(stream_id is None or packet.stream_id in stream_ids for packet in unsaved)


async def async_plan_move(hass: HomeAssistant, entry: WatticsConfigEntry, source: str, target: str) -> None:
    """Let waiting packets go along when the account's URL, or a stream's id, changes. Raises OutboxError."""
    async with _async_outbox(hass, entry) as outbox:
        await outbox.plan_move(source, target)


async def async_withdraw_move(hass: HomeAssistant, entry: WatticsConfigEntry, source: str) -> None:
    """Let no waiting packets go along from the account's URL, or a stream's id. Raises OutboxError."""
    async with _async_outbox(hass, entry) as outbox:
        await outbox.withdraw_move(source)


async def async_discard_waiting(hass: HomeAssistant, entry: WatticsConfigEntry, stream_id: str | None) -> None:
    """Delete the waiting packets of one stream, or of all, rejected ones too. Raises OutboxError."""
    if (account := _loaded(entry)) is not None:
        await account.async_discard(stream_id)
        return
    async with _async_outbox(hass, entry) as outbox:
        await outbox.discard(stream_id)


def _loaded(entry: WatticsConfigEntry) -> Account | None:
    return entry.runtime_data if entry.state is ConfigEntryState.LOADED else None


@asynccontextmanager
async def _async_outbox(hass: HomeAssistant, entry: WatticsConfigEntry) -> AsyncGenerator[Outbox]:
    """Use the account's outbox: the one that is open, or the file while the account is not loaded."""
    if (account := _loaded(entry)) is not None:
        yield account.outbox
        return
    outbox = async_get_outbox(hass, entry)
    try:
        await outbox.open()
        yield outbox
    finally:
        await async_release_outbox(hass, outbox)
