"""What happens to counters and registers: for the record, and for those who want to know why."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum


class Doubt(StrEnum):
    """Why a dial does not count yet."""

    ZERO = "zero"
    """It fell below 10 % of the last one."""
    FALL = "fall"
    """It fell by more than 10 %."""
    DIP = "dip"
    """It fell by 10 % at most."""
    RISE = "rise"
    """It rose faster than it can."""
    REPLACEMENT = "replacement"
    """The meter is being replaced, and still the old one's dial is shown."""


class Happening(StrEnum):
    """What was done to a counter, or to a register."""

    STARTED = "started"
    """The source joined the register, or its factor or unit changed: it counts from this dial on."""
    WITHHELD = "withheld"
    RESET = "reset"
    """A new cycle started at 0."""
    GLITCH = "glitch"
    """What was withheld never was."""
    CONFIRMED = "confirmed"
    """A rise that was withheld counts."""
    OVERDUE = "overdue"
    """A dip has lasted for so long that somebody has to say what it is."""
    REPLACED = "replaced"
    """Somebody said that the meter was replaced."""
    JOINED = "joined"
    """The register was raised to what Wattics has, or goes on from there where its own file was lost."""


@dataclass(frozen=True, slots=True)
class Occurrence:
    """Something that happened at `at` (seconds since 1970), with the dial before and after it.

    `source_id` is None where the register as a whole is meant. `doubt` tells why a dial was withheld.
    """

    happening: Happening
    source_id: str | None
    at: float
    before: Decimal
    after: Decimal
    doubt: Doubt | None = None
