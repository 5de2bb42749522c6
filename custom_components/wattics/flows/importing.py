"""The import of a list of streams: pasted or uploaded, looked at, then made."""

from typing import Any, Final

from homeassistant.components.file_upload import process_uploaded_file
from homeassistant.config_entries import ConfigFlowResult, OptionsFlow
from homeassistant.core import HomeAssistant
from homeassistant.helpers.selector import FileSelector, FileSelectorConfig, TextSelector, TextSelectorConfig
import voluptuous as vol

from ..lists.apply import Outdated, async_apply
from ..lists.nodes import ListError
from ..lists.plan import Plan, async_plan
from ..lists.rows import async_export_rows
from ..lists.table import TAB, write_table
from ..lists.text import MAX_BYTES, decode
from ..lists.wording import async_problem_list, async_review

STEP_IMPORT: Final = "import"
STEP_REVIEW: Final = "review"
CONF_TEXT: Final = "text"
CONF_FILE: Final = "file"

IMPORT_SCHEMA: Final = vol.Schema(
    {
        vol.Optional(CONF_TEXT): TextSelector(TextSelectorConfig(multiline=True)),
        vol.Optional(CONF_FILE): FileSelector(FileSelectorConfig(accept=".csv,.tsv,.txt,.yaml,.yml")),
    }
)
REVIEW_SCHEMA: Final = vol.Schema({})

_EXAMPLE: Final = """```text
name,stream_id,interval,aP_1,pC_1
Main meter,meter-1,300,sensor.main_power,sensor.main_energy
Solar,meter-2,300,sensor.solar_power,sensor.solar_energy
```"""


class ImportSteps(OptionsFlow):
    """The steps of the import, for the options flow."""

    _list: str = ""
    _plan: Plan = Plan()

    async def async_step_import(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for a list, showing what is there; where something is wrong with it, say what and ask again."""
        if user_input is None:
            self._list = await self._async_streams()
            return self._show_import()
        self._list = user_input.get(CONF_TEXT, "")
        try:
            if CONF_FILE in user_input:
                self._list = await self.hass.async_add_executor_job(_read_file, self.hass, user_input[CONF_FILE])
        except ListError as error:
            return self._show_import(CONF_FILE, error.problem.key)
        if not self._list.strip():
            return self._show_import("base", "no_list")
        return await self._async_look()

    async def async_step_review(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Show what the list comes to, then do it."""
        if user_input is None:
            return await self._async_show_review()
        try:
            await async_apply(self.hass, self.config_entry, self._plan)
        except Outdated:
            return await self._async_look({"base": "streams_changed"})
        return self.async_abort(
            reason="imported",
            description_placeholders={
                "created": str(len(self._plan.created)),
                "changed": str(len(self._plan.changed)),
                "unchanged": str(len(self._plan.unchanged)),
            },
        )

    async def _async_streams(self) -> str:
        """Return the account's streams as a table that can be copied into a spreadsheet, and back."""
        rows = await async_export_rows(self.hass, self.config_entry)
        return await self.hass.async_add_executor_job(write_table, rows, TAB) if rows else ""

    async def _async_look(self, errors: dict[str, str] | None = None) -> ConfigFlowResult:
        """Find out what the list comes to, and show it or what is wrong."""
        self._plan = await async_plan(self.hass, self.config_entry, self._list)
        if self._plan.problems:
            problems = await async_problem_list(self.hass, self._plan.problems)
            return self._show_import("base", "invalid_list", problems)
        if self._plan.does_nothing:
            return self.async_abort(
                reason="nothing_to_import",
                description_placeholders={"unchanged": str(len(self._plan.unchanged))},
            )
        return await self._async_show_review(errors)

    def _show_import(self, field: str = "", error: str = "", problems: str = "") -> ConfigFlowResult:
        return self.async_show_form(
            step_id=STEP_IMPORT,
            data_schema=self.add_suggested_values_to_schema(IMPORT_SCHEMA, {CONF_TEXT: self._list}),
            errors={field: error} if field else {},
            description_placeholders={"example": _EXAMPLE, "problems": problems},
            last_step=False,
        )

    async def _async_show_review(self, errors: dict[str, str] | None = None) -> ConfigFlowResult:
        return self.async_show_form(
            step_id=STEP_REVIEW,
            data_schema=REVIEW_SCHEMA,
            errors=errors,
            description_placeholders={"review": await async_review(self.hass, self.config_entry, self._plan)},
            last_step=True,
        )


def _read_file(hass: HomeAssistant, file_id: str) -> str:
    """Return the text of an uploaded file, which is then gone. Raises ListError."""
    try:
        with process_uploaded_file(hass, file_id) as path, path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except ValueError, OSError:
        raise ListError("no_file") from None
    if len(content) > MAX_BYTES:
        raise ListError("file_too_large")
    return decode(content)
