"""What a user should know before storing a stream that is right by itself, but may not show what is expected."""

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er

from ..delivery.packet import PARAMETERS, VALUE, Quantity
from ..sampling.stream import Stream
from .rhythm import async_usual_gaps, silence
from .sources import label
from .words import Words, literal

TEXTS: Final = "preview"
"""The selector of the translation files whose options are the sentences of advice and of all the last page."""

SHORT_INTERVAL: Final = 60
_TOLERANCE: Final = 1.1
"""Reports that are meant to come once an interval are a little late at times."""


async def async_advice(hass: HomeAssistant, stream: Stream, words: Words, now: datetime) -> list[str]:
    """Return sentences of advice, none where all is as usual."""
    return [*_on_parameters(stream, words), *await _async_on_counters(hass, stream, words, now)]


def _on_parameters(stream: Stream, words: Words) -> Iterator[str]:
    """Wattics estimates consumption from power where it has no energy, and takes peaks from power alone."""
    quantities = {PARAMETERS[code].quantity for code in stream.parameters if code != VALUE}
    if Quantity.ACTIVE_POWER in quantities and Quantity.ENERGY not in quantities:
        yield words["power_without_energy"]
    if Quantity.ENERGY in quantities and Quantity.ACTIVE_POWER not in quantities:
        yield words["energy_without_power"]
    if stream.interval < SHORT_INTERVAL:
        yield words["short_interval"]


async def _async_on_counters(hass: HomeAssistant, stream: Stream, words: Words, now: datetime) -> list[str]:
    """Tell which counters rise less often than samples are taken: those show nothing, and then all at once."""
    advice: list[str] = []
    counters = _counters(hass, stream)
    gaps = await async_usual_gaps(hass, counters, now)
    for entity_id, code in counters.items():
        key, seconds = "slow_counter", gaps.get(entity_id)
        if seconds is None and (state := hass.states.get(entity_id)) is not None:
            key, seconds = "silent_counter", silence(state, now)
        if seconds is not None and seconds > _TOLERANCE * stream.interval:
            advice.append(
                words[key].format(
                    code=code,
                    entity=literal(label(hass, entity_id)),
                    minutes=_minutes(seconds),
                    interval=_minutes(stream.interval),
                )
            )
    return advice


def _counters(hass: HomeAssistant, stream: Stream) -> dict[str, str]:
    """Return the entities that are read as counters, with their parameters."""
    registry = er.async_get(hass)
    return {
        er.async_resolve_entity_id(registry, source.id) or source.id: code
        for code, sources in stream.parameters.items()
        if stream.is_register(code)
        for source in sources
    }


def _minutes(seconds: float) -> str:
    return f"{seconds / 60:.1f}".removesuffix(".0")
