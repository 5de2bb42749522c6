"""Whether an account reaches Wattics, and whether a stream needs somebody's attention."""

from typing import Final, override

from homeassistant.components.binary_sensor import (
    BinarySensorDeviceClass,
    BinarySensorEntity,
    BinarySensorEntityDescription,
)
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.util import dt as dt_util

from .account import WatticsConfigEntry
from .entity import AccountEntity, StreamEntity, async_add_stream_entities

PARALLEL_UPDATES = 0

CONNECTED: Final = BinarySensorEntityDescription(
    key="connected", translation_key="connected", device_class=BinarySensorDeviceClass.CONNECTIVITY
)
PROBLEM: Final = BinarySensorEntityDescription(
    key="problem", translation_key="problem", device_class=BinarySensorDeviceClass.PROBLEM
)


async def async_setup_entry(
    hass: HomeAssistant, entry: WatticsConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the account's binary sensor and those of its streams."""
    account = entry.runtime_data
    async_add_entities([ConnectedBinarySensor(account, CONNECTED)])
    await async_add_stream_entities(
        entry, async_add_entities, lambda key: [ProblemBinarySensor(account, PROBLEM, key)]
    )


class ConnectedBinarySensor(AccountEntity, BinarySensorEntity):
    """On while Wattics takes packets."""

    @property
    @override
    def is_on(self) -> bool | None:
        return self._account.is_connected


class ProblemBinarySensor(StreamEntity, BinarySensorEntity):
    """On when somebody should look after the stream: see `status.Situation.is_problem`."""

    @property
    @override
    def is_on(self) -> bool:
        return self._account.situation(self._key).is_problem(dt_util.utcnow())
