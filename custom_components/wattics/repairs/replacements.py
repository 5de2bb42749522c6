"""Other sources for a stream: what is stored, what may be chosen, and what is said of it."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from homeassistant.core import HomeAssistant
import voluptuous as vol

from ..const import CONF_DIRECTION, CONF_FACTOR, CONF_MAXIMUM_RATE, CONF_PARAMETERS, CONF_SOURCE, CONF_UNIT
from ..delivery.packet import PARAMETERS, VALUE
from ..flows.checks import StreamError, by_field, check_stream, reads_register
from ..flows.choices import Unfit, async_text, async_unfit, parameter_selector, value_selector
from ..flows.sources import (
    StoredSource,
    label_source,
    label_with_unit,
    shown_entities,
    stored_sources,
    with_first_units,
)
from ..flows.words import Words, literal
from ..sampling.stream import Direction


class Replacement(NamedTuple):
    """The source `old` of the parameter `code` makes way for an entity."""

    code: str
    old: str
    entity_id: str


async def async_replacement_schema(hass: HomeAssistant, codes: Iterable[str]) -> vol.Schema:
    """Return a page with one field for each parameter, which offers the entities that can feed it."""
    return replacement_schema(codes, await async_unfit(hass, ()), await async_text(hass, ()))


def replacement_schema(codes: Iterable[str], unfit: Unfit, text: Collection[str]) -> vol.Schema:
    """Return the page, with fields that do not offer what is `unfit` for a parameter, or `text`."""
    return vol.Schema(
        {
            vol.Optional(code): value_selector(text, multiple=False)
            if code == VALUE
            else parameter_selector(PARAMETERS[code], unfit, multiple=False)
            for code in codes
        }
    )


def with_replacements(
    hass: HomeAssistant, stream: Mapping[str, Any], replacements: Iterable[Replacement]
) -> dict[str, Any]:
    """Return the stream with other sources, which take over the adjustments of those that go."""
    parameters: dict[str, list[StoredSource]] = {
        code: list(sources) for code, sources in stream[CONF_PARAMETERS].items()
    }
    for code, old, entity_id in replacements:
        for place, source in enumerate(parameters.get(code, ())):
            if source[CONF_SOURCE] == old:
                parameters[code][place] = _replaced(hass, stream, source, entity_id)
    return {**stream, CONF_PARAMETERS: parameters}


def without_sources(stream: Mapping[str, Any], gone: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """Return the stream without sources, given by code and id; a parameter without any goes with its last one."""
    left_out = set(gone)
    left = {
        code: [source for source in sources if (code, source[CONF_SOURCE]) not in left_out]
        for code, sources in stream[CONF_PARAMETERS].items()
    }
    return {**stream, CONF_PARAMETERS: {code: sources for code, sources in left.items() if sources}}


def check_replacements(
    hass: HomeAssistant,
    stream: Mapping[str, Any],
    replacements: Sequence[Replacement],
    troubled: Iterable[tuple[str, str]],
) -> tuple[dict[str, str], dict[str, str]]:
    """Return what is wrong with the chosen entities: errors by field, and what their texts name.

    `troubled` are all the sources, by code and id, that need a replacement: those that have none yet must not
    keep others from having one.
    """
    replaced = {(code, old) for code, old, _ in replacements}
    after = without_sources(with_replacements(hass, stream, replacements), set(troubled) - replaced)
    chosen = {entity_id for _, _, entity_id in replacements}
    errors = [error for error in check_stream(hass, after) if _is_about(hass, error, after, chosen)]
    return by_field(errors, lambda error: VALUE if error.path[0] == CONF_UNIT else str(error.path[1]))


def describe_replacement(
    hass: HomeAssistant, stream: Mapping[str, Any], replacement: Replacement, words: Words
) -> str:
    """Return in a sentence what will take the place of what, and what stays."""
    sentence = words["replaced"].format(
        code=replacement.code,
        old=literal(label_source(hass, replacement.old)),
        new=literal(label_with_unit(hass, replacement.entity_id)),
    )
    kept = [words[key].format(figure=figure) for key, figure in _adjustments(stream, replacement)]
    counts = [words["counts_on"]] if reads_register(stream, replacement.code) else []
    return " ".join([sentence, *kept, *counts])


def _is_about(hass: HomeAssistant, error: StreamError, stream: Mapping[str, Any], entities: set[str]) -> bool:
    """Return whether an error is about one of these entities, or about the unit that all of them have to have."""
    match error.path:
        case ("parameters", code, int(number), *_):
            return shown_entities(hass, stream[CONF_PARAMETERS][code])[number] in entities
        case path:
            return path[0] == CONF_UNIT


def _replaced(
    hass: HomeAssistant, stream: Mapping[str, Any], source: StoredSource, entity_id: str
) -> StoredSource:
    (new,) = stored_sources(hass, [entity_id])
    (stored,) = with_first_units(hass, [{**source, **new}], stream.get(CONF_UNIT, ""))
    return stored


def _adjustments(stream: Mapping[str, Any], replacement: Replacement) -> Iterator[tuple[str, str]]:
    """Yield the sentences that say what the new source takes over, and the figures in them."""
    for source in stream[CONF_PARAMETERS].get(replacement.code, ()):
        if source[CONF_SOURCE] != replacement.old:
            continue
        for key in (CONF_FACTOR, CONF_MAXIMUM_RATE):
            if key in source:
                yield f"keeps_{key}", f"{source[key]:.15g}"
        if (direction := source.get(CONF_DIRECTION, Direction.SIGNED)) != Direction.SIGNED:
            yield f"keeps_{direction}", ""
