"""A flow as the frontend runs it: pages are filled in with what they suggest, and every text must be there."""

from collections.abc import Mapping
from typing import Any, Self

from homeassistant.config_entries import SOURCE_RECONFIGURE, SOURCE_USER, ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowManager, FlowResultType
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.data_entry_flow import FlowManagerResourceView
from homeassistant.helpers.json import json_bytes
from homeassistant.setup import async_setup_component

from custom_components.wattics.const import DOMAIN

from .texts import check_page, languages


class Dialog:
    """One flow. `page` is what it answered last."""

    def __init__(self, manager: FlowManager[Any, Any, Any], part: str) -> None:
        """Take the flow's manager and the dotted path of its texts."""
        self._manager = manager
        self._part = part
        self._known: Mapping[str, str] = {}
        """What all texts may name, besides what their page gives."""
        self.page: Mapping[str, Any] = {}
        self.fields: list[dict[str, Any]] = []

    @classmethod
    async def account(cls, hass: HomeAssistant) -> Self:
        """Open the dialog that adds an account."""
        dialog = cls(hass.config_entries.flow, "config")
        return await dialog.open(DOMAIN, {"source": SOURCE_USER})

    @classmethod
    async def reconfigure(cls, hass: HomeAssistant, entry: ConfigEntry) -> Self:
        """Open the dialog that changes an account."""
        dialog = cls(hass.config_entries.flow, "config")
        return await dialog.open(DOMAIN, {"source": SOURCE_RECONFIGURE, "entry_id": entry.entry_id})

    @classmethod
    async def reauth(cls, hass: HomeAssistant, entry: ConfigEntry) -> Self:
        """Open the dialog that Home Assistant shows when an account asks to sign in again."""
        entry.async_start_reauth(hass)
        await hass.async_block_till_done()
        (flow,) = hass.config_entries.flow.async_progress_by_handler(DOMAIN)
        dialog = cls(hass.config_entries.flow, "config")
        dialog._take(await hass.config_entries.flow.async_configure(flow["flow_id"]))
        return dialog

    @classmethod
    async def options(cls, hass: HomeAssistant, entry: ConfigEntry) -> Self:
        """Open the dialog of an account's options."""
        return await cls(hass.config_entries.options, "options").open(entry.entry_id, {})

    @classmethod
    async def stream(
        cls, hass: HomeAssistant, entry: ConfigEntry, kind: str, subentry_id: str | None = None
    ) -> Self:
        """Open the dialog that adds a stream of this kind to an account, or changes the one that is there."""
        context = {"source": SOURCE_USER}
        if subentry_id:
            context = {"source": SOURCE_RECONFIGURE, "subentry_id": subentry_id}
        dialog = cls(hass.config_entries.subentries, f"config_subentries.{kind}")
        return await dialog.open((entry.entry_id, kind), context)

    @classmethod
    async def repair(cls, hass: HomeAssistant, issue_id: str) -> Self:
        """Open the dialog of a repair."""
        assert await async_setup_component(hass, "repairs", {})
        issue = ir.async_get(hass).async_get_issue(DOMAIN, issue_id)
        assert issue is not None
        dialog = cls(hass.data["repairs"]["flow_manager"], f"issues.{issue.translation_key}.fix_flow")
        dialog._known = issue.translation_placeholders or {}
        dialog._take(await dialog._manager.async_init(DOMAIN, data={"issue_id": issue_id}))
        return dialog

    async def open(self, handler: Any, context: dict[str, Any]) -> Self:
        """Start the flow."""
        self._take(await self._manager.async_init(handler, context=context))
        return self

    async def submit(self, **changes: Any) -> Mapping[str, Any]:
        """Submit the page as it is shown, but for what the user changes (None: empties); return what comes next.

        The fields of a section are changed by a dict under the section's name.
        """
        data = _filled_in(self.fields)
        for key, value in changes.items():
            if isinstance(value, dict) and isinstance(data.get(key, {}), dict) and key != "interval":
                data[key] = _without_none({**data.get(key, {}), **value})
            else:
                data[key] = value
        return self._take(await self._manager.async_configure(self.page["flow_id"], _without_none(data)))

    async def choose(self, step: str) -> Self:
        """Choose a step from the page, which is a menu."""
        self._take(await self._manager.async_configure(self.page["flow_id"], {"next_step_id": step}))
        return self

    @property
    def shown(self) -> dict[str, Any]:
        """What the page's fields show before the user does anything."""
        return _filled_in(self.fields)

    @property
    def step(self) -> str:
        """The page's name."""
        return str(self.page["step_id"])

    @property
    def errors(self) -> Mapping[str, str]:
        """The page's errors by field, section or `base`."""
        return self.page["errors"] or {}

    @property
    def texts(self) -> Mapping[str, str]:
        """What the page's texts name."""
        return self.page["description_placeholders"] or {}

    def _take(self, page: Mapping[str, Any]) -> Mapping[str, Any]:
        self.page = page
        self.fields = []
        if page["type"] is FlowResultType.FORM:
            serialized = FlowManagerResourceView(self._manager)._prepare_result_json(page)  # type: ignore[arg-type]
            json_bytes(serialized)
            self.fields = serialized["data_schema"]
        for texts in languages().values():
            check_page(texts, self._part, page, self.fields, self._known)
        return page


def _filled_in(fields: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the data of an untouched form, by the rules of the frontend's `computeInitialHaFormData`."""
    data = {}
    for field in fields:
        suggested = (field.get("description") or {}).get("suggested_value")
        if suggested is not None:
            data[field["name"]] = suggested
        elif "default" in field:
            data[field["name"]] = field["default"]
        elif field.get("type") == "expandable":
            inner = _filled_in(field["schema"])
            if field.get("required") or inner:
                data[field["name"]] = inner
    return data


def _without_none(data: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in data.items() if value is not None}
