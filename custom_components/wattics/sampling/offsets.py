"""Which offsets the registers of a stream had in which packets: they change seldom, and packets may wait."""

from bisect import bisect_right
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Final

from .values import EXACT

CHANGES_KEPT: Final = 64


class Offsets:
    """The offsets of one stream since Home Assistant started, as many as the latest changes of them."""

    def __init__(self) -> None:
        """Start with none."""
        self._changes: list[tuple[datetime, Mapping[str, Decimal]]] = []

    def note(self, instant: datetime, offsets: Mapping[str, Decimal]) -> None:
        """Take note of the offsets, by code, in the packet of an instant, which is newer than those before."""
        if not self._changes or self._changes[-1][1] != offsets:
            self._changes.append((instant, offsets))
            del self._changes[:-CHANGES_KEPT]

    def raise_by(self, amounts: Mapping[str, Decimal]) -> None:
        """Raise the offsets in all packets so far, by code: these were raised."""
        self._changes = [
            (
                instant,
                {code: EXACT.add(offset, amounts.get(code, Decimal(0))) for code, offset in offsets.items()},
            )
            for instant, offsets in self._changes
        ]

    def at(self, instant: datetime) -> Mapping[str, Decimal]:
        """Return the offsets in the packet of an instant, by code; none where they are not known any more."""
        place = bisect_right(self._changes, instant, key=lambda change: change[0])
        return self._changes[place - 1][1] if place else {}
