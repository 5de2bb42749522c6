"""The text that registers are stored as: JSON, with decimals to the last digit."""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple

import orjson

from .counter import Counter, Cycle, Withheld
from .happenings import Doubt


class Content(NamedTuple):
    """What is stored of a register: its figures by name, and its counters."""

    figures: Mapping[str, Decimal | None]
    counters: list[Counter]


def dump(content: Content) -> str:
    """Return the text of a register."""
    figures = {name: _text(figure) for name, figure in content.figures.items()}
    counters = {counter.source_id: _dump_counter(counter) for counter in content.counters}
    return orjson.dumps({"figures": figures, "sources": counters}).decode()


def load(text: str) -> Content:
    """Return what a text of `dump` says; raise ValueError for any other text."""
    try:
        content = orjson.loads(text)
        return Content(
            {name: _optional_number(figure) for name, figure in content["figures"].items()},
            [_load_counter(source_id, stored) for source_id, stored in content["sources"].items()],
        )
    except (AttributeError, InvalidOperation, KeyError, TypeError) as error:
        raise ValueError(f"not a stored register: {error!r}") from error


def _dump_counter(counter: Counter) -> dict[str, Any]:
    withheld, earlier = counter.withheld, counter.earlier
    return {
        "fingerprint": counter.fingerprint,
        "base": _text(counter.base),
        "counted": _text(counter.counted),
        "changed_at": counter.changed_at,
        "last_reset": counter.last_reset,
        "earlier": None if earlier is None else [_text(earlier.shown), _text(earlier.ended)],
        "withheld": None
        if withheld is None
        else {
            "doubt": withheld.doubt.value,
            "value": _text(withheld.value),
            "since": withheld.since,
            "changed_at": withheld.changed_at,
            "reports": withheld.reports,
            "is_overdue": withheld.is_overdue,
        },
    }


def _load_counter(source_id: str, stored: Mapping[str, Any]) -> Counter:
    withheld, earlier = stored["withheld"], stored["earlier"]
    return Counter(
        source_id,
        stored["fingerprint"],
        Decimal(stored["base"]),
        Decimal(stored["counted"]),
        float(stored["changed_at"]),
        stored["last_reset"],
        None if earlier is None else Cycle(*map(Decimal, earlier)),
        None
        if withheld is None
        else Withheld(
            Doubt(withheld["doubt"]),
            Decimal(withheld["value"]),
            float(withheld["since"]),
            float(withheld["changed_at"]),
            int(withheld["reports"]),
            bool(withheld["is_overdue"]),
        ),
    )


def _text(number: Decimal | None) -> str | None:
    return None if number is None else str(number)


def _optional_number(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)
