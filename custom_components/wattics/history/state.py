"""What is kept of a period beside how far it has come: enough to go on after a restart."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any, Self

import orjson

from .maker import Junction, Progress


@dataclass(slots=True)
class State:
    """The state of a period that is being read.

    With `is_anchored` the registers go on from those that were stored with the last packet before the period,
    else they begin with it. They are joined when `junction` is there.
    """

    progress: Progress = field(default_factory=Progress)
    is_anchored: bool = False
    junction: Junction | None = None
    left_out: tuple[str, ...] = ()
    """Codes of registers for which there is nothing to be joined to."""
    later_than: int | None = None
    """Wattics has a packet of this instant (milliseconds since 1970): only later ones are made."""
    floors: Mapping[str, Decimal] = field(default_factory=dict)
    """Registers as Wattics had them then, by code."""
    out_of_statistics: int = 0
    """For how many packets statistics were used."""

    def dump(self) -> str:
        """Return the text of it."""
        junction = self.junction
        return orjson.dumps(
            {
                "registers": dict(self.progress.registers),
                "dials": self.progress.dials,
                "is_anchored": self.is_anchored,
                "junction": None
                if junction is None
                else {"shift": _texts(junction.shift), "most": _texts(junction.most)},
                "left_out": self.left_out,
                "later_than": self.later_than,
                "floors": _texts(self.floors),
                "out_of_statistics": self.out_of_statistics,
            }
        ).decode()

    @classmethod
    def load(cls, text: str) -> Self:
        """Return what a text of `dump` says; raise ValueError for any other text."""
        try:
            content: dict[str, Any] = orjson.loads(text)
            junction = content["junction"]
            return cls(
                Progress(content["registers"], content["dials"]),
                content["is_anchored"],
                None if junction is None else Junction(_numbers(junction["shift"]), _numbers(junction["most"])),
                tuple(content["left_out"]),
                content["later_than"],
                _numbers(content["floors"]),
                content["out_of_statistics"],
            )
        except (AttributeError, InvalidOperation, KeyError, TypeError) as error:
            raise ValueError(f"not the state of a period: {error!r}") from error


def _texts(numbers: Mapping[str, Decimal]) -> dict[str, str]:
    return {code: str(number) for code, number in numbers.items()}


def _numbers(texts: Mapping[str, str]) -> dict[str, Decimal]:
    return {code: Decimal(text) for code, text in texts.items()}
