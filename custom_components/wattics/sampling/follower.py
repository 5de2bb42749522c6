"""Follows the states of sources, through renames, by the ids under which they are stored."""

from collections import defaultdict
from collections.abc import Callable, Collection

from homeassistant.core import (
    CALLBACK_TYPE,
    Event,
    EventStateChangedData,
    EventStateReportedData,
    HomeAssistant,
    State,
    callback,
)
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.event import async_track_state_change_event, async_track_state_report_event

type StateCallback = Callable[[str, State | None, float], None]
"""Gets a source's id, its state (None: it has none any more) and since when, in seconds since 1970."""


class Follower:
    """The subscriptions of one account, one set a stream."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Follow nothing yet."""
        self._hass = hass
        self._followed: dict[str, _Followed] = {}
        self._keys_of: defaultdict[str, set[str]] = defaultdict(set)
        self._stop_following_renames: CALLBACK_TYPE | None = None

    @callback
    def async_follow(
        self, key: str, source_ids: Collection[str], on_state: StateCallback, *, reports: bool = False
    ) -> None:
        """Call `on_state` with every new state of the sources of a stream, from now on and until `async_forget`.

        With `reports` also with every report that changes nothing.
        """
        self.async_forget(key)
        self._followed[key] = followed = _Followed(self._hass, frozenset(source_ids), on_state, reports=reports)
        followed.subscribe()
        for source_id in source_ids:
            self._keys_of[source_id].add(key)
        if self._stop_following_renames is None:
            self._stop_following_renames = self._hass.bus.async_listen(
                er.EVENT_ENTITY_REGISTRY_UPDATED, self._registry_updated
            )

    @callback
    def async_forget(self, key: str) -> None:
        """Follow the sources of a stream no longer."""
        if (followed := self._followed.pop(key, None)) is None:
            return
        followed.unsubscribe()
        for source_id in followed.source_ids:
            self._keys_of[source_id].discard(key)
            if not self._keys_of[source_id]:
                del self._keys_of[source_id]

    @callback
    def async_stop(self) -> None:
        """Follow nothing any more."""
        for key in list(self._followed):
            self.async_forget(key)
        if self._stop_following_renames is not None:
            self._stop_following_renames()
            self._stop_following_renames = None

    @callback
    def _registry_updated(self, event: Event[er.EventEntityRegistryUpdatedData]) -> None:
        """Subscribe anew where a source has another entity id now, or has come back."""
        entry = er.async_get(self._hass).async_get(event.data["entity_id"])
        if entry is None:
            return
        for key in self._keys_of.get(entry.id, ()):
            followed = self._followed[key]
            if followed.is_outdated():
                followed.unsubscribe()
                followed.subscribe()


class _Followed:
    """The sources of one stream."""

    def __init__(
        self, hass: HomeAssistant, source_ids: frozenset[str], on_state: StateCallback, *, reports: bool
    ) -> None:
        self._hass = hass
        self.source_ids = source_ids
        self._on_state = on_state
        self._reports = reports
        self._source_ids_of: dict[str, list[str]] = {}
        self._unsubscribe: list[CALLBACK_TYPE] = []

    def subscribe(self) -> None:
        self._source_ids_of = self._resolve()
        entity_ids = list(self._source_ids_of)
        self._unsubscribe = [async_track_state_change_event(self._hass, entity_ids, self._changed)]
        if self._reports:
            self._unsubscribe.append(async_track_state_report_event(self._hass, entity_ids, self._reported))

    def unsubscribe(self) -> None:
        for unsubscribe in self._unsubscribe:
            unsubscribe()
        self._unsubscribe = []

    def is_outdated(self) -> bool:
        """Whether a source has another entity id than when it was subscribed to."""
        return self._resolve() != self._source_ids_of

    def _resolve(self) -> dict[str, list[str]]:
        registry = er.async_get(self._hass)
        source_ids_of: defaultdict[str, list[str]] = defaultdict(list)
        for source_id in self.source_ids:
            if entity_id := er.async_resolve_entity_id(registry, source_id):
                source_ids_of[entity_id].append(source_id)
        return source_ids_of

    @callback
    def _changed(self, event: Event[EventStateChangedData]) -> None:
        state = event.data["new_state"]
        at = event.time_fired_timestamp if state is None else state.last_updated_timestamp
        for source_id in self._source_ids_of[event.data["entity_id"]]:
            self._on_state(source_id, state, at)

    @callback
    def _reported(self, event: Event[EventStateReportedData]) -> None:
        state = event.data["new_state"]
        for source_id in self._source_ids_of[event.data["entity_id"]]:
            self._on_state(source_id, state, event.data["last_reported"].timestamp())
