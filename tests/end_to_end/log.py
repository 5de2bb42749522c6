"""Home Assistant's log as tests look at it."""

from dataclasses import dataclass
from pathlib import Path
import re

_LINE = re.compile(
    r"^\d{4}-\d\d-\d\d [\d:.]+(?:[+-]\d\d:\d\d)? (?P<level>[A-Z]+) \([^)]*\)"
    r" \[(?P<logger>[^]]+)\] (?P<message>.*)$"
)
UNTESTED = (
    "WARNING homeassistant.loader: We found a custom integration wattics which has not been tested by"
    " Home Assistant. This component might cause stability problems, be sure to disable it if you experience"
    " issues with Home Assistant"
)
"""What Home Assistant says of every custom integration at each start."""


@dataclass(frozen=True, slots=True)
class LogLine:
    """A line that begins an entry."""

    level: str
    logger: str
    message: str


def log_lines(log: Path) -> list[LogLine]:
    """Return the entries of a log."""
    matches = map(_LINE.match, log.read_text("utf-8").splitlines())
    return [LogLine(**match.groupdict()) for match in matches if match]


def complaints(log: Path) -> list[str]:
    """Return all errors, whoever they are about, and the warnings that are from us or about us."""
    return [
        f"{line.level} {line.logger}: {line.message}"
        for line in log_lines(log)
        if line.level in ("ERROR", "CRITICAL")
        or (line.level == "WARNING" and "wattics" in f"{line.logger} {line.message}")
    ]
