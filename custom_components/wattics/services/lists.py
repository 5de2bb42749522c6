"""The actions for lists of streams."""

from typing import Final, cast

from homeassistant.core import ServiceCall, ServiceResponse, SupportsResponse
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.util.json import JsonValueType
import voluptuous as vol

from ..const import CONF_STREAM_ID, DOMAIN
from ..lists.apply import Outdated, async_apply
from ..lists.fields import CONF_CSV, CONF_STREAMS
from ..lists.plan import async_plan
from ..lists.rows import async_export_rows
from ..lists.table import write_table
from ..lists.wording import async_problems
from .action import Action, entry_of


async def _async_export_streams(call: ServiceCall) -> ServiceResponse:
    """Return the account's streams as rows, and the same as CSV."""
    rows = await async_export_rows(call.hass, entry_of(call))
    table = await call.hass.async_add_executor_job(write_table, rows)
    return {CONF_STREAMS: cast("JsonValueType", rows), CONF_CSV: table}


async def _async_import_streams(call: ServiceCall) -> ServiceResponse:
    """Create and change streams by a list; return their ids."""
    hass, entry = call.hass, entry_of(call)
    plan = await async_plan(hass, entry, call.data[CONF_STREAMS])
    if plan.problems:
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key="invalid_list",
            translation_placeholders={"problems": "\n".join(await async_problems(hass, plan.problems))},
        )
    try:
        await async_apply(hass, entry, plan)
    except Outdated as error:
        raise HomeAssistantError(translation_domain=DOMAIN, translation_key="streams_changed") from error
    return {
        "created": [planned.stream[CONF_STREAM_ID] for planned in plan.created],
        "changed": [planned.stream[CONF_STREAM_ID] for planned in plan.changed],
        "unchanged": list(plan.unchanged),
    }


EXPORT_STREAMS: Final = Action(
    name="export_streams", run=_async_export_streams, fields={}, supports_response=SupportsResponse.ONLY
)
IMPORT_STREAMS: Final = Action(
    name="import_streams", run=_async_import_streams, fields={vol.Required(CONF_STREAMS): vol.Any(str, list)}
)
