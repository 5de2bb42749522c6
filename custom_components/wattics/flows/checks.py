"""Whether a stream may be stored as it is: the rules of the forms, of pasted lists and of all that makes streams.

Streams come in the shape that subentries have, with values of the right types and choices that exist; what
is checked is whether they make sense, by themselves and with the entities of this Home Assistant.
"""

from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
import math
from types import MappingProxyType
from typing import Any, Final, NamedTuple
import unicodedata

from homeassistant.core import HomeAssistant

from ..const import (
    CONF_DIRECTION,
    CONF_FACTOR,
    CONF_INTERVAL,
    CONF_MAXIMUM_AGE,
    CONF_MAXIMUM_RATE,
    CONF_METHOD,
    CONF_PARAMETERS,
    CONF_READING,
    CONF_STREAM_ID,
    CONF_TIME_ZONE,
    CONF_UNIT,
)
from ..delivery.packet import PARAMETERS, VALUE
from ..sampling.schedule import is_valid_interval
from ..sampling.stream import AS_IS, Method, Reading, is_register, takes_direction, takes_factor
from .sources import (
    StoredSource,
    check_numeric,
    check_register,
    check_source,
    describe,
    describe_all,
    label_with_unit,
    shown_entities,
)
from .units import is_unit_for

MAX_STREAM_ID_LENGTH: Final = 255

type Path = tuple[str | int, ...]


class StreamError(NamedTuple):
    """What is wrong with a stream.

    `path` leads to the culprit in the stored shape: `("interval",)`, `("parameters", "aP_1", 0, "factor")`.
    `key` is that of the text at `config_subentries.<type>.error`, and `placeholders` are what that text names.
    """

    path: Path
    key: str
    placeholders: Mapping[str, str] = MappingProxyType({})


def check_stream(
    hass: HomeAssistant,
    stream: Mapping[str, Any],
    *,
    before: Mapping[str, Any] | None = None,
    zones: Container[str] | None = None,
) -> list[StreamError]:
    """Return all that is wrong with a stream, in the order of its form; nothing for one that may be stored.

    A source may be gone if the stream `before` the change had it for the same parameter. `zones` are the names
    of the time zones there are (`zoneinfo.available_timezones`, which reads from disk); without them the time
    zone goes unchecked. Whether another stream has the id already is not checked here.
    """
    errors = [*check_identity(stream), *check_sources(hass, stream, before), *check_adjustments(stream)]
    if VALUE in stream[CONF_PARAMETERS]:
        errors += check_value(hass, stream)
    errors += check_sampling(stream)
    if zones is not None and stream.get(CONF_TIME_ZONE, "UTC") not in zones:
        errors.append(StreamError((CONF_TIME_ZONE,), "invalid_time_zone"))
    return errors


def check_identity(stream: Mapping[str, Any]) -> Iterator[StreamError]:
    """Yield what is wrong with a stream's id and interval."""
    if not _is_stream_id(stream[CONF_STREAM_ID]):
        yield StreamError((CONF_STREAM_ID,), "invalid_stream_id")
    interval = stream[CONF_INTERVAL]
    if interval != int(interval) or not is_valid_interval(interval):
        yield StreamError((CONF_INTERVAL,), "invalid_interval")


def check_sources(
    hass: HomeAssistant, stream: Mapping[str, Any], before: Mapping[str, Any] | None = None
) -> Iterator[StreamError]:
    """Yield what is wrong with the choice of entities: of a single value, whether they have numbers.

    Further rules of single values are in `check_value`: they depend on the unit and the reading.
    """
    parameters: Mapping[str, Sequence[StoredSource]] = stream[CONF_PARAMETERS]
    if not any(parameters.values()):
        yield StreamError((CONF_PARAMETERS,), "no_parameters")
    known = (before or {}).get(CONF_PARAMETERS, {})
    for code, sources in parameters.items():
        path = (CONF_PARAMETERS, code)
        if len(sources) > 1 and not takes_factor(code):
            yield StreamError(path, "one_entity", {"one_entity": code})
        entities = shown_entities(hass, sources)
        lost = set(_lost(hass, known.get(code, ())))
        for number, entity in enumerate(entities):
            if entity in entities[:number]:
                yield _at_entity(hass, path, number, entity, "twice")
            elif entity not in lost and (error := _check_entity(hass, entity, code)):
                yield _at_entity(hass, path, number, entity, error)


def check_adjustments(stream: Mapping[str, Any]) -> Iterator[StreamError]:
    """Yield what is wrong with factors, directions and maximum rates."""
    for code, sources in stream[CONF_PARAMETERS].items():
        counts = reads_register(stream, code)
        for number, source in enumerate(sources):
            path = (CONF_PARAMETERS, code, number)
            if CONF_FACTOR in source and not takes_factor(code):
                yield StreamError((*path, CONF_FACTOR), "no_factor")
            elif not is_valid_factor(source.get(CONF_FACTOR, 1), counts=counts):
                yield StreamError((*path, CONF_FACTOR), "invalid_factor")
            if CONF_DIRECTION in source and not takes_direction(code):
                yield StreamError((*path, CONF_DIRECTION), "no_direction")
            if (rate := source.get(CONF_MAXIMUM_RATE)) is None:
                continue
            if not counts:
                yield StreamError((*path, CONF_MAXIMUM_RATE), "only_counters")
            elif not is_valid_rate(rate):
                yield StreamError((*path, CONF_MAXIMUM_RATE), "invalid_maximum_rate")


def check_value(hass: HomeAssistant, stream: Mapping[str, Any]) -> Iterator[StreamError]:
    """Yield what is wrong with a single value's unit, and with its entities if they are to be read as counters."""
    entities = shown_entities(hass, stream[CONF_PARAMETERS][VALUE])
    states = describe_all(hass, entities)
    unit = stream[CONF_UNIT]
    if not is_unit_for(unit, states):
        culprits = [state for state in states if unit == AS_IS or not is_unit_for(unit, [state])]
        names = "; ".join(_wanted(label_with_unit(hass, state.entity_id), unit) for state in culprits)
        yield StreamError((CONF_UNIT,), "wrong_unit", {"wrong_unit": names})
    if not reads_register(stream, VALUE):
        return
    for number, entity in enumerate(entities):
        if error := check_register(hass, entity):
            yield _at_entity(hass, (CONF_PARAMETERS, VALUE), number, entity, error)


def check_sampling(stream: Mapping[str, Any]) -> Iterator[StreamError]:
    """Yield what is wrong with reading, method and maximum age."""
    is_value = VALUE in stream[CONF_PARAMETERS]
    if not is_value and stream.get(CONF_READING) == Reading.INSTANT:
        yield StreamError((CONF_READING,), "invalid_reading")
    counts = is_value and reads_register(stream, VALUE)
    if counts and stream.get(CONF_METHOD) == Method.MEAN:
        yield StreamError((CONF_METHOD,), "only_instant")
    if (age := stream.get(CONF_MAXIMUM_AGE)) is None:
        return
    if counts:
        yield StreamError((CONF_MAXIMUM_AGE,), "only_instant")
    elif not is_valid_age(age):
        yield StreamError((CONF_MAXIMUM_AGE,), "invalid_maximum_age")


def reads_register(stream: Mapping[str, Any], code: str) -> bool:
    """Return whether a parameter of a stored stream is read as a counter."""
    if code == VALUE:
        return bool(stream.get(CONF_READING, Reading.INSTANT) != Reading.INSTANT)
    return is_register(code)


def is_valid_factor(factor: float, *, counts: bool) -> bool:
    """Return whether a source may have this factor: not 0, and above it for a counter, which must never fall."""
    return math.isfinite(factor) and factor != 0 and (factor > 0 or not counts)


def is_valid_rate(rate: float) -> bool:
    """Return whether a counter may have this bound, an hour."""
    return math.isfinite(rate) and rate > 0


def is_valid_age(seconds: float) -> bool:
    """Return whether a value may be of this age at most: whole seconds, within a hundred years."""
    return 0 < seconds <= _LONGEST_AGE and seconds == int(seconds)


def by_field(
    errors: Iterable[StreamError], field: Callable[[StreamError], str]
) -> tuple[dict[str, str], dict[str, str]]:
    """Return errors as a form takes them: the first of each field, and all that their texts name.

    `field` tells which of the form's fields an error belongs to.
    """
    shown: dict[str, str] = {}
    named: dict[str, list[str]] = {}
    for error in errors:
        shown.setdefault(field(error), error.key)
        for name, text in error.placeholders.items():
            named.setdefault(name, []).append(text)
    return shown, {name: "; ".join(dict.fromkeys(texts)) for name, texts in named.items()}


_LONGEST_AGE: Final = 100 * 365 * 24 * 60 * 60


def _is_stream_id(stream_id: str) -> bool:
    """Wattics matches ids exactly: nothing in one may be invisible but a plain space between words."""
    return (
        0 < len(stream_id) <= MAX_STREAM_ID_LENGTH
        and stream_id == stream_id.strip()
        and not any(unicodedata.category(character)[0] in "CZ" and character != " " for character in stream_id)
    )


def _check_entity(hass: HomeAssistant, entity: str, code: str) -> str | None:
    if code == VALUE:
        return check_numeric(hass, entity)
    return check_source(hass, entity, code, PARAMETERS[code].unit)


def _lost(hass: HomeAssistant, sources: Sequence[StoredSource]) -> list[str]:
    """Return those of a stream's entities that are gone: that must not keep the user from changing the rest."""
    return [entity for entity in shown_entities(hass, sources) if describe(hass, entity) is None]


def _at_entity(hass: HomeAssistant, path: Path, number: int, entity: str, key: str) -> StreamError:
    """Return an error that names an entity, its unit and what is wanted of it."""
    code = str(path[-1])
    name = label_with_unit(hass, entity)
    if code != VALUE:
        name = _wanted(name, f"{code} [{PARAMETERS[code].unit}]")
    return StreamError((*path, number), key, {key: name})


def _wanted(entity: str, wanted: str) -> str:
    return entity if wanted == AS_IS else f"{entity} → {wanted}"
