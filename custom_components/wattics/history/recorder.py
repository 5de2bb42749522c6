"""Reads what Home Assistant's recorder has of entities.

All but `Recorder` blocks, and belongs into the recorder's own executor. Only what the recorder offers is used: it
does not matter which database is behind it.
"""

from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime
from itertools import pairwise
import math
from typing import Concatenate, Final, Literal, NamedTuple

from homeassistant.components.recorder.db_schema import RecorderRuns, States
from homeassistant.components.recorder.history import get_significant_states, state_changes_during_period
from homeassistant.components.recorder.statistics import get_metadata, statistics_during_period
from homeassistant.components.sensor.const import UNIT_CONVERTERS
from homeassistant.core import HomeAssistant, State
from homeassistant.helpers.recorder import (
    DATA_INSTANCE,
    async_migration_in_progress,
    get_instance,
    session_scope,
)
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

type Period = Literal["5minute", "hour"]

HOUR: Final = 3600.0
_BEFORE: Final = 1e-6
"""The recorder leaves out what is exactly at the start of what it is asked for: it is asked for a little more."""


class RecorderUnavailable(Exception):
    """The recorder is not there, or can't be read at the moment; the message says which."""


class Statistic(NamedTuple):
    """What the recorder's statistics say of a period, from `start` to `end` in seconds since 1970.

    `mean`, `least` and `most` are of a measurement. `total` is the sum of a counter, whatever its dial did, and
    `state` its dial, both at the period's end. None for what there is not.
    """

    start: float
    end: float
    mean: float | None
    least: float | None
    most: float | None
    total: float | None
    state: float | None


class Pause(NamedTuple):
    """From `start` to `end`, in seconds since 1970, Home Assistant was not running."""

    start: float
    end: float


class Recorder:
    """The recorder, for the event loop to use."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Take Home Assistant, with or without a recorder."""
        self._hass = hass

    @property
    def is_there(self) -> bool:
        """Whether there is a recorder at all."""
        return DATA_INSTANCE in self._hass.data

    async def async_commit(self) -> None:
        """Wait until all that happened so far can be read. Raises RecorderUnavailable."""
        self._expect()
        await get_instance(self._hass).async_block_till_done()

    async def async_read[**P, R](
        self, read: Callable[Concatenate[HomeAssistant, P], R], *args: P.args, **kwargs: P.kwargs
    ) -> R:
        """Return what a function of this module returns, called in the recorder's executor.

        Raises RecorderUnavailable.
        """
        self._expect()
        try:
            return await get_instance(self._hass).async_add_executor_job(lambda: read(self._hass, *args, **kwargs))
        except SQLAlchemyError as error:
            raise RecorderUnavailable(f"the recorder's database can't be read: {error}") from error

    def _expect(self) -> None:
        if not self.is_there:
            raise RecorderUnavailable("there is no recorder")
        if async_migration_in_progress(self._hass):
            raise RecorderUnavailable("the recorder is bringing its database up to date")


def states(hass: HomeAssistant, entity_id: str, start: float, end: float, *, begin: bool) -> list[State]:
    """Return the states of an entity from `start` on and before `end`, each at its `last_updated`.

    With `begin` also the one that it had at the start, with that as its time.
    """
    found = get_significant_states(
        hass,
        to_datetime(start - _BEFORE),
        to_datetime(end),
        [entity_id],
        include_start_time_state=begin,
        significant_changes_only=False,
    )
    return [state for state in found.get(entity_id, ()) if isinstance(state, State)]


def reports(hass: HomeAssistant, entity_id: str, start: float, end: float) -> dict[float, float]:
    """Return when states were reported last before another one came, by when they were new."""
    found = state_changes_during_period(
        hass,
        to_datetime(start - _BEFORE),
        to_datetime(end),
        entity_id,
        no_attributes=True,
        include_start_time_state=False,
    )
    return {state.last_updated_timestamp: state.last_reported_timestamp for state in found.get(entity_id, ())}


def known_from(hass: HomeAssistant, entity_id: str, start: float) -> float:
    """Return from when on the states of an entity are known: `start` or later, infinity for never."""
    found = state_changes_during_period(
        hass, to_datetime(start), None, entity_id, no_attributes=True, limit=1, include_start_time_state=True
    ).get(entity_id, [])
    return max(start, min((state.last_updated_timestamp for state in found), default=math.inf))


def has_changed(hass: HomeAssistant, entity_id: str, start: float, end: float) -> bool:
    """Whether an entity got a state from `start` on and not later than `end`."""
    found = state_changes_during_period(
        hass,
        to_datetime(start - _BEFORE),
        to_datetime(end + _BEFORE),
        entity_id,
        no_attributes=True,
        limit=1,
        include_start_time_state=False,
    )
    return bool(found.get(entity_id))


def pauses(hass: HomeAssistant) -> list[Pause]:
    """Return when Home Assistant was not running, as far back as states are kept.

    A run that ended in a crash ended, for all that is known, with the last state that was written.
    """
    found: list[Pause] = []
    with session_scope(hass=hass, read_only=True) as session:
        runs = session.execute(
            select(RecorderRuns.start, RecorderRuns.end, RecorderRuns.closed_incorrect).order_by(
                RecorderRuns.start
            )
        ).all()
        for (_, end, crashed), (start, _, _) in pairwise(runs):
            begin = _timestamp(start)
            if crashed or end is None:
                newest = session.execute(
                    select(func.max(States.last_updated_ts)).where(States.last_updated_ts < begin)
                ).scalar()
                found.append(Pause(begin if newest is None else newest, begin))
            else:
                found.append(Pause(_timestamp(end), begin))
    return [pause for pause in found if pause.start < pause.end]


def statistic_units(hass: HomeAssistant, entity_ids: Collection[str]) -> dict[str, str | None]:
    """Return the units in which statistics are kept, of those entities that have any."""
    metadata = get_metadata(hass, statistic_ids=set(entity_ids))
    return {entity_id: data["unit_of_measurement"] for entity_id, (_, data) in metadata.items()}


def statistics(
    hass: HomeAssistant, units: Mapping[str, str | None], start: float, end: float, period: Period
) -> dict[str, list[Statistic]]:
    """Return the statistics whose periods begin from `start` on and before `end`, in these units, by entity."""
    found: dict[str, list[Statistic]] = {}
    for entity_id, unit in units.items():
        rows = statistics_during_period(
            hass,
            to_datetime(start),
            to_datetime(end),
            {entity_id},
            period,
            _as_kept(unit),
            {"mean", "min", "max", "sum", "state"},
        ).get(entity_id, ())
        found[entity_id] = [
            Statistic(
                row["start"],
                row["end"],
                row.get("mean"),
                row.get("min"),
                row.get("max"),
                row.get("sum"),
                row.get("state"),
            )
            for row in rows
        ]
    return found


def _as_kept(unit: str | None) -> dict[str, str]:
    """Return what to ask for so that nothing is converted: the recorder would convert to what is shown."""
    if unit is None:
        return {}
    classes = {converter.UNIT_CLASS for converter in UNIT_CONVERTERS.values() if unit in converter.VALID_UNITS}
    return {str(unit_class): unit for unit_class in classes}


def to_datetime(seconds: float) -> datetime:
    """Return seconds since 1970 as an instant."""
    return datetime.fromtimestamp(seconds, UTC)


def _timestamp(stored: datetime) -> float:
    """Return the seconds since 1970 of a time that the recorder stored, in UTC."""
    return stored.replace(tzinfo=UTC).timestamp()
