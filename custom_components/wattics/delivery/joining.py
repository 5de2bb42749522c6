"""Registers that are joined to what Wattics has: their own file was lost, or is older than that."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Final, Protocol, override

from . import registers
from .database import RECOUNT, Database
from .packet import Packet
from .registers import Register
from .relocation import rewrite_bodies


class Joining(Protocol):
    """Whoever has to know what Wattics has of a stream before packets of this run are sent."""

    def awaits(self, stream_id: str) -> bool:
        """Whether a stream has to be read back before its next packet is sent."""

    async def take(self, stream_id: str, last: Packet | None) -> None:
        """Take what Wattics processed last of a stream, None where that is not known. Raises OutboxError."""


class _NothingToJoin(Joining):
    @override
    def awaits(self, stream_id: str) -> bool:
        return False

    @override
    async def take(self, stream_id: str, last: Packet | None) -> None:
        return


NOTHING_TO_JOIN: Final[Joining] = _NothingToJoin()
"""Stands for nobody who has to know anything."""


@dataclass(frozen=True, slots=True)
class Joint:
    """How the registers of a stream were joined to what Wattics has.

    Packets of this run, those newer than the instant `after` (milliseconds since 1970), were made before that was
    known. None of them was sent, and by their parameters they are raised by as much as the registers were.
    """

    stream_id: str
    registers: Sequence[Register]
    """As they are by now."""
    after: int = 0
    raised: Mapping[str, Decimal] = field(default_factory=dict)
    is_found: bool = False
    """Whether no register of the stream is lost any more."""


def join(database: Database, joint: Joint) -> list[Register]:
    """Keep all that comes with a joint in one durable transaction; return the registers that were kept.

    Blocks, and raises sqlite3.Error when the file can't be used.
    """

    def raise_packet(body: bytes) -> bytes:
        packet = Packet.decode(body)
        values = {
            code: float(Decimal(repr(value)) + joint.raised[code]) if code in joint.raised else value
            for code, value in packet.values.items()
        }
        return replace(packet, values=values).encode()

    with database.transaction(durable=True) as execute:
        for key in database.keys(joint.stream_id):
            if joint.raised:
                rewrite_bodies(execute, "packets", key, raise_packet, after=joint.after)
                execute(f"{RECOUNT} WHERE key = ?", (key,))
            if joint.is_found:
                registers.find(execute, key)
        return database.put(execute, joint.registers)
