"""What the flows of all streams share: the first page, the question for waiting packets, the last look."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any
from zoneinfo import available_timezones

from homeassistant.config_entries import SOURCE_RECONFIGURE, ConfigSubentry, ConfigSubentryFlow, SubentryFlowResult
from homeassistant.const import CONF_NAME
from homeassistant.helpers.selector import SelectSelector, SelectSelectorConfig, SelectSelectorMode
from homeassistant.util import dt as dt_util
import voluptuous as vol

from ..const import CONF_PARAMETERS, CONF_STREAM_ID
from .identity import IDENTITY_SCHEMA, identity_values, is_taken, read_identity
from .preview import async_preview
from .sources import StoredSource
from .waiting import CONF_PACKETS, STEP_WAITING, WAITING_SCHEMA, async_settle_stream, async_waiting


class StreamFlow(ConfigSubentryFlow, ABC):
    """Add or change a stream. `stream` is what will be stored; every step fills in its part."""

    def __init__(self) -> None:
        """Start with an empty stream."""
        self.stream: dict[str, Any] = {}
        self._packets: str | None = None

    @abstractmethod
    async def async_after_identity(self) -> SubentryFlowResult:
        """Go on after the first page."""

    async def async_identity_schema(self, _suggestions: Mapping[str, Any]) -> vol.Schema:
        """Return the first page, given what it will show."""
        return IDENTITY_SCHEMA

    def identity_suggestions(self) -> dict[str, Any]:
        """Return the first page's values of the stream that is being changed."""
        return identity_values(self.stream)

    def read_identity(
        self, user_input: Mapping[str, Any]
    ) -> tuple[dict[str, Any], dict[str, str], dict[str, str]]:
        """Return the first page's part of the stream, the form's errors and what their texts name."""
        subentry_id = self._reconfigure_subentry_id if self.source == SOURCE_RECONFIGURE else None
        return *read_identity(user_input, self._get_entry(), subentry_id), {}

    async def async_step_reconfigure(self, _user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Go through the same pages with everything filled in."""
        self.stream = dict(self._get_reconfigure_subentry().data)
        return await self.async_step_user()

    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Ask which stream it is."""
        errors: dict[str, str] = {}
        placeholders: dict[str, str] = {}
        if user_input is not None:
            identity, errors, placeholders = self.read_identity(user_input)
            if not errors:
                self.stream |= identity
                return await self.async_after_identity()
        suggestions = user_input or (self.identity_suggestions() if self.stream else {})
        schema = await self.async_identity_schema(suggestions)
        return self.show("user", schema, suggestions, errors, placeholders)

    async def async_step_waiting(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Ask what becomes of the packets that wait for the stream's old id."""
        if user_input is not None:
            self._packets = user_input[CONF_PACKETS]
            return await self.async_step_confirm()
        old, new = self._changed_id()
        count = await async_waiting(self.hass, self._get_entry(), old)
        return self.show(STEP_WAITING, WAITING_SCHEMA, placeholders={"count": str(count), "old": old, "new": new})

    async def async_step_confirm(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Show the packet, what is missing and what Wattics says; then store the stream."""
        if await self._async_must_ask_for_packets():
            return await self.async_step_waiting()
        if user_input is not None:
            return await self._async_store()
        return self.async_show_form(
            step_id="confirm",
            data_schema=vol.Schema({}),
            description_placeholders=await async_preview(
                self.hass, self._get_entry(), self._as_subentry(), dt_util.utcnow()
            ),
            last_step=True,
        )

    def sources_of(self, code: str) -> list[StoredSource]:
        """Return the sources that the stream has for a parameter so far."""
        return list(self.stream.get(CONF_PARAMETERS, {}).get(code, ()))

    def show(
        self,
        step: str,
        schema: vol.Schema,
        suggestions: Mapping[str, Any] | None = None,
        errors: dict[str, str] | None = None,
        placeholders: Mapping[str, str] | None = None,
    ) -> SubentryFlowResult:
        """Show one of the pages before the last, with what is stored or was typed."""
        return self.async_show_form(
            step_id=step,
            data_schema=self.add_suggested_values_to_schema(schema, suggestions),
            errors=errors,
            description_placeholders=placeholders,
            last_step=False,
        )

    async def async_time_zones(self) -> SelectSelector:
        """Return a list of all time zones to choose from."""
        zones = await self.hass.async_add_executor_job(available_timezones)
        return SelectSelector(SelectSelectorConfig(options=sorted(zones), mode=SelectSelectorMode.DROPDOWN))

    def _as_subentry(self) -> ConfigSubentry:
        """Return the stream as it would be stored."""
        subentry = ConfigSubentry(
            data=MappingProxyType(self.stream),
            subentry_type=self._subentry_type,
            title=self.stream[CONF_NAME],
            unique_id=self.stream[CONF_STREAM_ID],
        )
        if self.source == SOURCE_RECONFIGURE:
            return replace(subentry, subentry_id=self._reconfigure_subentry_id)
        return subentry

    def _changed_id(self) -> tuple[str, str]:
        """Return the stream's id as it is stored and as it will be: the same for a new stream."""
        new: str = self.stream[CONF_STREAM_ID]
        if self.source != SOURCE_RECONFIGURE:
            return new, new
        return self._get_reconfigure_subentry().data[CONF_STREAM_ID], new

    async def _async_must_ask_for_packets(self) -> bool:
        old, new = self._changed_id()
        if old == new or self._packets is not None:
            return False
        return await async_waiting(self.hass, self._get_entry(), old) > 0

    async def _async_store(self) -> SubentryFlowResult:
        title, unique_id = self.stream[CONF_NAME], self.stream[CONF_STREAM_ID]
        if self.source != SOURCE_RECONFIGURE:
            return self.async_create_entry(title=title, data=self.stream, unique_id=unique_id)
        entry, (old, new) = self._get_entry(), self._changed_id()
        if old != new:
            if is_taken(new, entry, self._reconfigure_subentry_id):
                # By another dialog, while this one was open: as long as nothing changes no packet goes anywhere.
                return self.async_abort(reason="already_configured")
            await async_settle_stream(self.hass, entry, old, new, self._packets)
        return self.async_update_and_abort(
            entry, self._get_reconfigure_subentry(), title=title, data=self.stream, unique_id=unique_id
        )
