"""Samples streams from Home Assistant's state machine."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import partial

from homeassistant.core import HomeAssistant, State, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.util import dt as dt_util

from .follower import Follower
from .means import microseconds
from .reader import Reader
from .registers import StreamRegisters
from .stream import Stream
from .stream_sampler import Packed, Sample, StateOf, StreamSampler
from .zones import Zones


class Sampler:
    """Samples streams from Home Assistant's state machine, and follows what their sources do between samples."""

    def __init__(
        self, hass: HomeAssistant, zones: Zones, on_urgent: Callable[[Stream], None] = lambda _: None
    ) -> None:
        """Take the zones, loaded for the streams that will be sampled.

        `on_urgent` gets a stream whose registers must be stored at once.
        """
        self._hass = hass
        self._zones = zones
        self._on_urgent = on_urgent
        self._reader = Reader()
        self._follower = Follower(hass)
        self._followed: dict[str, StreamSampler] = {}

    @callback
    def async_follow(self, stream: Stream, stored: Mapping[str, str | None] | None) -> None:
        """Watch the sources of a stream from now on; what is known of it, or of it before a change, is kept.

        `stored` holds its registers as they were stored, by code, None for one that was lost; it is None itself
        if that is not known yet.
        """
        self._reader.forget(stream.subentry_id)
        followed = StreamSampler.begin(stream, self._zones, self._reader, _now())
        if (before := self._followed.get(stream.subentry_id)) is not None:
            followed.take_over(before, self._renamed(stream))
        if stored is not None and not followed.is_restored:
            followed.restore(stored, self._renamed(stream))
        self._follow(followed)

    @callback
    def async_restore(self, stream: Stream, stored: Mapping[str, str | None]) -> None:
        """Go on with registers as they were stored, whatever has been counted since."""
        followed = self._followed[stream.subentry_id].without_registers()
        followed.restore(stored, self._renamed(stream))
        self._follow(followed)

    @callback
    def async_forget(self, subentry_id: str) -> None:
        """Let go of a stream that is no more."""
        self._follower.async_forget(subentry_id)
        self._followed.pop(subentry_id, None)
        self._reader.forget(subentry_id)

    @callback
    def async_stop(self) -> None:
        """Watch nothing any more; registers can still be packed."""
        self._follower.async_stop()

    def sample(self, instant: datetime, streams: Sequence[Stream]) -> list[Sample]:
        """Sample streams for the boundary `instant` (aware): each packet carries it in its stream's zone.

        A stream that is not followed has neither means nor registers: what its sources say at this moment stands
        for them. What a register rose by since the packet before is put in by `pack`.
        """
        state_of = self._states()
        return [self._sampler_of(stream).sample(instant, state_of) for stream in streams]

    def look(self, now: datetime, stream: Stream) -> Sample:
        """Return what a sample would be at `now`, of an interval that is not over; nothing is changed by that."""
        return self._sampler_of(stream).look(now, self._states())

    def registers(self, subentry_id: str) -> StreamRegisters | None:
        """Return a stream's registers, which go on counting; None where they are not known."""
        followed = self._followed.get(subentry_id)
        return followed.registers if followed is not None and followed.is_restored else None

    def pack(self, sample: Sample) -> Packed | None:
        """Return the packet of a sample that is about to be queued, None for a gap; it packs its registers.

        A packet follows the one before: call this in the order of the samples, for each that gets queued.
        """
        return self._sampler_of(sample.stream).pack(sample)

    def unpack(self, sample: Sample, packed: Packed) -> None:
        """Take back what `pack` did: the packet was not queued."""
        self._sampler_of(sample.stream).unpack(packed)

    def stored(self, subentry_id: str) -> Iterable[tuple[str, str]]:
        """Return what is to be stored of a stream's registers: code and text."""
        followed = self._followed.get(subentry_id)
        return followed.stored() if followed is not None else ()

    def is_restored(self, subentry_id: str) -> bool:
        """Whether it is known what was stored of a stream's registers."""
        followed = self._followed.get(subentry_id)
        return followed is not None and followed.is_restored

    def is_followed(self, subentry_id: str) -> bool:
        """Whether the sources of a stream are watched."""
        return subentry_id in self._followed

    def _sampler_of(self, stream: Stream) -> StreamSampler:
        """Return what samples a stream: one that is not followed is looked at as it is."""
        followed = self._followed.get(stream.subentry_id)
        return followed if followed is not None else StreamSampler(stream, self._zones, self._reader)

    def _follow(self, followed: StreamSampler) -> None:
        stream, source_ids = followed.stream, followed.source_ids
        self._followed[stream.subentry_id] = followed
        self._follower.async_follow(
            stream.subentry_id,
            source_ids,
            partial(self._observe, followed),
            reports=stream.maximum_age is not None or any(map(stream.is_register, stream.parameters)),
        )
        state_of = self._states()
        now = dt_util.utcnow().timestamp()
        for source_id in source_ids:
            if followed.observe(source_id, state_of(source_id), now, is_report=False):
                self._on_urgent(stream)

    def _renamed(self, stream: Stream) -> Mapping[str, str]:
        """Return the registry ids of a stream's sources by the entity ids that may have stood for them before."""
        registry = er.async_get(self._hass)
        source_ids = [source.id for sources in stream.parameters.values() for source in sources]
        entries = filter(None, map(registry.async_get, source_ids))
        return {entry.entity_id: entry.id for entry in entries if entry.id in source_ids}

    def _observe(self, followed: StreamSampler, source_id: str, state: State | None, at: float) -> None:
        if followed.observe(source_id, state, at):
            self._on_urgent(followed.stream)

    def _states(self) -> StateOf:
        """Return what tells the states that sources have at the moment."""
        return partial(self._state, er.async_get(self._hass))

    def _state(self, registry: er.EntityRegistry, source_id: str) -> State | None:
        entity_id = er.async_resolve_entity_id(registry, source_id)
        return self._hass.states.get(entity_id) if entity_id else None


def _now() -> int:
    return microseconds(dt_util.utcnow().timestamp())
