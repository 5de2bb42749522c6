"""How often counters rise, as far as Home Assistant knows: from the recorder's history, else from their states."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from functools import partial
from itertools import pairwise
import logging
from statistics import median
from typing import Final

from async_timeout import timeout
from homeassistant.components.recorder import history
from homeassistant.components.recorder.const import DOMAIN as RECORDER_DOMAIN
from homeassistant.core import HomeAssistant, State
from homeassistant.helpers.recorder import get_instance
from sqlalchemy.exc import SQLAlchemyError

from ..sampling.values import number

_LOGGER = logging.getLogger(__name__)

HISTORY_SECONDS: Final = 3.0
"""As long is waited for the recorder, for all entities together: what it does not tell in time goes unsaid."""

_LOOK_BACK: Final = timedelta(days=1)
_MOST_CHANGES: Final = 300
_FEWEST_GAPS: Final = 3


async def async_usual_gaps(hass: HomeAssistant, entity_ids: Iterable[str], now: datetime) -> dict[str, float]:
    """Return the usual time between two changes of entities in the last day, in seconds.

    It is the median: a counter that rests at night is not slow for that. Entities of which too little is known
    are left out.
    """
    gaps: dict[str, float] = {}
    if RECORDER_DOMAIN not in hass.config.components:
        return gaps
    try:
        async with timeout(HISTORY_SECONDS):
            for entity_id in entity_ids:
                if (gap := _usual_gap(await _async_changes(hass, entity_id, now))) is not None:
                    gaps[entity_id] = gap
    except TimeoutError:
        _LOGGER.debug("The recorder does not answer in time")
    except SQLAlchemyError as error:
        _LOGGER.debug("The recorder can't be read: %s", error)
    return gaps


def silence(state: State, now: datetime) -> float:
    """Return for how long an entity has not reported, in seconds."""
    return now.timestamp() - state.last_reported_timestamp


async def _async_changes(hass: HomeAssistant, entity_id: str, now: datetime) -> Sequence[State]:
    read = partial(
        history.state_changes_during_period,
        hass,
        now - _LOOK_BACK,
        now,
        entity_id,
        no_attributes=True,
        limit=_MOST_CHANGES,
        include_start_time_state=False,
    )
    return (await get_instance(hass).async_add_executor_job(read)).get(entity_id, [])


def _usual_gap(states: Sequence[State]) -> float | None:
    """Return the median time between changes of a number, None for too few of them."""
    numeric = [(number(state.state), state.last_changed_timestamp) for state in states]
    known = [(value, at) for value, at in numeric if value is not None]
    changes = [at for (before, _), (value, at) in pairwise(known) if value != before]
    gaps = [after - before for before, after in pairwise(changes)]
    return median(gaps) if len(gaps) >= _FEWEST_GAPS else None
