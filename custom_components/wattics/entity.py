"""What all entities share: their device, their diagnostic nature, and when they are written."""

from collections.abc import Callable, Iterable
import time
from typing import override

from homeassistant.const import EntityCategory
from homeassistant.core import callback
from homeassistant.helpers.device_registry import DeviceInfo
from homeassistant.helpers.entity import Entity, EntityDescription
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .account import Account, WatticsConfigEntry
from .devices import account_identifier, stream_identifier
from .updates import async_yield_in_slices


class WatticsEntity(Entity):
    """An entity that is written when its subject, a stream or the account, changed."""

    _attr_entity_category = EntityCategory.DIAGNOSTIC
    _attr_has_entity_name = True
    _attr_should_poll = False

    def __init__(self, account: Account, description: EntityDescription, subject: str | None) -> None:
        """`subject` is a stream's subentry id, or None for the account."""
        self.entity_description = description
        self._account = account
        self._subject = subject
        entry = account.entry
        identifier = account_identifier(entry) if subject is None else stream_identifier(subject)
        self._attr_unique_id = f"{entry.entry_id if subject is None else subject}_{description.key}"
        self._attr_device_info = DeviceInfo(identifiers={identifier})

    @override
    async def async_added_to_hass(self) -> None:
        self.async_on_remove(self._account.updates.async_listen(self._subject, self.async_write_ha_state))


class AccountEntity(WatticsEntity):
    """An entity of an account."""

    def __init__(self, account: Account, description: EntityDescription) -> None:
        """Belong to the account's device."""
        super().__init__(account, description, None)


class StreamEntity(WatticsEntity):
    """An entity of a stream."""

    def __init__(self, account: Account, description: EntityDescription, key: str) -> None:
        """Belong to the device of the stream whose subentry id is `key`."""
        super().__init__(account, description, key)
        self._key = key

    @property
    @override
    def available(self) -> bool:
        """Whether the stream still exists: its entities outlive it by a moment."""
        return self._key in self._account.streams


async def async_add_stream_entities(
    entry: WatticsConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
    make: Callable[[str], Iterable[Entity]],
) -> None:
    """Add what `make` returns for each stream's subentry id, and later for each new one, a few at a time."""
    account = entry.runtime_data

    @callback
    def add(key: str) -> None:
        async_add_entities(make(key), config_subentry_id=key)

    started = time.monotonic()
    for key in list(account.streams):
        add(key)
        started = await async_yield_in_slices(started)
    entry.async_on_unload(account.changes.async_on_new_stream(add))
