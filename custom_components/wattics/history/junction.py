"""How the registers of a period are joined to those that go on behind it.

What is read of a period is not always what sampling makes of the same counter: it began later, and saw nothing of
the cycles before, or was not there when the dial fell. Wattics must see no register fall where the two meet. So
either what is read is shifted to where sampling goes on, or, where that would go below what Wattics has, sampling
is raised: the live register, and the packets that wait behind the period, which nobody has seen yet.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Final

from ..delivery.database import Waiting
from ..delivery.packet import Packet
from ..sampling import values
from ..sampling.registers import StreamRegisters
from .maker import Junction

_ZERO: Final = Decimal(0)


@dataclass(frozen=True, slots=True)
class Read:
    """A register as it was read: at the first and at the last boundary of the period, and now.

    `behind` has it at the boundaries that follow, by their instants in milliseconds since 1970.
    """

    first: Decimal
    last: Decimal
    now: Decimal
    behind: Mapping[int, Decimal] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Live:
    """The live register at the same moment, and up to where packets have told it by now."""

    value: Decimal
    packed: Decimal


@dataclass(frozen=True, slots=True)
class Behind:
    """A parameter in a packet that waits behind the period: `instant` is in milliseconds since 1970."""

    instant: int
    value: Decimal


@dataclass(frozen=True, slots=True)
class Joint:
    """What is done to one register.

    `shift` is added to what is read; the live register rises by `rise` or, if that `is_adopted`, goes on from what
    was read. `behind` are the values that the packets behind the period get. `told` is how much of the register
    packets tell then, all of them.
    """

    shift: Decimal
    rise: Decimal
    is_adopted: bool
    behind: Sequence[Behind]
    told: Decimal


def join(
    read: Read,
    live: Live,
    behind: Sequence[Behind],
    *,
    is_interval: bool,
    is_anchored: bool,
    floor: Decimal | None,
) -> Joint:
    """Return what is done to a register that is in the packets `behind` the period.

    One that `is_anchored` was read on from where it stood with the packet before the period, and is where it
    should be; another one leads to the live one. Neither begins below `floor`, or 0.
    """
    shift = _ZERO if is_anchored else _subtract(live.value, read.now)
    shift = max(shift, _subtract(floor or _ZERO, read.first))
    now = values.add((read.now, shift))
    rise = max(_ZERO, _subtract(now, live.value))
    told = values.add((read.last, shift))
    register = _subtract(live.packed, values.add(one.value for one in behind))
    changed: list[Behind] = []
    for one in behind:
        register = values.add((register, one.value)) if is_interval else one.value
        known = read.behind.get(one.instant)
        figure = values.add((register, rise)) if known is None else max(register, values.add((known, shift)))
        figure = max(figure, told)
        changed.append(replace(one, value=_subtract(figure, told) if is_interval else figure))
        told = figure
    return Joint(shift, rise, is_anchored and now >= live.value, changed, told)


def apply(registers: StreamRegisters, joints: Mapping[str, Joint], read: StreamRegisters, at: float) -> None:
    """Let live registers go on as they are joined; `read` are the ones that were read, without their shift."""
    for code, joint in joints.items():
        rise = joint.rise
        if joint.is_adopted:
            registers.put_back(code, read.copy())
            rise = joint.shift
        if (value := registers[code].value) is not None:
            rise = max(rise, _subtract(joint.told, value))
        if rise:
            registers[code].raise_by(rise, at)
        registers[code].pack_up_to(joint.told)


def behind_of(packets: Iterable[Waiting], code: str) -> list[Behind]:
    """Return a parameter in packets, of those that have it."""
    found = ((waiting.instant, Packet.decode(waiting.body).values.get(code)) for waiting in packets)
    return [Behind(instant, Decimal(repr(value))) for instant, value in found if value is not None]


def rewritten(packets: Iterable[Waiting], joints: Mapping[str, Joint]) -> list[tuple[Waiting, bytes]]:
    """Return packets that change by what is done to registers, with their new bodies."""
    found: list[tuple[Waiting, bytes]] = []
    new: dict[int, dict[str, float]] = {}
    for code, joint in joints.items():
        for one in joint.behind:
            if (value := values.rounded(one.value)) is not None:
                new.setdefault(one.instant, {})[code] = value
    for waiting in packets:
        packet = Packet.decode(waiting.body)
        body = replace(packet, values={**packet.values, **new.get(waiting.instant, {})}).encode()
        if body != waiting.body:
            found.append((waiting, body))
    return found


def junction_of(joints: Mapping[str, Joint], read: Mapping[str, Read]) -> Junction:
    """Return what the packets of the period are made by."""
    return Junction(
        {code: joint.shift for code, joint in joints.items()}, {code: read[code].last for code in joints}
    )


def _subtract(one: Decimal, other: Decimal) -> Decimal:
    return values.EXACT.subtract(one, other)
