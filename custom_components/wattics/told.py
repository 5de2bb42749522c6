"""Repairs of an account that stay, also over a restart, until the user has read them."""

from collections.abc import Mapping
import logging
from typing import Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir

from .const import DOMAIN
from .delivery.salvage import Salvaged

_LOGGER = logging.getLogger(__name__)

TOLD: Final = ("packets_dropped", "storage_damaged")


@callback
def async_tell_dropped(hass: HomeAssistant, entry: ConfigEntry, packets: int) -> None:
    """Tell how many packets were dropped since the start."""
    _tell(hass, entry, "packets_dropped", {"count": str(packets)})


@callback
def async_tell_salvaged(hass: HomeAssistant, entry: ConfigEntry, salvaged: Salvaged) -> None:
    """Tell that the outbox was damaged."""
    _LOGGER.error(
        "The outbox of %s was damaged: %s waiting packets were carried over, the damaged file is kept as %s",
        entry.title,
        salvaged.waiting,
        salvaged.aside,
    )
    _tell(hass, entry, "storage_damaged", {"count": str(salvaged.waiting), "file": salvaged.aside.name})


@callback
def async_forget_account(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Take back what was told of an account that is removed."""
    for translation_key in TOLD:
        ir.async_delete_issue(hass, DOMAIN, f"{translation_key}_{entry.entry_id}")


def _tell(hass: HomeAssistant, entry: ConfigEntry, translation_key: str, placeholders: Mapping[str, str]) -> None:
    ir.async_create_issue(
        hass,
        DOMAIN,
        f"{translation_key}_{entry.entry_id}",
        is_fixable=True,
        is_persistent=True,
        severity=ir.IssueSeverity.ERROR,
        translation_key=translation_key,
        translation_placeholders={"account": entry.title, **placeholders},
    )
