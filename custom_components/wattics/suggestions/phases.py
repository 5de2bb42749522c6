"""Which entities of one quantity are phases, which are channels, and which are neither."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from ..delivery.packet import Quantity
from .reading import LETTERS, Candidate
from .words import SEPARATE

PHASES: Final = frozenset({1, 2, 3})
_PHASES_FROM_ZERO: Final = frozenset({0, 1, 2})
_NAMED_BUT_FIRST: Final = frozenset({2, 3})


@dataclass(frozen=True, slots=True)
class Sorted:
    """The entities of one quantity and flow.

    `phases` are those of each phase, `whole` those of no phase in particular, `channels` those that each measure
    something of their own, `guessed` those that were taken for phases because there are just three.
    """

    phases: Mapping[int, Sequence[Candidate]] = field(default_factory=dict)
    whole: Sequence[Candidate] = ()
    channels: Sequence[Candidate] = ()
    guessed: Sequence[Candidate] = ()


def sort_phases(candidates: Sequence[Candidate]) -> Sorted:
    """Sort entities that measure the same quantity in the same direction.

    Numbers that aren't called phases ("channel 1", "a power", "Power 0") are phases where there are just three of
    them. Numbers that go beyond three count outlets or channels, whatever they're called.
    """
    phased = [candidate for candidate in candidates if candidate.phase]
    rest = [candidate for candidate in candidates if not candidate.phase]
    if any(candidate.phase not in PHASES for candidate in phased):
        return Sorted(whole=rest, channels=phased)
    phases: dict[int, list[Candidate]] = {}
    for candidate in phased:
        phases.setdefault(candidate.phase or 0, []).append(candidate)
    series, members = _series(rest)
    whole = [candidate for candidate in rest if candidate not in members]
    if phases or not _may_be_phases(series, members):
        return _with_first_phase(Sorted(phases, whole, members))
    first = min(member.channels[series] for member in members)
    for member in members:
        phases.setdefault(member.channels[series] - first + 1, []).append(member)
    return Sorted(phases, whole, guessed=() if series == LETTERS else members)


def _series(candidates: Sequence[Candidate]) -> tuple[str, Sequence[Candidate]]:
    """Return the first series in which the entities have different numbers, and those of them that are in it."""
    for series in dict.fromkeys(series for candidate in candidates for series in candidate.channels):
        members = [candidate for candidate in candidates if series in candidate.channels]
        if len({member.channels[series] for member in members}) > 1:
            return series, members
    return "", ()


def _may_be_phases(series: str, members: Sequence[Candidate]) -> bool:
    numbers = {member.channels[series] for member in members}
    return series not in SEPARATE and numbers in (PHASES, _PHASES_FROM_ZERO)


def _with_first_phase(found: Sorted) -> Sorted:
    """Take for the first phase what has no number where only the second and third have one, as Zigbee names them.

    Not for energy: meters that count it by phase name all three, and the one without a number is the total.
    """
    if found.phases.keys() != _NAMED_BUT_FIRST:
        return found
    first = [
        candidate
        for candidate in found.whole
        if candidate.quantity is not Quantity.ENERGY and not candidate.is_total and not candidate.is_demoted
    ]
    if len(first) != 1:
        return found
    return Sorted({1: first, **found.phases}, [each for each in found.whole if each not in first], found.channels)
