"""The registers of one stream, fed with the states of its sources."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from copy import deepcopy
from decimal import Decimal

from homeassistant.components.sensor.const import ATTR_LAST_RESET
from homeassistant.core import State

from .counter import Dial
from .reader import Reader
from .register import NOT_RENAMED, Dip, Register
from .stream import Reading, Source, Stream
from .values import unit_of


class StreamRegisters:
    """One register for each parameter that is one, by code. Times are seconds since 1970."""

    def __init__(self, stream: Stream, reader: Reader) -> None:
        """Begin with nothing: there is no value before `restore` or `take_over`."""
        self._stream = stream
        self._reader = reader
        self._of_source: defaultdict[str, list[tuple[str, Source]]] = defaultdict(list)
        self._registers: dict[str, Register] = {}
        for code, sources in stream.parameters.items():
            if stream.is_register(code):
                self._registers[code] = Register([source.id for source in sources])
                for source in sources:
                    self._of_source[source.id].append((code, source))
        self.is_restored = False
        """Whether it is known what was stored: until then nothing is counted."""

    def restore(self, stored: Mapping[str, str | None], renamed: Mapping[str, str] = NOT_RENAMED) -> None:
        """Go on with what was stored, by code; what was not stored begins anew.

        None, and a text that is none of ours, stands for what was lost. The interval reading can begin anew then,
        too: Wattics has no figure that it goes on from. `renamed` holds the ids that sources have now by those
        that they may have had before.
        """
        for code, register in self._registers.items():
            if code not in stored:
                continue
            try:
                register.restore(stored[code] or "", renamed)
            except ValueError:
                register.is_lost = self._stream.reading is not Reading.INTERVAL
        self.is_restored = True

    def take_over(self, other: StreamRegisters, renamed: Mapping[str, str] = NOT_RENAMED) -> None:
        """Go on with the registers of another form of the same stream; see `restore` for `renamed`."""
        for code in self._registers.keys() & other._registers.keys():
            register = self._registers[code] = other._registers[code]
            register.keep_sources([source.id for source in self._stream.parameters[code]], renamed)
        self.is_restored = other.is_restored

    def copy(self) -> StreamRegisters:
        """Return others that go on from here by themselves."""
        copied = StreamRegisters(self._stream, self._reader)
        copied._registers = deepcopy(self._registers)
        copied.is_restored = self.is_restored
        return copied

    def observe(self, source_id: str, state: State | None, at: float, *, is_report: bool = True) -> bool:
        """Take what a source shows from `at` on, or reports again; return whether that must be stored at once.

        Without `is_report` somebody only looked: what was seen before is no further report of the source.
        """
        if state is None or not self.is_restored:
            return False
        is_urgent = False
        for code, source in self._of_source[source_id]:
            value = self._reader.read(self._stream, code, source, state)
            if isinstance(value, Decimal):
                register = self._registers[code]
                take = register.observe if is_report else register.look_again
                is_urgent |= take(
                    source.id,
                    self._fingerprint(code, source, state),
                    Dial(value, _last_reset(state), at),
                    maximum_rate=source.maximum_rate,
                )
        return is_urgent

    def read(self, code: str, at: float) -> Decimal | None:
        """Return a register at a boundary, None while there is none to be told."""
        register = self._registers[code]
        for source in self._stream.parameters[code]:
            register.settle(source.id, at)
        return register.value

    @property
    def lost(self) -> list[str]:
        """The codes of those that were lost: they have no value."""
        return [code for code, register in self._registers.items() if register.is_lost]

    def overdue_dips(self) -> list[tuple[str, Dip]]:
        """Return the dips that somebody has to say what they are, with the codes of their registers."""
        return [(code, dip) for code, register in self._registers.items() for dip in register.overdue_dips()]

    def put_back(self, code: str, earlier: StreamRegisters) -> None:
        """Make a register what it was in an earlier copy."""
        self._registers[code] = earlier._registers[code]

    def __iter__(self) -> Iterator[str]:
        """Iterate over the codes."""
        return iter(self._registers)

    def __contains__(self, code: object) -> bool:
        """Whether there is a register of this code."""
        return code in self._registers

    def __getitem__(self, code: str) -> Register:
        """Return a register by its code."""
        return self._registers[code]

    def store(self) -> Iterable[tuple[str, str]]:
        """Return what is to be stored: code and text of each register."""
        return ((code, register.store()) for code, register in self._registers.items())

    def _fingerprint(self, code: str, source: Source, state: State) -> str:
        """Return what a dial depends on besides its source: its factor, and its unit."""
        unit = self._stream.unit_of(code) or unit_of(state)
        return f"{source.factor.normalize()} {unit}"


def _last_reset(state: State) -> str | None:
    last_reset = state.attributes.get(ATTR_LAST_RESET)
    return None if last_reset is None else str(last_reset)
