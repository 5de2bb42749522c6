"""The streams that the meters of the Energy dashboard can become, and why some can't."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import chain
import time
from typing import Any, Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, valid_entity_id
from homeassistant.helpers import entity_registry as er

from ..const import (
    CONF_DIRECTION,
    CONF_PARAMETERS,
    CONF_READING,
    CONF_UNIT,
    SUBENTRY_ELECTRICITY,
    SUBENTRY_SINGLE_VALUE,
)
from ..delivery.packet import PARAMETERS, VALUE
from ..energy_dashboard import Meter, Power
from ..sampling.stream import Direction, Reading
from ..sampling.values import unit_of
from ..updates import async_yield_in_slices
from .checks import check_sources, check_value
from .sources import SourceError, StoredSource, check_source, describe, shown_entities, stored_sources

ENERGY_CODE: Final = "pC_1"
POWER_CODE: Final = "aP_1"
"""A meter with one total sends it as its first phase."""


class Unfit(StrEnum):
    """Why a meter can't become a stream."""

    EXTERNAL = "external"
    MISSING = "missing"
    DISABLED = "disabled"
    NOT_NUMERIC = SourceError.NOT_NUMERIC.value
    WRONG_UNIT = SourceError.WRONG_UNIT.value
    NET_COUNTER = SourceError.NET_COUNTER.value


@dataclass(frozen=True, slots=True)
class Candidate:
    """A stream that a meter can become.

    `stream` lacks only name, id and interval. `lost_power` is the statistic id of a power that the dashboard
    has for the meter but that can't be used.
    """

    meter: Meter
    subentry_type: str
    stream: Mapping[str, Any]
    lost_power: str | None = None


@dataclass(frozen=True, slots=True)
class Offer:
    """What the dashboard has for an account. `mapped` are the meters that feed a stream of the account already."""

    candidates: list[Candidate] = field(default_factory=list)
    mapped: list[Meter] = field(default_factory=list)
    unfit: list[tuple[Meter, Unfit]] = field(default_factory=list)


async def async_make_offer(hass: HomeAssistant, entry: ConfigEntry, meters: Iterable[Meter]) -> Offer:
    """Sort meters by what can be done with them for an account; one that is there twice counts as the first."""
    offer = Offer()
    started = time.monotonic()
    in_use = set(_entities_in_use(hass, entry))
    by_id: dict[str, Meter] = {}
    for meter in meters:
        by_id.setdefault(meter.statistic_id, meter)
    for statistic_id, meter in by_id.items():
        started = await async_yield_in_slices(started)
        if statistic_id in in_use:
            offer.mapped.append(meter)
        elif reason := why_unfit(hass, meter):
            offer.unfit.append((meter, reason))
        else:
            offer.candidates.append(_candidate(hass, meter))
    return offer


def why_unfit(hass: HomeAssistant, meter: Meter) -> Unfit | None:
    """Return why a meter can't become a stream, None if it can."""
    if reason := _why_no_source(hass, meter.statistic_id):
        return reason
    stream = _stream(hass, meter)
    errors = check_sources(hass, stream)
    if VALUE in stream[CONF_PARAMETERS]:
        errors = chain(errors, check_value(hass, stream))
    return next((Unfit(error.key) for error in errors), None)


def _entities_in_use(hass: HomeAssistant, entry: ConfigEntry) -> Iterator[str]:
    for subentry in entry.subentries.values():
        for sources in subentry.data[CONF_PARAMETERS].values():
            yield from shown_entities(hass, sources)


def _why_no_source(hass: HomeAssistant, statistic_id: str) -> Unfit | None:
    """Return why a statistic is no entity that has values."""
    if not valid_entity_id(statistic_id):
        return Unfit.EXTERNAL
    if describe(hass, statistic_id) is None:
        return Unfit.MISSING
    entry = er.async_get(hass).async_get(statistic_id)
    return Unfit.DISABLED if entry is not None and entry.disabled else None


def _candidate(hass: HomeAssistant, meter: Meter) -> Candidate:
    stream = _stream(hass, meter)
    if not meter.kind.is_electricity:
        return Candidate(meter, SUBENTRY_SINGLE_VALUE, stream)
    power = meter.power
    if power is None:
        return Candidate(meter, SUBENTRY_ELECTRICITY, stream)
    if not _is_power(hass, power.statistic_id):
        return Candidate(meter, SUBENTRY_ELECTRICITY, stream, power.statistic_id)
    parameters = {POWER_CODE: _power_sources(hass, power), **stream[CONF_PARAMETERS]}
    return Candidate(meter, SUBENTRY_ELECTRICITY, {**stream, CONF_PARAMETERS: parameters})


def _stream(hass: HomeAssistant, meter: Meter) -> dict[str, Any]:
    """Return what is stored for a meter's counter."""
    sources = stored_sources(hass, [meter.statistic_id])
    if meter.kind.is_electricity:
        return {CONF_PARAMETERS: {ENERGY_CODE: sources}}
    state = describe(hass, meter.statistic_id)
    return {
        CONF_PARAMETERS: {VALUE: sources},
        CONF_UNIT: unit_of(state) if state else None,
        CONF_READING: Reading.CUMULATIVE.value,
    }


def _power_sources(hass: HomeAssistant, power: Power) -> list[StoredSource]:
    sources = stored_sources(hass, [power.statistic_id])
    if power.direction is Direction.SIGNED:
        return sources
    return [{**source, CONF_DIRECTION: power.direction.value} for source in sources]


def _is_power(hass: HomeAssistant, statistic_id: str) -> bool:
    if _why_no_source(hass, statistic_id):
        return False
    return check_source(hass, statistic_id, POWER_CODE, PARAMETERS[POWER_CODE].unit) is None
