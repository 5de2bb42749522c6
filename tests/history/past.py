"""A running Home Assistant with a recorder, whose history goes to a collector."""

from freezegun.api import real_monotonic
from homeassistant.components.recorder.core import Recorder

from custom_components.wattics.const import DOMAIN
from tests.common import Home

_PATIENCE = 10.0


class Past:
    """What `Home` can't wait for: the recorder's threads, and what is read from them."""

    def __init__(self, home: Home, recorder: Recorder) -> None:
        """Take what the fixtures made."""
        self.home = home
        self.recorder = recorder

    async def until(self, moment: str) -> None:
        """Let time pass until this time of day (UTC, HH:MM:SS), and what is to be read be read."""
        await self.home.until(moment)
        await self.read()

    async def read(self) -> None:
        """Wait until all that is to be read of the past has been read and sent."""
        deadline = real_monotonic() + _PATIENCE
        while self.unread:
            assert real_monotonic() < deadline, f"history is not read: {self.unread}"
            # Between two stretches it pauses, for about as long as the first one took.
            await self.home.pass_time(1)
        await self.home.pass_time(1)

    @property
    def unread(self) -> list[object]:
        """The periods that are not read to their end."""
        entries = self.home.hass.config_entries.async_loaded_entries(DOMAIN)
        return [
            history
            for entry in entries
            for record in entry.runtime_data.outbox.streams.values()
            for history in record.histories
            if history.read_at is None
        ]
