"""What a real recorder records of entities whose states change at times of the test's choice."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, NamedTuple

from freezegun.api import FrozenDateTimeFactory
from homeassistant.components.recorder.core import Recorder
from homeassistant.components.recorder.db_schema import States
from homeassistant.components.recorder.models import StatisticMeanType
from homeassistant.components.recorder.statistics import async_import_statistics
from homeassistant.core import HomeAssistant
from homeassistant.helpers.recorder import session_scope
from pytest_homeassistant_custom_component.components.recorder.common import do_adhoc_statistics
from sqlalchemy import delete, update

BEGIN: Final = datetime(2026, 11, 13, 0, 0, 0, tzinfo=UTC)
"""From here on states are recorded."""
FIVE_MINUTES: Final = timedelta(minutes=5)


class Change(NamedTuple):
    """An entity gets a state at an instant; None removes it."""

    at: datetime
    entity_id: str
    value: object
    attributes: Mapping[str, Any]


class Recording:
    """A recorder at work."""

    def __init__(self, hass: HomeAssistant, clock: FrozenDateTimeFactory, recorder: Recorder) -> None:
        """Take what the fixtures made."""
        self.hass = hass
        self.clock = clock
        self.recorder = recorder
        self.compiled = BEGIN

    @property
    def path(self) -> Path:
        """Where the database is."""
        return Path(self.recorder.db_url.removeprefix("sqlite:///"))

    async def play(self, changes: Iterable[Change]) -> None:
        """Let entities change, in order, each at its time."""
        for count, change in enumerate(sorted(changes, key=lambda change: change.at)):
            self.clock.move_to(change.at)
            if change.value is None:
                self.hass.states.async_remove(change.entity_id)
            else:
                self.hass.states.async_set(change.entity_id, str(change.value), change.attributes)
            if count % 500 == 0:
                await self.hass.async_block_till_done()
        await self.done()

    async def done(self) -> None:
        """Wait until all is in the database."""
        await self.hass.async_block_till_done()
        await self.recorder.async_block_till_done()

    async def compile(self, until: datetime) -> None:
        """Make the statistics of 5 minutes, and of full hours, up to here, as the recorder does by itself."""
        self.clock.move_to(until)
        while self.compiled + FIVE_MINUTES <= until:
            do_adhoc_statistics(self.hass, start=self.compiled)
            self.compiled += FIVE_MINUTES
        await self.done()

    async def import_hours(
        self, entity_id: str, unit: str | None, unit_class: str | None, rows: list[dict[str, Any]]
    ) -> None:
        """Give an entity statistics of hours before those that are compiled: as left of years past."""
        has_sum = "sum" in rows[0]
        async_import_statistics(
            self.hass,
            {
                "has_sum": has_sum,
                "mean_type": StatisticMeanType.NONE if has_sum else StatisticMeanType.ARITHMETIC,
                "name": None,
                "source": "recorder",
                "statistic_id": entity_id,
                "unit_class": unit_class,
                "unit_of_measurement": unit,
            },
            rows,  # type: ignore[arg-type]
        )
        await self.done()

    async def purge(self, before: datetime) -> None:
        """Let go of states before an instant, and of nothing else."""

        def purge() -> None:
            with session_scope(hass=self.hass) as session:
                session.execute(update(States).values(old_state_id=None))
                session.execute(delete(States).where(States.last_updated_ts < before.timestamp()))
            with session_scope(hass=self.hass, read_only=True) as session:
                self.recorder.states_manager.load_from_db(session)

        await self.recorder.async_add_executor_job(purge)
        await self.done()
