"""Tells which sources of streams are gone, and which have a unit that does not fit: what no waiting mends."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
import time
from typing import Final, NamedTuple

from homeassistant.core import CALLBACK_TYPE, Event, HassJob, HomeAssistant, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.event import async_call_later

from .sampling.absence import Absence, find_absence
from .sampling.reader import ProblemKind, SourceProblem
from .sampling.stream import Stream

INTERVALS_OF_GRACE: Final = 3
SHORTEST_GRACE: Final = 5 * 60
LONGEST_GRACE: Final = 15 * 60
"""As long, in seconds, may a source be absent: integrations reload, and some load late."""
LOOK_AGAIN_SECONDS: Final = 60

_SILENT: Final = frozenset({ProblemKind.MISSING, ProblemKind.NO_VALUE})
"""What a source may be without saying anything of its unit."""


class GoneSource(NamedTuple):
    """A source that has been absent for too long, or is disabled."""

    code: str
    source_id: str
    absence: Absence


@dataclass(frozen=True, slots=True)
class SourceTroubles:
    """What is wrong with a stream's sources, in the order of its parameters."""

    gone: tuple[GoneSource, ...] = ()
    misfits: tuple[SourceProblem, ...] = ()
    """Sources whose unit can't be converted, or has changed where it must not."""


NO_TROUBLES: Final = SourceTroubles()


@dataclass(slots=True)
class _Watched:
    """What is known of one stream."""

    stream: Stream
    entity_ids: frozenset[str]
    absent: dict[str, tuple[Absence, float]] = field(default_factory=dict)
    """Sources that are absent, and since when."""
    misfits: dict[tuple[str, str], SourceProblem] = field(default_factory=dict)


class SourceWatch:
    """The sources of one account's streams.

    Looks at what had no value at a boundary, at all sources of a stream when the registry or the stream changes,
    and every minute at those that are absent.
    """

    def __init__(self, hass: HomeAssistant, on_change: Callable[[str], None]) -> None:
        """`on_change` gets the subentry id of a stream that is to be looked at."""
        self._hass = hass
        self._on_change = on_change
        self._watched: dict[str, _Watched] = {}
        self._keys_of: defaultdict[str, set[str]] = defaultdict(set)
        self._outdated: set[str] = set()
        self._stop_following: CALLBACK_TYPE | None = None
        self._cancel_timer: CALLBACK_TYPE | None = None
        self._job = HassJob(self._look_again, "wattics sources", cancel_on_shutdown=True)

    @callback
    def async_start(self) -> None:
        """Begin to judge, now that Home Assistant has started: before that, many sources are not there yet."""
        self._stop_following = self._hass.bus.async_listen(
            er.EVENT_ENTITY_REGISTRY_UPDATED, self._registry_updated
        )

    @callback
    def async_stop(self) -> None:
        """Judge no more."""
        if self._stop_following is not None:
            self._stop_following()
            self._stop_following = None
        if self._cancel_timer is not None:
            self._cancel_timer()
            self._cancel_timer = None

    @callback
    def async_forget(self, key: str) -> None:
        """Let go of a stream that is no more."""
        if (watched := self._watched.pop(key, None)) is not None:
            self._index(key, watched.entity_ids, frozenset())
        self._outdated.discard(key)

    @callback
    def async_look(self, stream: Stream, problems: Sequence[SourceProblem]) -> SourceTroubles:
        """Return what is wrong with a stream's sources now. `problems` are those of its last boundary."""
        if self._stop_following is None:
            return NO_TROUBLES
        key = stream.subentry_id
        watched = self._watched.get(key)
        if watched is None or watched.stream is not stream or key in self._outdated:
            watched = self._take_up(stream, watched)
            candidates = {source.id for sources in stream.parameters.values() for source in sources}
        elif not (problems or watched.absent or watched.misfits):
            return NO_TROUBLES
        else:
            candidates = watched.absent.keys() | {problem.source_id for problem in problems}
        self._find_absent(watched, candidates)
        _find_misfits(watched, problems)
        if watched.absent and self._cancel_timer is None:
            self._cancel_timer = async_call_later(self._hass, LOOK_AGAIN_SECONDS, self._job)
        return _troubles(watched)

    def _take_up(self, stream: Stream, before: _Watched | None) -> _Watched:
        """Watch a stream, or what it has become."""
        key = stream.subentry_id
        registry = er.async_get(self._hass)
        ids = {source.id for sources in stream.parameters.values() for source in sources}
        entity_ids = frozenset(filter(None, (er.async_resolve_entity_id(registry, one) for one in ids)))
        watched = _Watched(stream, entity_ids)
        if before is not None:
            watched.absent = {source_id: since for source_id, since in before.absent.items() if source_id in ids}
            watched.misfits = before.misfits if before.stream is stream else {}
        self._index(key, before.entity_ids if before else frozenset(), entity_ids)
        self._watched[key] = watched
        self._outdated.discard(key)
        return watched

    def _index(self, key: str, before: frozenset[str], after: frozenset[str]) -> None:
        for entity_id in before - after:
            self._keys_of[entity_id].discard(key)
            if not self._keys_of[entity_id]:
                del self._keys_of[entity_id]
        for entity_id in after - before:
            self._keys_of[entity_id].add(key)

    def _find_absent(self, watched: _Watched, candidates: Iterable[str]) -> None:
        now = time.monotonic()
        for source_id in candidates:
            if (absence := find_absence(self._hass, source_id)) is None:
                watched.absent.pop(source_id, None)
            else:
                _, since = watched.absent.get(source_id, (absence, now))
                watched.absent[source_id] = absence, since

    @callback
    def _registry_updated(self, event: Event[er.EventEntityRegistryUpdatedData]) -> None:
        """Look at all streams that have the entity, and at those that may have got a lost one back."""
        keys = set(self._keys_of.get(event.data["entity_id"], ()))
        if event.data["action"] == "update":
            keys |= self._keys_of.get(event.data.get("old_entity_id", ""), set())
        elif event.data["action"] == "create":
            keys |= {key for key, watched in self._watched.items() if watched.absent}
        self._outdated |= keys
        for key in keys:
            self._on_change(key)

    @callback
    def _look_again(self, _: object) -> None:
        self._cancel_timer = None
        for key in [key for key, watched in self._watched.items() if watched.absent]:
            self._on_change(key)


def grace(stream: Stream) -> int:
    """Return for how many seconds a source may be absent before it is taken for gone."""
    return min(max(INTERVALS_OF_GRACE * stream.interval, SHORTEST_GRACE), LONGEST_GRACE)


def _find_misfits(watched: _Watched, problems: Sequence[SourceProblem]) -> None:
    """Take note of units that do not fit; a source that is silent at the moment still has the one that it had."""
    kinds = {(problem.code, problem.source_id): problem.kind for problem in problems}
    still = {key: problem for key, problem in watched.misfits.items() if kinds.get(key) in _SILENT}
    watched.misfits = still | {
        (problem.code, problem.source_id): problem for problem in problems if problem.kind is ProblemKind.UNIT
    }


def _troubles(watched: _Watched) -> SourceTroubles:
    if not watched.absent and not watched.misfits:
        return NO_TROUBLES
    now, patience = time.monotonic(), grace(watched.stream)
    gone: list[GoneSource] = []
    misfits: list[SourceProblem] = []
    for code, sources in watched.stream.parameters.items():
        for source in sources:
            if source.id in watched.absent:
                absence, since = watched.absent[source.id]
                if absence is Absence.DISABLED or now - since >= patience:
                    gone.append(GoneSource(code, source.id, absence))
            elif (code, source.id) in watched.misfits:
                misfits.append(watched.misfits[code, source.id])
    return SourceTroubles(tuple(gone), tuple(misfits))
