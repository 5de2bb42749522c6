"""What importing a list comes to: streams to create, to change and to leave alone, or all that is wrong."""

from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
import time
from typing import Any, Final
from zoneinfo import available_timezones

from homeassistant.config_entries import ConfigEntry, ConfigSubentry
from homeassistant.const import CONF_TYPE
from homeassistant.core import HomeAssistant

from ..const import (
    CONF_INTERVAL,
    CONF_PARAMETERS,
    CONF_STREAM_ID,
    CONF_TIME_ZONE,
    CONF_UNIT,
    SUBENTRY_SINGLE_VALUE,
)
from ..delivery.packet import VALUE
from ..flows.checks import StreamError, check_stream
from ..sampling.stream import AS_IS
from ..updates import async_yield_in_slices
from .drafts import Draft, read_drafts
from .fields import CODES
from .nodes import ListError, Problem
from .rows import without_defaults
from .storing import to_stored, with_units
from .text import read_list

_STAND_INS: Final[Mapping[str, Any]] = {
    CONF_STREAM_ID: "?",
    CONF_INTERVAL: 300,
    CONF_UNIT: AS_IS,
}
"""So that the rest of a row can be checked."""


@dataclass(frozen=True, slots=True)
class Planned:
    """A stream as it is going to be stored; for a change, its subentry and what that has stored `before`."""

    kind: str
    stream: Mapping[str, Any]
    subentry_id: str | None = None
    before: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Plan:
    """What a list comes to for an account; with `problems` nothing is to be done. `unchanged` are stream ids."""

    created: Sequence[Planned] = ()
    changed: Sequence[Planned] = ()
    unchanged: Sequence[str] = ()
    problems: Sequence[Problem] = ()

    @property
    def does_nothing(self) -> bool:
        """Whether there is nothing to create or change."""
        return not self.created and not self.changed


async def async_plan(hass: HomeAssistant, entry: ConfigEntry, source: str | Sequence[object]) -> Plan:
    """Return what importing a list, as text or as data, comes to. A list with anything wrong comes to nothing."""
    try:
        drafts, problems, zones = await hass.async_add_executor_job(_read, source)
    except ListError as error:
        return Plan(problems=[error.problem])
    planner = _Planner(hass, entry, zones)
    started = time.monotonic()
    for draft in drafts:
        problems += [*draft.problems, *planner.take(draft)]
        started = await async_yield_in_slices(started)
    if problems:
        return Plan(problems=sorted(problems, key=_position))
    return Plan(planner.created, planner.changed, planner.unchanged)


def _read(source: str | Sequence[object]) -> tuple[list[Draft], list[Problem], Container[str] | None]:
    """Read a list and, if it names any, the time zones there are: all that may take its time."""
    listing = read_list(source)
    drafts = read_drafts(listing.rows)
    names_zones = any(CONF_TIME_ZONE in draft.stream for draft in drafts)
    return drafts, list(listing.problems), available_timezones() if names_zones else None


def _position(problem: Problem) -> tuple[int, int]:
    return problem.line or 0, problem.row or 0


class _Planner:
    """Compares one draft after the other with what the account has."""

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry, zones: Container[str] | None) -> None:
        self._hass = hass
        self._zones = zones
        self._existing = {subentry.unique_id: subentry for subentry in entry.subentries.values()}
        self._drafts: dict[str, Draft] = {}
        self.created: list[Planned] = []
        self.changed: list[Planned] = []
        self.unchanged: list[str] = []

    def take(self, draft: Draft) -> Iterator[Problem]:
        """Add what becomes of a stream to the plan; yield what is wrong beside the draft's own problems."""
        if not draft.stream:
            return
        stream_id: str | None = draft.stream.get(CONF_STREAM_ID)
        if stream_id is not None:
            yield from self._check_once(draft, stream_id)
        existing = self._existing.get(stream_id)
        if existing is not None and existing.subentry_type != draft.kind:
            yield _problem(draft, (CONF_TYPE,), CONF_TYPE, "type_change", {"type": existing.subentry_type})
            return
        yield from self._check(draft, existing)

    def _check_once(self, draft: Draft, stream_id: str) -> Iterator[Problem]:
        first = self._drafts.setdefault(stream_id, draft)
        if first is draft:
            return
        line = first.node.find((CONF_STREAM_ID,)).line
        key, where = ("duplicate_row", first.number) if line is None else ("duplicate_line", line)
        yield _problem(draft, (CONF_STREAM_ID,), CONF_STREAM_ID, key, {"where": str(where)})

    def _check(self, draft: Draft, existing: ConfigSubentry | None) -> Iterator[Problem]:
        before = None if existing is None else existing.data
        stream = to_stored(self._hass, draft, before)
        if before is not None and stream == without_defaults(draft.kind, before) and not draft.problems:
            self.unchanged.append(stream[CONF_STREAM_ID])
            return
        wrong = {problem.column for problem in draft.problems}
        if wrong & set(CODES):
            # That no entity is left may come from what is wrong already.
            wrong.add(CONF_PARAMETERS)
        checked = {**_STAND_INS, **stream}
        if draft.kind == SUBENTRY_SINGLE_VALUE:
            checked[CONF_PARAMETERS] = {VALUE: [], **stream[CONF_PARAMETERS]}
        errors = check_stream(self._hass, checked, before=before, zones=self._zones)
        yield from (problem for error in errors if (problem := _from_form(draft, error)).column not in wrong)
        if draft.problems:
            return
        stream = with_units(self._hass, stream)
        if existing is None:
            self.created.append(Planned(draft.kind, stream))
        else:
            self.changed.append(Planned(draft.kind, stream, existing.subentry_id, existing.data))


def _from_form(draft: Draft, error: StreamError) -> Problem:
    """Return an error as forms have it at its place in the list."""
    field, *rest = map(str, error.path)
    column = rest[0] if field == CONF_PARAMETERS and rest else field
    return _problem(draft, error.path, column, error.key, error.placeholders, draft.kind)


def _problem(
    draft: Draft,
    path: Sequence[str | int],
    column: str,
    key: str,
    placeholders: Mapping[str, str],
    form: str | None = None,
) -> Problem:
    line = draft.node.find(path).line or draft.node.line
    return Problem(key, placeholders, draft.number, line, column, form)
