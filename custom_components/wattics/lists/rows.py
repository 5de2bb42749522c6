"""What is stored of a stream as a row of a list. The other way is in `drafts` and `plan`."""

from collections.abc import Iterable, Mapping
import time
from typing import Any, Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import CONF_TYPE
from homeassistant.core import HomeAssistant

from ..const import (
    CONF_DIRECTION,
    CONF_FACTOR,
    CONF_PARAMETERS,
    CONF_READING,
    SUBENTRY_ELECTRICITY,
    SUBENTRY_SINGLE_VALUE,
)
from ..flows import electricity, single_value
from ..flows.sources import StoredSource, shown_entities
from ..sampling.stream import Direction, Reading
from ..updates import async_yield_in_slices
from .fields import CODES, CONF_ENTITY, FIELDS, SOURCE_FIELDS

_DEFAULTS: Final[Mapping[str, Mapping[str, Any]]] = {
    SUBENTRY_ELECTRICITY: electricity.DEFAULTS,
    SUBENTRY_SINGLE_VALUE: single_value.DEFAULTS,
}
_SOURCE_DEFAULTS: Final[Mapping[str, Any]] = {CONF_FACTOR: 1, CONF_DIRECTION: Direction.SIGNED.value}
_EXACT: Final = 2**53
"""Below this a float holds every whole number, and JSON every integer."""


async def async_export_rows(hass: HomeAssistant, entry: ConfigEntry) -> list[dict[str, Any]]:
    """Return the streams of an account as rows, in the order in which they were added."""
    rows: list[dict[str, Any]] = []
    started = time.monotonic()
    for subentry in list(entry.subentries.values()):
        rows.append(to_row(hass, subentry.subentry_type, subentry.data))
        started = await async_yield_in_slices(started)
    return rows


def to_row(hass: HomeAssistant, kind: str, stream: Mapping[str, Any]) -> dict[str, Any]:
    """Return a stored stream of type `kind` as a row: the fields in their order, but for those with a default."""
    stream = without_defaults(kind, stream)
    parameters = stream[CONF_PARAMETERS]
    values = {
        **stream,
        CONF_TYPE: kind,
        CONF_PARAMETERS: {code: _source_rows(hass, parameters[code]) for code in CODES if code in parameters},
    }
    return {field: values[field] for field in FIELDS if field in values}


def without_defaults(kind: str, stream: Mapping[str, Any]) -> dict[str, Any]:
    """Return a stored stream without the defaults that need not be stored: what means the same becomes equal."""
    parameters = {
        code: [_without(_SOURCE_DEFAULTS, source) for source in sources]
        for code, sources in stream[CONF_PARAMETERS].items()
        if sources
    }
    plain = {**_without(_DEFAULTS[kind], stream), CONF_PARAMETERS: parameters}
    if kind == SUBENTRY_SINGLE_VALUE:
        # Streams of earlier versions say nothing.
        plain.setdefault(CONF_READING, Reading.INSTANT.value)
    return plain


def _without(defaults: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if key not in defaults or defaults[key] != value}


def _source_rows(hass: HomeAssistant, sources: Iterable[StoredSource]) -> list[dict[str, Any]]:
    sources = list(sources)
    rows: list[dict[str, Any]] = []
    for entity, source in zip(shown_entities(hass, sources), sources, strict=True):
        values = {**source, CONF_ENTITY: entity}
        rows.append({field: _plain(values[field]) for field in SOURCE_FIELDS if field in values})
    return rows


def _plain(value: object) -> object:
    """Return a number as one writes it: whole ones, as forms store them, without their `.0`."""
    if isinstance(value, float) and value.is_integer() and abs(value) < _EXACT:
        return int(value)
    return value
