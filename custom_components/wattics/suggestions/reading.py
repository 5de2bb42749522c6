"""What an entity measures: quantity, direction, place, period and tariff, and what it says of its phase."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
import re
from typing import Final

from homeassistant.components.sensor.const import SensorDeviceClass, SensorStateClass

from ..delivery.packet import Quantity
from . import words
from .entity import Entity
from .texts import Texts, texts_of


class Flow(StrEnum):
    """Which way the energy goes, as the entity says."""

    IMPORT = "import"
    EXPORT = "export"
    UNSAID = "unsaid"


class Place(IntEnum):
    """Where in the building the entity measures; of several places the first is suggested."""

    GRID = 0
    DEVICE = 1
    """Nothing is said: what the device itself measures."""
    OUTPUT = 2
    INPUT = 3
    LOAD = 4
    SOLAR = 5


_BY_CLASS: Final[Mapping[str, Quantity]] = {
    SensorDeviceClass.POWER: Quantity.ACTIVE_POWER,
    SensorDeviceClass.REACTIVE_POWER: Quantity.REACTIVE_POWER,
    SensorDeviceClass.APPARENT_POWER: Quantity.APPARENT_POWER,
    SensorDeviceClass.VOLTAGE: Quantity.VOLTAGE,
    SensorDeviceClass.CURRENT: Quantity.CURRENT,
    SensorDeviceClass.ENERGY: Quantity.ENERGY,
}
_BY_UNIT: Final[Mapping[str, Quantity]] = {
    "W": Quantity.ACTIVE_POWER,
    "kW": Quantity.ACTIVE_POWER,
    "MW": Quantity.ACTIVE_POWER,
    "var": Quantity.REACTIVE_POWER,
    "kvar": Quantity.REACTIVE_POWER,
    "VA": Quantity.APPARENT_POWER,
    "kVA": Quantity.APPARENT_POWER,
    "V": Quantity.VOLTAGE,
    "A": Quantity.CURRENT,
    "mA": Quantity.CURRENT,
    "Wh": Quantity.ENERGY,
    "kWh": Quantity.ENERGY,
    "MWh": Quantity.ENERGY,
    "GWh": Quantity.ENERGY,
}
"""What a unit says of an entity without a device class; of energy, the units of electricity (GJ is heat)."""

_REGISTERS: Final = frozenset({SensorStateClass.TOTAL, SensorStateClass.TOTAL_INCREASING})
LETTERS: Final = "letters"
NUMBERS: Final = "numbers"

_PLACES: Final[Mapping[Place, re.Pattern[str]]] = {
    Place.SOLAR: words.SOLAR,
    Place.LOAD: words.LOAD,
    Place.GRID: words.GRID,
    Place.OUTPUT: words.OUTPUT,
    Place.INPUT: words.INPUT,
}
"""In the order of what a text with several of these words means: "PV on grid" is solar."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """An entity that could feed a parameter.

    `pair` are the two phases that a voltage lies between. `channels` are numbers that tell it from its like, by
    what they count, the clearest first. `period` is 0 for a counter that never starts again, else higher the more
    often it does.
    """

    entity: Entity
    quantity: Quantity
    flow: Flow
    place: Place
    phase: int | None = None
    pair: str | None = None
    channels: Mapping[str, int] = field(default_factory=dict)
    period: int = 0
    tariff: str | None = None
    is_total: bool = False
    is_demoted: bool = False


@dataclass(frozen=True, slots=True)
class _Device:
    """What the entities of a device tell together."""

    discharges: bool
    has_night: bool
    delivered: Flow


def candidates(entities: Sequence[Entity]) -> list[Candidate]:
    """Return what the entities of one device could feed, without those that are nothing for Wattics."""
    texts = texts_of(entities)
    device = _Device(
        discharges=any(each.say(words.DISCHARGE) for each in texts),
        has_night=any(each.say(words.NIGHT_TARIFF) for each in texts),
        delivered=_delivered(texts),
    )
    found = (_candidate(entity, each, device) for entity, each in zip(entities, texts, strict=True))
    return [candidate for candidate in found if candidate]


def part_phase(name: str) -> int | None:
    """Return the phase that the name of a part of a meter ends with ("Meter Phase A"), None if with none."""
    text = words.normalized(name)
    for pattern in words.PHASE:
        for match in pattern.finditer(text):
            if match.end() >= len(text) - 1:
                return _number(match[1])
    return None


def _delivered(texts: Iterable[Texts]) -> Flow:
    """Return what "delivered" means here: export if another entity of the device counts what is used."""
    others = (each for each in texts if not each.say(words.DELIVERED))
    return Flow.EXPORT if any(each.say(words.IMPORT) for each in others) else Flow.IMPORT


def _candidate(entity: Entity, texts: Texts, device: _Device) -> Candidate | None:
    quantity = _quantity(entity)
    if quantity is None or not _is_measured(quantity, texts, device):
        return None
    pair = _pair(texts) if quantity is Quantity.VOLTAGE else None
    phase = None if pair else _phase(entity, texts)
    if quantity is Quantity.VOLTAGE and not pair and not phase and texts.say(words.AVERAGE_LINE_VOLTAGE):
        return None
    tariff = _tariff(texts, device) if quantity is Quantity.ENERGY else None
    period = 0 if tariff == words.DAY else _period(texts)
    if period and quantity is not Quantity.ENERGY:
        return None
    return Candidate(
        entity=entity,
        quantity=Quantity.LINE_VOLTAGE if pair else quantity,
        flow=_flow(texts, device),
        place=_place(texts),
        phase=phase,
        pair=pair,
        channels={} if pair or phase or tariff else _channels(texts),
        period=period,
        tariff=tariff,
        is_total=texts.say(words.TOTAL),
        is_demoted=texts.say(words.DEMOTED) or entity.device_class is None,
    )


def _quantity(entity: Entity) -> Quantity | None:
    """Return what device class, unit and state class say: energy has to be a counter, the rest must be none."""
    by_unit = _BY_UNIT.get(entity.unit or "")
    quantity = by_unit if entity.device_class is None else _BY_CLASS.get(entity.device_class)
    if quantity is Quantity.ENERGY:
        return quantity if entity.state_class in _REGISTERS and by_unit is quantity else None
    return None if entity.state_class in _REGISTERS else quantity


def _is_measured(quantity: Quantity, texts: Texts, device: _Device) -> bool:
    """Whether it is the quantity itself, now, of alternating current, and not that of a battery or of one wire."""
    if texts.say(words.BATTERY) or words.BATTERY.search(texts.unique_id):
        return False
    if device.discharges and texts.say(words.CHARGE, words.DISCHARGE):
        return False
    if texts.say(words.STATISTICS, words.OTHER_TIMES, words.DIRECT_CURRENT):
        return False
    excluded = {
        Quantity.ACTIVE_POWER: (words.INNER_FLOW, words.NO_ELECTRICITY),
        Quantity.ENERGY: (words.INNER_FLOW, words.NET, words.NO_ELECTRICITY),
        Quantity.CURRENT: (words.NO_PHASE_CURRENT,),
    }
    return not texts.say(*excluded.get(quantity, ()))


def _flow(texts: Texts, device: _Device) -> Flow:
    for text in texts.all:
        if words.EXPORT.search(text):
            return Flow.EXPORT
        if words.IMPORT.search(text):
            return Flow.IMPORT
    return device.delivered if texts.say(words.DELIVERED) else Flow.UNSAID


def _place(texts: Texts) -> Place:
    for text in texts.technical:
        for place, pattern in _PLACES.items():
            if pattern.search(text):
                return place
    return Place.DEVICE


def _period(texts: Texts) -> int:
    for text in texts.technical:
        periods = [period for period, pattern in enumerate(words.PERIODS, start=1) if pattern.search(text)]
        if periods:
            return max(periods)
    return 0


def _tariff(texts: Texts, device: _Device) -> str | None:
    for text in texts.technical:
        for pattern in words.TARIFFS:
            if match := pattern.search(text):
                return match[1]
        if device.has_night and words.DAY_TARIFF.search(text):
            return words.DAY
    return None


def _pair(texts: Texts) -> str | None:
    for text in texts.all:
        for pattern in words.LINE_PAIR:
            if match := pattern.search(text):
                first, second = sorted((_number(match[1]), _number(match[2])))
                if first != second:
                    return f"{first}{second}"
    return None


def _phase(entity: Entity, texts: Texts) -> int | None:
    if entity.part and (phase := part_phase(entity.part)):
        return phase
    for text in texts.all:
        for pattern in words.PHASE:
            if match := pattern.search(text):
                return _number(match[1])
    return None


def _channels(texts: Texts) -> dict[str, int]:
    """Return the numbers in the texts by the word before them, then letters and numbers that stand alone."""
    channels: dict[str, int] = {}
    for text in texts.all:
        for match in words.CHANNEL.finditer(text):
            channels.setdefault(match[1], _number(match[2]))
    for series, pattern in ((LETTERS, words.LETTER), (NUMBERS, words.NUMBER)):
        numbers = [number for text in texts.all for number in pattern.findall(text)[-1:]]
        if numbers:
            channels[series] = _number(numbers[0])
    return channels


def _number(text: str) -> int:
    return int(text) if text.isdigit() else words.PHASE_NUMBERS[text]
