"""Try again now; ask Wattics now."""

from typing import Final, override

from homeassistant.components.button import ButtonEntity, ButtonEntityDescription
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .account import WatticsConfigEntry
from .const import DOMAIN
from .delivery.errors import DeliveryError
from .entity import AccountEntity, StreamEntity, async_add_stream_entities

PARALLEL_UPDATES = 1

RETRY: Final = ButtonEntityDescription(key="retry", translation_key="retry")
VERIFY: Final = ButtonEntityDescription(key="verify", translation_key="verify")


async def async_setup_entry(
    hass: HomeAssistant, entry: WatticsConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the account's button and those of its streams."""
    account = entry.runtime_data
    async_add_entities([RetryButton(account, RETRY)])
    await async_add_stream_entities(entry, async_add_entities, lambda key: [VerifyButton(account, VERIFY, key)])


class RetryButton(AccountEntity, ButtonEntity):
    """Sends at once whatever waits for a later try."""

    @override
    async def async_press(self) -> None:
        self._account.upload.uploader.retry()


class VerifyButton(StreamEntity, ButtonEntity):
    """Asks Wattics for the last packet that it processed."""

    @override
    async def async_press(self) -> None:
        try:
            await self._account.async_verify(self._key)
        except DeliveryError as error:
            raise HomeAssistantError(
                translation_domain=DOMAIN,
                translation_key="verify_failed",
                translation_placeholders={"stream": self._account.streams[self._key].name, "error": str(error)},
            ) from error
