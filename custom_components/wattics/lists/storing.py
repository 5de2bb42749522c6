"""Drafts as they are stored: entities by their registry ids, and what a row does not say kept or filled in."""

from collections.abc import Iterable, Mapping
from typing import Any

from homeassistant.const import CONF_NAME
from homeassistant.core import HomeAssistant

from ..const import CONF_PARAMETERS, CONF_READING, CONF_STREAM_ID, CONF_UNIT, SUBENTRY_SINGLE_VALUE
from ..delivery.packet import VALUE
from ..flows.sources import StoredSource, shown_entities, stored_sources, usual_reading, with_first_units
from ..sampling.stream import AS_IS
from .drafts import Draft
from .fields import CONF_ENTITY, FIELDS, SOURCE_FIELDS
from .rows import without_defaults


def to_stored(hass: HomeAssistant, draft: Draft, before: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return a draft in the stored shape, to take the place of what is stored `before` (None for a new stream).

    What no row says is kept as it was: how a source was found, the unit that it had when it was chosen.
    """
    old: Mapping[str, Any] = before or {}
    kept = {key: value for key, value in old.items() if key not in FIELDS}
    old_sources: Mapping[str, Iterable[StoredSource]] = old.get(CONF_PARAMETERS, {})
    sources: Mapping[str, list[Mapping[str, Any]]] = draft.stream.get(CONF_PARAMETERS, {})
    stream = {
        **kept,
        **draft.stream,
        CONF_PARAMETERS: {code: _sources(hass, sources[code], old_sources.get(code, ())) for code in sources},
    }
    stream.setdefault(CONF_NAME, draft.stream.get(CONF_STREAM_ID))
    if draft.kind == SUBENTRY_SINGLE_VALUE and CONF_READING not in stream:
        entities = [source[CONF_ENTITY] for source in sources.get(VALUE, ())]
        stream[CONF_READING] = usual_reading(hass, entities).value
    return without_defaults(draft.kind, stream)


def with_units(hass: HomeAssistant, stream: dict[str, Any]) -> dict[str, Any]:
    """Return a stream with the units that its new sources have now, where the stream takes them "as is"."""
    if VALUE not in stream[CONF_PARAMETERS]:
        return stream
    unit = stream[CONF_UNIT]
    sources = [
        source if unit == AS_IS and CONF_UNIT in source else with_first_units(hass, [source], unit)[0]
        for source in stream[CONF_PARAMETERS][VALUE]
    ]
    return {**stream, CONF_PARAMETERS: {VALUE: sources}}


def _sources(
    hass: HomeAssistant, sources: Iterable[Mapping[str, Any]], old: Iterable[StoredSource]
) -> list[StoredSource]:
    old = list(old)
    known = dict(zip(shown_entities(hass, old), old, strict=True))
    return [_source(hass, source, known.get(source[CONF_ENTITY])) for source in sources]


def _source(hass: HomeAssistant, source: Mapping[str, Any], old: StoredSource | None) -> StoredSource:
    adjustments = {key: value for key, value in source.items() if key != CONF_ENTITY}
    if old is None:
        (stored,) = stored_sources(hass, [source[CONF_ENTITY]])
        return {**stored, **adjustments}
    kept = {key: value for key, value in old.items() if key not in SOURCE_FIELDS}
    return {**kept, **adjustments}
