"""Rows read: their values have their types, but nothing is known of the entities yet."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
import math
from typing import Any, Final

from homeassistant.const import CONF_NAME, CONF_TYPE

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
    SUBENTRY_ELECTRICITY,
    SUBENTRY_SINGLE_VALUE,
)
from ..delivery.packet import VALUE
from ..sampling.stream import Direction, Method, Reading
from .fields import CODES, CONF_ENTITY, FIELDS, SOURCE_FIELDS
from .nodes import Node, Problem, quoted
from .notation import EXAMPLE, read_number, read_sources

_LARGEST: Final = 10**300
"""No number that means anything is as large, and every float is small enough to be one."""
_KINDS: Final = (SUBENTRY_ELECTRICITY, SUBENTRY_SINGLE_VALUE)


@dataclass(frozen=True, slots=True)
class Draft:
    """A stream as a row describes it.

    `stream` has the shape in which streams are stored, but its sources have the entity that the row names under
    `entity`. It lacks what the row does not say, or says wrongly.
    `node` is the row, the `number`th of its list.
    """

    number: int
    node: Node
    kind: str
    stream: Mapping[str, Any]
    problems: Sequence[Problem]


def read_drafts(rows: Iterable[Node]) -> list[Draft]:
    """Return what rows say, each with what is wrong with it."""
    return [_Reader(number, row).draft() for number, row in enumerate(rows, 1)]


class _Reader:
    """Reads one row."""

    def __init__(self, number: int, node: Node) -> None:
        self._row = number
        self._node = node
        self._problems: list[Problem] = []

    def draft(self) -> Draft:
        fields = self._mapping(self._node, FIELDS, "unknown_field")
        if self._problems and not fields:
            return Draft(self._row, self._node, SUBENTRY_ELECTRICITY, {}, self._problems)
        kind = self._choice(fields, CONF_TYPE, _KINDS) or _likely_kind(fields.get(CONF_PARAMETERS))
        stream = {
            CONF_NAME: self._text(fields, CONF_NAME),
            CONF_STREAM_ID: self._wanted(fields, CONF_STREAM_ID, self._text(fields, CONF_STREAM_ID)),
            CONF_INTERVAL: self._wanted(fields, CONF_INTERVAL, self._seconds(fields, CONF_INTERVAL)),
            CONF_PARAMETERS: self._parameters(fields.get(CONF_PARAMETERS), kind),
            CONF_READING: self._choice(fields, CONF_READING, list(Reading)),
            CONF_METHOD: self._choice(fields, CONF_METHOD, list(Method)),
            CONF_MAXIMUM_AGE: self._seconds(fields, CONF_MAXIMUM_AGE),
            CONF_TIME_ZONE: self._text(fields, CONF_TIME_ZONE),
            CONF_UNIT: self._unit(fields, kind),
        }
        return Draft(self._row, self._node, kind, _known(stream), self._problems)

    def _report(self, node: Node, column: str | None, key: str, **placeholders: str) -> None:
        line = node.line or self._node.line
        self._problems.append(Problem(key, placeholders, self._row, line, column))

    def _mapping(
        self, node: Node, names: Sequence[str], unknown: str, column: str | None = None
    ) -> dict[str, Node]:
        """Return the values of a mapping by their names; those that are not among `names` are problems."""
        if not isinstance(node.value, dict):
            self._report(node, column, "not_a_mapping", names=", ".join(names))
            return {}
        by_name = {name.casefold(): name for name in names}
        values: dict[str, Node] = {}
        for key, value in node.value.items():
            name = by_name.get(key.strip().casefold())
            if name is None:
                self._report(value, column or quoted(key), unknown, name=quoted(key), names=", ".join(names))
            elif name in values:
                self._report(value, column or name, "twice")
            else:
                values[name] = value
        return values

    def _wanted[T](self, fields: Mapping[str, Node], name: str, value: T | None) -> T | None:
        """Return a value that a row has to have: nothing is a problem, something wrong is one already."""
        if value is None and _is_empty(fields.get(name)):
            self._report(self._node, name, "missing")
        return value

    def _text(self, fields: Mapping[str, Node], name: str, column: str | None = None) -> str | None:
        node = fields.get(name)
        if node is None or _is_empty(node):
            return None
        if isinstance(node.value, str) and _is_storable(node.value):
            return node.value.strip()
        self._report(node, column or name, "no_text", value=_shown(node))
        return None

    def _choice(
        self, fields: Mapping[str, Node], name: str, choices: Sequence[str], column: str | None = None
    ) -> str | None:
        text = self._text(fields, name, column)
        if text is None or text.casefold() in choices:
            return text and str(text.casefold())
        self._report(
            fields[name], column or name, "unknown_choice", value=quoted(text), choices=", ".join(choices)
        )
        return None

    def _number(self, fields: Mapping[str, Node], name: str, column: str | None = None) -> float | None:
        node = fields.get(name)
        if node is None or _is_empty(node):
            return None
        if (number := _as_number(node.value)) is None:
            self._report(node, column or name, "no_number", value=_shown(node))
        return number

    def _seconds(self, fields: Mapping[str, Node], name: str) -> float | None:
        number = self._number(fields, name)
        return int(number) if number is not None and number.is_integer() else number

    def _unit(self, fields: Mapping[str, Node], kind: str) -> str | None:
        unit = self._text(fields, CONF_UNIT)
        if kind == SUBENTRY_SINGLE_VALUE:
            return self._wanted(fields, CONF_UNIT, unit)
        if unit is not None:
            self._report(fields[CONF_UNIT], CONF_UNIT, "no_unit")
        return None

    def _parameters(self, node: Node | None, kind: str) -> dict[str, list[dict[str, Any]]]:
        if node is None or _is_empty(node):
            return {}
        parameters: dict[str, list[dict[str, Any]]] = {}
        for code, value in self._mapping(node, CODES, "unknown_parameter", CONF_PARAMETERS).items():
            if _is_empty(value):
                continue
            if (code == VALUE) is (kind == SUBENTRY_SINGLE_VALUE):
                parameters[code] = list(self._sources(value, code))
            else:
                self._report(value, code, f"not_of_{kind}")
        return parameters

    def _sources(self, node: Node, code: str) -> Iterator[dict[str, Any]]:
        match node.value:
            case list():
                for one in node.value:
                    yield from self._sources(one, code)
            case dict():
                yield self._source(node, code)
            case str() if (sources := read_sources(node.value.strip())) is not None:
                for source in sources:
                    yield self._source(Node({key: Node(text, node.line) for key, text in source.items()}), code)
            case _:
                self._report(node, code, "no_sources", value=_shown(node), example=EXAMPLE)

    def _source(self, node: Node, code: str) -> dict[str, Any]:
        fields = self._mapping(node, SOURCE_FIELDS, "unknown_source_field", code)
        entity = self._text(fields, CONF_ENTITY, code)
        if entity is None and _is_empty(fields.get(CONF_ENTITY)):
            self._report(node, code, "no_entity")
        source = {
            CONF_ENTITY: (entity or "").lower(),
            CONF_FACTOR: self._number(fields, CONF_FACTOR, code),
            CONF_DIRECTION: self._choice(fields, CONF_DIRECTION, list(Direction), code),
            CONF_MAXIMUM_RATE: self._number(fields, CONF_MAXIMUM_RATE, code),
        }
        return _known(source)


def _likely_kind(parameters: Node | None) -> str:
    """Return the type of a stream that does not say it: `value` is the one parameter of a single value."""
    is_value = parameters is not None and isinstance(parameters.value, dict) and VALUE in parameters.value
    return SUBENTRY_SINGLE_VALUE if is_value else SUBENTRY_ELECTRICITY


def _is_empty(node: Node | None) -> bool:
    """Whether a value says nothing, as an empty cell does."""
    return node is None or node.value is None or (isinstance(node.value, str) and not node.value.strip())


def _is_storable(text: str) -> bool:
    """Whether a text can be written to disk: half a character can't."""
    return not any("\ud800" <= character <= "\udfff" for character in text)


def _as_number(value: object) -> float | None:
    """Return a finite number, None for anything else."""
    match value:
        case bool():
            return None
        case str():
            number = read_number(value.strip())
        case int() if abs(value) > _LARGEST:
            return None
        case int() | float():
            number = float(value)
        case _:
            return None
    return number if number is not None and math.isfinite(number) else None


def _known(values: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value is not None}


def _shown(node: Node) -> str:
    """Return a value as a message shows it; of one with values in it, what it is would say too much."""
    return "…" if isinstance(node.value, dict | list) else quoted(node.value)
