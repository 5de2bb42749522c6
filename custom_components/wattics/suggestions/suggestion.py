"""The choice: one place, one direction, and for each parameter the entities that feed it.

- A stream is import or export, never both: what counts export is suggested only for a device that counts nothing
  else (the yield of a solar inverter). What doesn't say its direction goes with either.
- A device that measures in several places (grid, loads, solar panels) is suggested for one of them.
- Phases win over a total, but only if all phases of the device are there: else the total, which goes to phase 1,
  and only without a total what phases there are. A total and phases are never suggested together.
- Tariffs are summed, unless the device has their sum as well. Nothing else is.
- Of two entities for the same thing the plainer is taken; if neither is, none is, and a note says so. The same
  goes for channels that are no phases.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from ..delivery.packet import PARAMETERS, Quantity
from .entity import Entity
from .phases import Sorted, sort_phases
from .reading import Candidate, Flow, Place, candidates

type Fits = Callable[[str, str], bool]
"""Whether an entity (by its id) may feed a parameter (by its code)."""

_CODES: Final[Mapping[Quantity, Mapping[str, str]]] = {
    quantity: {
        code.rpartition("_")[2]: code for code, parameter in PARAMETERS.items() if parameter.quantity is quantity
    }
    for quantity in Quantity
}
"""The codes of a quantity by phase, or by pair of phases."""

_METERED: Final = frozenset({Quantity.ACTIVE_POWER, Quantity.ENERGY, Quantity.CURRENT})
_COUNTED: Final = frozenset({Quantity.ACTIVE_POWER, Quantity.ENERGY})


class NoteKind(StrEnum):
    """Why entities were left out, or are to be looked at: the keys of the form's texts."""

    CHANNELS = "channels"
    RIVALS = "rivals"
    OTHER_STREAMS = "other_streams"
    UNUSABLE = "unusable"
    GUESSED = "guessed"


@dataclass(frozen=True, slots=True)
class Suggestion:
    """What is suggested: the entity ids of each parameter, in the vendor's order, and those that need a word."""

    parameters: Mapping[str, Sequence[str]] = field(default_factory=dict)
    notes: Mapping[NoteKind, Sequence[str]] = field(default_factory=dict)


@dataclass(slots=True)
class _Choice:
    """What has been chosen so far, by code, and what was left out and why."""

    usable_only: bool
    phases: frozenset[int]
    parameters: dict[str, list[Candidate]] = field(default_factory=dict)
    channels: list[Candidate] = field(default_factory=list)
    rivals: list[Candidate] = field(default_factory=list)
    guessed: list[Candidate] = field(default_factory=list)

    def usable(self, group: Iterable[Candidate]) -> list[Candidate]:
        """Return those of a group that may be chosen."""
        return [each for each in group if each.entity.usable or not self.usable_only]


def suggest(entities: Sequence[Entity], fits: Fits) -> Suggestion:
    """Return what the entities of one device feed; nothing for a device that is no meter."""
    found = [each for each in candidates(entities) if fits(each.entity.entity_id, _any_code(each))]
    if not any(each.entity.usable and each.quantity in _METERED for each in found):
        return Suggestion()
    here = _at(found, _place(found))
    flow = _flow(here)
    measured = [each for each in here if each.flow in (flow, Flow.UNSAID)]
    choice = _choose(measured, flow, usable_only=True)
    notes = {
        NoteKind.GUESSED: choice.guessed,
        NoteKind.CHANNELS: choice.channels,
        NoteKind.RIVALS: choice.rivals,
        NoteKind.UNUSABLE: _unusable(choice, _choose(measured, flow, usable_only=False)),
        NoteKind.OTHER_STREAMS: [each for each in found if each not in measured and _is_worth_a_stream(each)],
    }
    is_meter = any(each.quantity in _METERED for group in choice.parameters.values() for each in group)
    chosen = {code: choice.parameters[code] for code in PARAMETERS if is_meter and code in choice.parameters}
    return Suggestion(
        {code: _entity_ids(group) for code, group in chosen.items()},
        {kind: _entity_ids(group) for kind, group in notes.items() if group},
    )


def _any_code(candidate: Candidate) -> str:
    return next(iter(_CODES[candidate.quantity].values()))


def _entity_ids(group: Iterable[Candidate]) -> list[str]:
    return [each.entity.entity_id for each in group]


def _is_worth_a_stream(candidate: Candidate) -> bool:
    return candidate.entity.usable and candidate.quantity in _COUNTED and not candidate.period


def _place(found: Sequence[Candidate]) -> Place:
    """Return the place where the device measures most of power and energy: of several, the nearest to the grid."""
    measured: dict[Place, set[Quantity]] = {each.place: set() for each in found}
    for each in found:
        if each.quantity in _COUNTED and each.entity.usable:
            measured[each.place].add(each.quantity)
    return min(measured, key=lambda place: (-len(measured[place]), place))


def _at(found: Sequence[Candidate], place: Place) -> list[Candidate]:
    """Return what is measured at a place, with what doesn't say its place where the device has no other."""
    places = {place, Place.DEVICE} if {each.place for each in found} <= {place, Place.DEVICE} else {place}
    said = {each.quantity for each in found if each.place is place}
    return [each for each in found if each.place is place or (each.place in places and each.quantity not in said)]


def _flow(here: Sequence[Candidate]) -> Flow:
    """Return the direction of the stream: export only for a device that counts, or measures, nothing else."""
    energy = {each.flow for each in here if each.quantity is Quantity.ENERGY}
    power = {each.flow for each in here if each.quantity is Quantity.ACTIVE_POWER}
    exports = energy == {Flow.EXPORT} and Flow.IMPORT not in power
    return Flow.EXPORT if exports or (not energy and power == {Flow.EXPORT}) else Flow.IMPORT


def _unusable(choice: _Choice, everything: _Choice) -> list[Candidate]:
    """Return what is disabled or hidden and would feed more parameters if it were not."""
    fed, could = (Counter(PARAMETERS[code].quantity for code in each.parameters) for each in (choice, everything))
    return [
        each
        for code, group in everything.parameters.items()
        for each in group
        if not each.entity.usable and could[PARAMETERS[code].quantity] > fed[PARAMETERS[code].quantity]
    ]


def _choose(measured: Sequence[Candidate], flow: Flow, *, usable_only: bool) -> _Choice:
    """Choose for each quantity among entities that all are of one place and direction."""
    by_quantity = {quantity: [each for each in measured if each.quantity is quantity] for quantity in Quantity}
    by_flow = {
        quantity: [sort_phases(group) for group in _by_flow(members, flow, usable_only=usable_only)]
        for quantity, members in by_quantity.items()
        if quantity is not Quantity.LINE_VOLTAGE
    }
    phases = frozenset(phase for groups in by_flow.values() for group in groups for phase in group.phases)
    # What has a second or third phase has a first, even if nothing of it is suggested.
    choice = _Choice(usable_only, phases | {1})
    for quantity, groups in by_flow.items():
        _choose_quantity(choice, quantity, groups)
    for pair, code in _CODES[Quantity.LINE_VOLTAGE].items():
        group = [each for each in by_quantity[Quantity.LINE_VOLTAGE] if each.pair == pair]
        if chosen := _pick(choice, group):
            choice.parameters[code] = chosen
    return choice


def _by_flow(members: Sequence[Candidate], flow: Flow, *, usable_only: bool) -> list[list[Candidate]]:
    """Return the entities of a quantity that say the direction, and those that don't.

    Where some energy says its direction, that which doesn't may be of the other, or of both: it is left out.
    """
    said = [each for each in members if each.flow is flow]
    if any(each.quantity is Quantity.ENERGY and (each.entity.usable or not usable_only) for each in said):
        return [said]
    return [said, [each for each in members if each.flow is Flow.UNSAID]]


def _choose_quantity(choice: _Choice, quantity: Quantity, groups: Sequence[Sorted]) -> None:
    """Take the group that feeds most phases: that which says its direction, if they're equal."""
    attempts = [_Choice(choice.usable_only, choice.phases) for _ in groups]
    for attempt, group in zip(attempts, groups, strict=True):
        attempt.parameters = {
            _CODES[quantity][str(phase)]: chosen for phase, chosen in _phases(attempt, quantity, group).items()
        }
    best = max(attempts, key=lambda attempt: len(attempt.parameters))
    if best.parameters:
        choice.parameters |= best.parameters
        choice.guessed += best.guessed
        return
    for attempt in attempts:
        choice.channels += attempt.channels
        choice.rivals += attempt.rivals


def _phases(choice: _Choice, quantity: Quantity, group: Sorted) -> dict[int, list[Candidate]]:
    """Return the entities of each phase; of the whole, where not all phases of the device are there."""
    phases = {phase: chosen for phase, members in group.phases.items() if (chosen := _pick(choice, members))}
    if phases and phases.keys() >= choice.phases:
        choice.guessed += choice.usable(group.guessed)
        return phases
    whole = group.whole
    if quantity is Quantity.CURRENT and len(choice.phases) > 1:
        # The sum of the phases' currents is the current of none of them.
        whole = [each for each in whole if not each.is_total]
    if chosen := _pick(choice, whole):
        return {1: chosen}
    if phases:
        choice.guessed += choice.usable(group.guessed)
        return phases
    choice.channels += choice.usable(group.channels)
    return {}


def _pick(choice: _Choice, group: Sequence[Candidate]) -> list[Candidate]:
    """Return the plainest of the entities for one thing, or all its tariffs; nothing where that can't be told."""
    best = choice.usable(group)
    for poorer in (_by_period, _by_category, _by_tariff, _by_words, _by_total):
        least = min(map(poorer, best), default=0)
        best = [each for each in best if poorer(each) == least]
    if len(best) == 1 and best[0].tariff is None:
        return best
    tariffs = {each.tariff for each in best}
    siblings = {each.tariff for each in group if each.tariff and each.period == best[0].period} if best else set()
    if len(tariffs) == len(best) and tariffs == siblings:
        return sorted(best, key=lambda each: each.tariff or "")
    choice.rivals += best
    return []


def _by_period(candidate: Candidate) -> int:
    return candidate.period


def _by_category(candidate: Candidate) -> int:
    return candidate.entity.category is not None


def _by_tariff(candidate: Candidate) -> int:
    return candidate.tariff is not None


def _by_words(candidate: Candidate) -> int:
    return candidate.is_demoted


def _by_total(candidate: Candidate) -> int:
    return not candidate.is_total
