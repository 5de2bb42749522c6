"""The sources of a parameter in one line of text: `sensor.t1*0.001 + sensor.t2`, `sensor.grid{export}`.

A factor stands after `*`; a direction, or `maximum_rate=` and a number, stands in braces after it. Sources are
separated by `+`, a comma, a semicolon or blanks. Numbers may have a decimal comma.
"""

from collections.abc import Iterable, Mapping
from decimal import Decimal
import re
from typing import Any, Final

from ..const import CONF_DIRECTION, CONF_FACTOR, CONF_MAXIMUM_RATE
from .fields import CONF_ENTITY

EXAMPLE: Final = "sensor.t1*0.001 + sensor.t2"

_NUMBER: Final = r"[+-]?(?:[0-9]+(?:[.,][0-9]+)?|[.,][0-9]+)(?:[eE][+-]?[0-9]+)?"
_SOURCE: Final = re.compile(
    rf"(?P<entity>[^\s+;,*{{}}]+)(?:\s*\*\s*(?P<factor>{_NUMBER}))?(?:\s*\{{(?P<more>[^{{}}]*)\}})?"
)
_SEPARATOR: Final = re.compile(r"\s*[+;,]\s*|\s+")
_ADJUSTMENT: Final = re.compile(
    rf"(?:{CONF_MAXIMUM_RATE}\s*=\s*(?P<rate>{_NUMBER})|(?P<direction>[a-z]+))(?:[\s;]+|$)", re.IGNORECASE
)
_WHOLE_NUMBER: Final = re.compile(_NUMBER)
_MOST_DIGITS: Final = 30
"""A number is written without an exponent up to this length."""


def write_number(number: float) -> str:
    """Return a number as a spreadsheet shows it, so that `read_number` gives it back exactly."""
    plain = f"{Decimal(repr(number)):f}"
    if "." in plain:
        plain = plain.rstrip("0").rstrip(".")
    return plain if len(plain) <= _MOST_DIGITS else repr(number)


def read_number(text: str) -> float | None:
    """Return the number that a text is, with a decimal point or comma; None for any other text (`1.234,5`)."""
    return float(text.replace(",", ".")) if _WHOLE_NUMBER.fullmatch(text) else None


def write_sources(sources: Iterable[Mapping[str, Any]]) -> str:
    """Return a parameter's sources, as rows have them, in one line."""
    return " + ".join(map(_write_source, sources))


def read_sources(text: str) -> list[dict[str, str]] | None:
    """Return the sources that a line names, all values as texts; None if it is not in this notation."""
    sources: list[dict[str, str]] = []
    position = 0
    while match := _SOURCE.match(text, position):
        more = _read_more(match["more"])
        if more is None:
            return None
        factor = {} if match["factor"] is None else {CONF_FACTOR: match["factor"]}
        sources.append({CONF_ENTITY: match["entity"], **factor, **more})
        if match.end() == len(text):
            return sources
        if (separator := _SEPARATOR.match(text, match.end())) is None:
            return None
        position = separator.end()
    return None


def _write_source(source: Mapping[str, Any]) -> str:
    factor = f"*{write_number(source[CONF_FACTOR])}" if CONF_FACTOR in source else ""
    more = [source[CONF_DIRECTION]] if CONF_DIRECTION in source else []
    if CONF_MAXIMUM_RATE in source:
        more.append(f"{CONF_MAXIMUM_RATE}={write_number(source[CONF_MAXIMUM_RATE])}")
    return f"{source[CONF_ENTITY]}{factor}{'{' + ' '.join(more) + '}' if more else ''}"


def _read_more(text: str | None) -> dict[str, str] | None:
    """Return the adjustments that stand in braces, None if that is not what they are."""
    found: dict[str, str] = {}
    rest = (text or "").strip()
    while rest:
        match = _ADJUSTMENT.match(rest)
        if match is None or found.keys() & (named := _named(match)):
            return None
        found |= named
        rest = rest[match.end() :]
    return found


def _named(match: re.Match[str]) -> dict[str, str]:
    groups = {CONF_DIRECTION: match["direction"], CONF_MAXIMUM_RATE: match["rate"]}
    return {key: text for key, text in groups.items() if text is not None}
