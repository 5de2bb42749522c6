"""A plan carried out: all of it or nothing."""

from collections.abc import Callable
from functools import partial
import time
from types import MappingProxyType

from homeassistant.config_entries import ConfigEntry, ConfigSubentry
from homeassistant.const import CONF_NAME
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import AbortFlow

from ..const import CONF_STREAM_ID
from ..updates import async_yield_in_slices
from .plan import Plan, Planned


class Outdated(Exception):
    """The account's streams changed since the plan was made, or while it was carried out."""


async def async_apply(hass: HomeAssistant, entry: ConfigEntry, plan: Plan) -> None:
    """Create and change streams as planned, a few at a time. Raises Outdated, with nothing done."""
    undo: list[Callable[[], object]] = []
    started = time.monotonic()
    try:
        for planned in (*plan.created, *plan.changed):
            undo.append(_apply(hass, entry, planned))
            started = await async_yield_in_slices(started)
    except BaseException:
        for take_back in reversed(undo):
            take_back()
            started = await async_yield_in_slices(started)
        raise


def _apply(hass: HomeAssistant, entry: ConfigEntry, planned: Planned) -> Callable[[], object]:
    """Create or change one stream; return what takes that back."""
    if planned.subentry_id is None:
        return _create(hass, entry, planned)
    subentry = entry.subentries.get(planned.subentry_id)
    if subentry is None or subentry.data != planned.before:
        raise Outdated
    return _change(hass, entry, subentry, planned)


def _create(hass: HomeAssistant, entry: ConfigEntry, planned: Planned) -> Callable[[], object]:
    subentry = ConfigSubentry(
        data=MappingProxyType(dict(planned.stream)),
        subentry_type=planned.kind,
        title=planned.stream[CONF_NAME],
        unique_id=planned.stream[CONF_STREAM_ID],
    )
    try:
        hass.config_entries.async_add_subentry(entry, subentry)
    except AbortFlow as error:
        raise Outdated from error
    return partial(_remove, hass, entry, subentry.subentry_id)


def _remove(hass: HomeAssistant, entry: ConfigEntry, subentry_id: str) -> None:
    if subentry_id in entry.subentries:
        hass.config_entries.async_remove_subentry(entry, subentry_id)


def _change(
    hass: HomeAssistant, entry: ConfigEntry, subentry: ConfigSubentry, planned: Planned
) -> Callable[[], object]:
    before, title = subentry.data, subentry.title
    name = planned.stream[CONF_NAME]
    # A title that the user gave by hand stays where the list has no other name.
    new_title = name if name != before[CONF_NAME] else title
    hass.config_entries.async_update_subentry(entry, subentry, data=planned.stream, title=new_title)

    def take_back() -> None:
        if subentry.subentry_id in entry.subentries:
            hass.config_entries.async_update_subentry(entry, subentry, data=before, title=title)

    return take_back
