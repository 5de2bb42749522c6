"""What the flows have in common that put something right with one stream."""

from collections.abc import Mapping

from homeassistant.components.repairs import RepairsFlow
from homeassistant.config_entries import ConfigEntryState, ConfigSubentry
from homeassistant.data_entry_flow import AbortFlow

from ..account import Account, WatticsConfigEntry
from ..issues import DATA_ENTRY_ID, DATA_SUBENTRY_ID
from ..sampling.registers import StreamRegisters
from ..sampling.stream import Stream


class StreamFixFlow(RepairsFlow):
    """Put something right with one stream, which may be changed or removed while the dialog is open."""

    def __init__(self, issue_data: Mapping[str, str | int | float | None]) -> None:
        """Take the data of the repair: the ids of the account's entry and the stream's subentry."""
        self._entry_id = str(issue_data[DATA_ENTRY_ID])
        self._subentry_id = str(issue_data[DATA_SUBENTRY_ID])

    @property
    def entry(self) -> WatticsConfigEntry:
        """The account's entry. Ends the flow if it was removed."""
        if (entry := self.hass.config_entries.async_get_entry(self._entry_id)) is None:
            raise AbortFlow("stream_gone")
        return entry

    @property
    def account(self) -> Account:
        """The account at work. Ends the flow if it is not loaded."""
        if self.entry.state is not ConfigEntryState.LOADED:
            raise AbortFlow("account_not_loaded")
        return self.entry.runtime_data

    @property
    def subentry(self) -> ConfigSubentry:
        """The stream as it is stored now. Ends the flow if it was removed."""
        if (subentry := self.entry.subentries.get(self._subentry_id)) is None:
            raise AbortFlow("stream_gone")
        return subentry

    @property
    def stream(self) -> Stream:
        """The stream at work. Ends the flow if it is not."""
        if (stream := self.account.streams.get(self._subentry_id)) is None:
            raise AbortFlow("stream_gone")
        return stream

    @property
    def registers(self) -> StreamRegisters:
        """The registers of the stream. Ends the flow while nobody knows them."""
        if (registers := self.account.intake.sampler.registers(self._subentry_id)) is None:
            raise AbortFlow("solved")
        return registers
