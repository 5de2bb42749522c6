"""The counter of a parameter as Wattics sees it: it never falls, whatever its sources do.

A register starts as the sum of its sources' dials. From then on it rises by what counts of each of them, which
`counter` decides: so Wattics has the sum of the dials plus an offset. A source that joins later, or whose
fingerprint changes, counts from its dial at that moment on; one that leaves just goes. Either changes the offset
alone.

Time comes in as a parameter, and all is exact: values are decimals, in memory and in the text that is stored.
"""

from collections import deque
from collections.abc import Iterable, Mapping
from decimal import ROUND_FLOOR, Decimal
from types import MappingProxyType
from typing import Final, NamedTuple

from .counter import Counter, Dial
from .happenings import Happening, Occurrence
from .replacement import replace
from .stored import Content, dump, load
from .values import EXACT, add

OCCURRENCES_KEPT: Final = 64
"""As many of the latest are kept for somebody to take away."""

NOT_RENAMED: Final[Mapping[str, str]] = MappingProxyType({})

_DECIMALS: Final = Decimal("1e-6")
_ZERO: Final = Decimal(0)


class Dip(NamedTuple):
    """A source whose dial is lower than it was, since when (in seconds since 1970)."""

    source_id: str
    before: Decimal
    shown: Decimal
    since: float


class Register:
    """The register of one parameter of one stream."""

    def __init__(self, source_ids: Iterable[str]) -> None:
        """Begin with nothing known of these sources."""
        self._source_ids = list(source_ids)
        self._counters: dict[str, Counter] = {}
        self._total: Decimal | None = None
        self._packed: Decimal | None = None
        """Up to where packets of the interval reading have told it."""
        self._pushed: Decimal | None = None
        """As high a packet of the cumulative reading has had it."""
        self._occurrences: deque[Occurrence] = deque(maxlen=OCCURRENCES_KEPT)
        self.is_lost = False
        """Whether what was stored is lost: there is no value before `join`."""

    # What sources do

    def keep_sources(self, source_ids: Iterable[str], renamed: Mapping[str, str] = NOT_RENAMED) -> None:
        """Have these sources from now on. `renamed` holds ids by those that they may have had before."""
        self._source_ids = list(source_ids)
        self._counters = _by_id(self._counters.values(), renamed)
        for gone in self._counters.keys() - set(self._source_ids):
            del self._counters[gone]
        self._start()

    def observe(
        self, source_id: str, fingerprint: str, dial: Dial, *, maximum_rate: Decimal | None = None
    ) -> bool:
        """Take a new state of a source; return whether the register must be stored at once.

        It must where a kill would lose what nobody can see any more: from where a dial fell, and how that was
        decided. `fingerprint` is what else the dial depends on: the factor, and the unit of one that is taken as
        it is. `maximum_rate` is in the parameter's unit an hour. A negative dial is passed over.
        """
        if source_id not in self._source_ids or dial.value < 0:
            return False
        counter = self._counters.get(source_id)
        if counter is None or counter.fingerprint != fingerprint:
            return self._take_up(source_id, fingerprint, dial)
        self._rise(counter, counter.observe(dial, maximum_rate))
        return self._is_urgent(counter)

    def look_again(
        self, source_id: str, fingerprint: str, dial: Dial, *, maximum_rate: Decimal | None = None
    ) -> bool:
        """Take what a source shows, which it may have reported before; return as `observe` does."""
        counter = self._counters.get(source_id)
        if counter is not None and counter.fingerprint == fingerprint and counter.shows(dial):
            return self.settle(source_id, dial.at)
        return self.observe(source_id, fingerprint, dial, maximum_rate=maximum_rate)

    def settle(self, source_id: str, at: float) -> bool:
        """Let time pass for a source that still shows its last dial; return as `observe` does."""
        if (counter := self._counters.get(source_id)) is None:
            return False
        self._rise(counter, counter.settle(at))
        return self._is_urgent(counter)

    def _take_up(self, source_id: str, fingerprint: str, dial: Dial) -> bool:
        """Let a source count from its dial on."""
        counter = Counter(source_id, fingerprint, dial.value, dial.value, dial.at, dial.last_reset)
        before = self._counters.get(source_id, counter).shown
        self._counters[source_id] = counter
        has_begun = self._total is not None
        if has_begun:
            self._occurrences.append(Occurrence(Happening.STARTED, source_id, dial.at, before, dial.value))
        self._start()
        return has_begun

    def _start(self) -> None:
        """Begin with the sum of the dials, once each source has one."""
        if self._total is None and not self.is_lost and self._source_ids and self._all_seen:
            self._total = self._packed = add(counter.counted for counter in self._counters.values())

    def _rise(self, counter: Counter, by: Decimal) -> None:
        self._occurrences += counter.occurrences
        counter.occurrences.clear()
        if self._total is not None and by:
            self._total = EXACT.add(self._total, by)

    def _is_urgent(self, counter: Counter) -> bool:
        is_urgent, counter.is_urgent = counter.is_urgent, False
        return is_urgent and self._total is not None

    # What Wattics gets

    @property
    def value(self) -> Decimal | None:
        """The register, None while it can't be told: a source was never seen, or what was stored is lost."""
        return self._total if self._all_seen else None

    @property
    def total(self) -> Decimal | None:
        """What has been counted, also while a source that is new was not seen yet; None if it is not known."""
        return self._total

    @property
    def _all_seen(self) -> bool:
        return all(source_id in self._counters for source_id in self._source_ids)

    @property
    def dials(self) -> Decimal:
        """The sum of what the sources showed last."""
        return add(counter.shown for counter in self._counters.values())

    @property
    def offset(self) -> Decimal | None:
        """What the register is above the sum of the dials (or below it), None while there is no value."""
        return None if (value := self.value) is None else EXACT.subtract(value, self.dials)

    def pack(self, figure: Decimal) -> Decimal:
        """Return what the register, at `figure`, has risen by since the last packet: it is packed by this.

        To be called for each packet, in order and whatever its reading. Rounded down to 6 decimals: what was
        rounded off comes with the next packet.
        """
        packed = figure if self._packed is None else self._packed
        interval = EXACT.subtract(figure, packed).quantize(_DECIMALS, ROUND_FLOOR, context=EXACT)
        # A register that was joined to what Wattics has since it was read has risen by nothing.
        interval = max(interval, _ZERO)
        self._packed = EXACT.add(packed, interval)
        self._pushed = figure if self._pushed is None else max(self._pushed, figure)
        return interval

    def unpack(self, interval: Decimal) -> None:
        """Take back what `pack` returned: its packet was not queued."""
        if self._packed is not None:
            self._packed = EXACT.subtract(self._packed, interval)

    def take_occurrences(self) -> tuple[Occurrence, ...]:
        """Return what happened since the last call, the latest `OCCURRENCES_KEPT` of it."""
        occurrences = tuple(self._occurrences)
        self._occurrences.clear()
        return occurrences

    # What somebody says

    def overdue_dips(self) -> list[Dip]:
        """Return the dips that have lasted for so long that somebody has to say what they are."""
        return [
            Dip(source_id, counter.counted, dip.value, dip.since)
            for source_id in self._source_ids
            if (counter := self._counters.get(source_id)) is not None
            and (dip := counter.dip) is not None
            and dip.is_overdue
        ]

    def start_anew(self, source_id: str, at: float) -> None:
        """Take a dip for the start of a new cycle."""
        if (counter := self._counters.get(source_id)) is not None:
            self._rise(counter, counter.start_anew(at))

    def wait_on(self, source_id: str, at: float) -> None:
        """Let a dip take its time once more."""
        if (counter := self._counters.get(source_id)) is not None:
            counter.wait_on(at)

    def replace_meter(self, source_id: str, final: Decimal, first: Decimal, at: float) -> None:
        """Go on with another meter behind a source: the old one's final reading, the new one's first.

        What was packed already is not taken back. Raises KeyError for a source that was never seen, FinalTooLow
        and FirstTooHigh for readings that can't be.
        """
        counter = self._counters[source_id]
        self._rise(counter, replace(counter, final, first, at))
        if self._total is not None and self._pushed is not None:
            self._total = max(self._total, self._pushed)

    def join(self, figure: Decimal, at: float) -> None:
        """Go on from the last figure that Wattics has, or that waits for it, and from what the sources show."""
        before = self.dials if self._total is None else self._total
        for counter in self._counters.values():
            counter.start_from_shown(at)
        self._total = self._packed = self._pushed = figure
        self.is_lost = False
        self._occurrences.append(Occurrence(Happening.JOINED, None, at, before, figure))

    def raise_by(self, amount: Decimal, at: float) -> None:
        """Rise without having measured anything: Wattics has more. No interval tells of it."""
        if (before := self._total) is not None:
            self._total = EXACT.add(before, amount)
            self._packed = EXACT.add(self._packed or _ZERO, amount)
            self._occurrences.append(Occurrence(Happening.JOINED, None, at, before, self._total))

    def skip(self, at: float) -> None:
        """Begin the next interval now, from what the sources show: all until then was told already."""
        for counter in self._counters.values():
            counter.start_from_shown(at)
        self._packed = self._total

    # What is stored

    def store(self) -> str:
        """Return all there is to know, exactly, for `restore`."""
        figures = {"total": self._total, "packed": self._packed, "pushed": self._pushed}
        return dump(Content(figures, list(self._counters.values())))

    def restore(self, text: str, renamed: Mapping[str, str] = NOT_RENAMED) -> None:
        """Go on from what was stored, with the sources that are still there; see `keep_sources` for `renamed`.

        Raises ValueError for other text.
        """
        content = load(text)
        self._total = content.figures.get("total")
        self._packed = content.figures.get("packed")
        self._pushed = content.figures.get("pushed")
        counters = _by_id(content.counters, renamed)
        self._counters = {
            source_id: counters[source_id] for source_id in self._source_ids if source_id in counters
        }
        self._start()


def _by_id(counters: Iterable[Counter], renamed: Mapping[str, str]) -> dict[str, Counter]:
    """Return counters by the ids of their sources, under those that they have now."""
    for counter in (counters := list(counters)):
        counter.source_id = renamed.get(counter.source_id, counter.source_id)
    return {counter.source_id: counter for counter in counters}
