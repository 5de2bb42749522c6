"""Tells entities that their figures changed: often enough to be true, seldom enough to cost nothing."""

import asyncio
from collections import defaultdict
from collections.abc import Callable
import logging
import time
from typing import Final

from homeassistant.core import CALLBACK_TYPE, HassJob, HomeAssistant, callback
from homeassistant.helpers.event import async_call_later

_LOGGER = logging.getLogger(__name__)

SECONDS_BETWEEN_WRITES: Final = 10
_SLICE_SECONDS: Final = 0.002
"""As long may the event loop be held up at a time."""


async def async_yield_in_slices(started: float) -> float:
    """Let the event loop go on if this slice, begun at `started` (monotonic seconds), is used up."""
    if time.monotonic() - started < _SLICE_SECONDS:
        return started
    await asyncio.sleep(0)
    return time.monotonic()


def _call(listener: Callable[[], None]) -> None:
    """Call a listener; one that fails must not keep others from being called."""
    try:
        listener()
    except Exception:
        _LOGGER.exception("An entity can't be written. Please report this")


class Updates:
    """Listeners by subject: a stream's subentry id, or None for the account itself."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Start with nobody listening."""
        self._hass = hass
        self._listeners: defaultdict[str | None, list[Callable[[], None]]] = defaultdict(list)
        self._changed: dict[str | None, None] = {}
        self._due: dict[str | None, None] = {}
        self._writer: asyncio.Task[None] | None = None
        self._cancel_timer: CALLBACK_TYPE | None = None
        self._job = HassJob(self._write_changed, "wattics entity updates", cancel_on_shutdown=True)

    @callback
    def async_listen(self, subject: str | None, listener: Callable[[], None]) -> CALLBACK_TYPE:
        """Call `listener` when the subject's figures are to be written; return what ends that."""
        self._listeners[subject].append(listener)

        @callback
        def remove() -> None:
            self._listeners[subject].remove(listener)
            if not self._listeners[subject]:
                del self._listeners[subject]

        return remove

    @callback
    def async_changed(self, subject: str | None) -> None:
        """Let a subject's figures be written soon."""
        self._changed[subject] = None
        if self._cancel_timer is None:
            self._cancel_timer = async_call_later(self._hass, SECONDS_BETWEEN_WRITES, self._job)

    @callback
    def async_write_now(self, subject: str | None) -> None:
        """Write a subject's figures at once, since its status changed; of very many, a few at a time."""
        self._due[subject] = None
        if self._writer is None or self._writer.done():
            self._writer = self._hass.async_create_task(
                self._async_write_due(), "wattics entity updates", eager_start=True
            )

    @callback
    def _write_changed(self, _: object) -> None:
        self._cancel_timer = None
        for subject in list(self._changed):
            self.async_write_now(subject)

    async def _async_write_due(self) -> None:
        started = time.monotonic()
        while self._due:
            subject = next(iter(self._due))
            del self._due[subject]
            self._changed.pop(subject, None)
            for listener in list(self._listeners.get(subject, ())):
                _call(listener)
            started = await async_yield_in_slices(started)

    @callback
    def async_stop(self) -> None:
        """Write nothing any more."""
        self._due.clear()
        if self._cancel_timer is not None:
            self._cancel_timer()
            self._cancel_timer = None
