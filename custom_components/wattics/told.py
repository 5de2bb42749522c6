"""Repairs of an account that stay, also over a restart, until the user has read them."""

from collections.abc import Mapping, Sequence
import logging
from typing import Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir

from .const import DOMAIN
from .delivery.salvage import Salvaged

_LOGGER = logging.getLogger(__name__)

TOLD: Final = ("packets_dropped", "register_joined", "storage_damaged")

LINES_KEPT: Final = 20
"""As many of the latest lines are in a text that grows until it is read."""


@callback
def async_tell_dropped(hass: HomeAssistant, entry: ConfigEntry, packets: int) -> None:
    """Tell that packets were dropped, together with those that the user has not read of yet."""
    known = ir.async_get(hass).async_get_issue(DOMAIN, _issue_id(entry, "packets_dropped"))
    placeholders = known.translation_placeholders if known is not None else None
    packets += int((placeholders or {}).get("count", 0))
    _tell(hass, entry, "packets_dropped", {"count": str(packets)})


@callback
def async_tell_merged(hass: HomeAssistant, entry: ConfigEntry, packets: int) -> None:
    """Tell that packets were dropped because another one of the same stream and instant was there."""
    _LOGGER.warning(
        "%s packets of %s were dropped: two streams became one, and had packets of the same time",
        packets,
        entry.title,
    )
    async_tell_dropped(hass, entry, packets)


@callback
def async_tell_joined(hass: HomeAssistant, entry: ConfigEntry, lines: Sequence[str]) -> None:
    """Tell that registers go on from what Wattics has, a line each, with those not read of yet."""
    for line in lines:
        _LOGGER.warning("A register of %s goes on from what Wattics has: %s", entry.title, line)
    known = ir.async_get(hass).async_get_issue(DOMAIN, _issue_id(entry, "register_joined"))
    placeholders = known.translation_placeholders if known is not None else None
    unread = (placeholders or {}).get("registers", "").splitlines()
    latest = [*unread, *(f"- {line}" for line in lines)][-LINES_KEPT:]
    _tell(hass, entry, "register_joined", {"registers": "\n".join(latest)})


@callback
def async_tell_salvaged(hass: HomeAssistant, entry: ConfigEntry, salvaged: Salvaged) -> None:
    """Tell that the outbox was damaged."""
    _LOGGER.error(
        "The outbox of %s was damaged: %s waiting packets were carried over, %s of them for another address, which"
        " are not sent; the damaged file is kept as %s",
        entry.title,
        salvaged.waiting,
        salvaged.elsewhere,
        salvaged.aside,
    )
    placeholders = {
        "count": str(salvaged.waiting),
        "elsewhere": str(salvaged.elsewhere),
        "file": salvaged.aside.name,
    }
    _tell(hass, entry, "storage_damaged", placeholders)


@callback
def async_forget_account(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Take back what was told of an account that is removed."""
    for translation_key in TOLD:
        ir.async_delete_issue(hass, DOMAIN, _issue_id(entry, translation_key))


def _issue_id(entry: ConfigEntry, translation_key: str) -> str:
    return f"{translation_key}_{entry.entry_id}"


def _tell(hass: HomeAssistant, entry: ConfigEntry, translation_key: str, placeholders: Mapping[str, str]) -> None:
    ir.async_create_issue(
        hass,
        DOMAIN,
        _issue_id(entry, translation_key),
        is_fixable=True,
        is_persistent=True,
        severity=ir.IssueSeverity.ERROR,
        translation_key=translation_key,
        translation_placeholders={"account": entry.title, **placeholders},
    )
