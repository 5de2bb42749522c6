"""What somebody says of registers: in force, and on the disk, before it is answered."""

from collections.abc import Callable

from .delivery.errors import OutboxError
from .delivery.joining import Joint
from .delivery.outbox import Outbox
from .delivery.registers import Register as KeptRegister
from .intake import Intake
from .sampling.register import Register
from .sampling.registers import StreamRegisters
from .sampling.stream import Stream


class UnknownRegister(LookupError):
    """There is no such register, or nobody knows yet what was kept of it."""


class RegisterChanges:
    """Changes registers of one account."""

    def __init__(self, intake: Intake, outbox: Outbox, on_change: Callable[[str], None]) -> None:
        """`on_change` gets the subentry id of a stream whose registers were changed."""
        self._intake = intake
        self._outbox = outbox
        self._on_change = on_change

    async def async_change[R](self, stream: Stream, code: str, change: Callable[[Register], R]) -> R:
        """Change a register of a stream, and return what `change` returned.

        Raises UnknownRegister, OutboxError where the disk does not take it, and what `change` raises; nothing is
        changed then.
        """
        async with self._intake.writing:
            registers = self._intake.sampler.registers(stream.subentry_id)
            if registers is None or code not in registers:
                raise UnknownRegister(code)
            before = registers.copy()
            changed = change(registers[code])
            try:
                await self._outbox.join(
                    Joint(stream.stream_id, kept(stream, registers), is_found=not registers.lost)
                )
            except OutboxError:
                registers.put_back(code, before)
                raise
        self._on_change(stream.subentry_id)
        return changed


def kept(stream: Stream, registers: StreamRegisters) -> list[KeptRegister]:
    """Return registers as the outbox keeps them."""
    return [KeptRegister(stream.stream_id, code, state) for code, state in registers.store()]
