"""The fix flow for a counter that went back a little and stayed there: a reset, another meter, or nothing yet."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final

from homeassistant.components.repairs import RepairsFlowResult
from homeassistant.data_entry_flow import AbortFlow
from homeassistant.util import dt as dt_util
import voluptuous as vol

from ..const import CONF_FINAL_READING, CONF_FIRST_READING
from ..delivery.errors import OutboxError
from ..flows.sources import label_source
from ..flows.words import literal
from ..readings import Readings
from ..register_changes import UnknownRegister
from ..sampling.register import Dip, Register
from ..sampling.replacement import FinalTooLow, FirstTooHigh
from .fields import reading_field
from .stream_fix_flow import StreamFixFlow

STEP_RESET: Final = "reset"
STEP_REPLACED: Final = "replaced"
STEP_WAIT: Final = "wait"
MENU: Final = (STEP_RESET, STEP_REPLACED, STEP_WAIT)


class RegisterDipFlow(StreamFixFlow):
    """Say what the first of a stream's overdue dips is."""

    async def async_step_init(self, _user_input: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Offer what it may be."""
        return self.async_show_menu(
            step_id="init", menu_options=list(MENU), description_placeholders=self._placeholders
        )

    async def async_step_reset(self, _user_input: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Take it for the start of a new cycle."""
        return await self._async_say(lambda register, dip, at: register.start_anew(dip.source_id, at))

    async def async_step_wait(self, _user_input: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Wait for another day."""
        return await self._async_say(lambda register, dip, at: register.wait_on(dip.source_id, at))

    async def async_step_replaced(self, user_input: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Ask for the readings of the two meters."""
        readings, dip = self._readings, self._dip[1]
        if readings is None:
            raise AbortFlow("no_unit")
        errors: dict[str, str] = {}
        limit = ""
        if user_input is not None:
            final, first = (
                readings.figure(Decimal(repr(user_input[key]))) for key in (CONF_FINAL_READING, CONF_FIRST_READING)
            )
            try:
                return await self._async_say(
                    lambda register, dip, at: register.replace_meter(dip.source_id, final, first, at)
                )
            except FinalTooLow as error:
                errors[CONF_FINAL_READING], limit = "final_reading_too_low", readings.shown(error.limit)
            except FirstTooHigh as error:
                errors[CONF_FIRST_READING], limit = "first_reading_too_high", readings.shown(error.limit)
        field = reading_field(readings.unit)
        schema = vol.Schema({vol.Required(CONF_FINAL_READING): field, vol.Required(CONF_FIRST_READING): field})
        suggested = {
            CONF_FINAL_READING: float(readings.reading(dip.before)),
            CONF_FIRST_READING: float(readings.reading(dip.shown)),
        }
        return self.async_show_form(
            step_id=STEP_REPLACED,
            data_schema=self.add_suggested_values_to_schema(schema, user_input or suggested),
            errors=errors,
            description_placeholders={**self._placeholders, "limit": limit},
        )

    @property
    def _dip(self) -> tuple[str, Dip]:
        """The first dip and the code of its register. Ends the flow if there is none any more."""
        if not (dips := self.registers.overdue_dips()):
            raise AbortFlow("solved")
        return dips[0]

    @property
    def _readings(self) -> Readings | None:
        """How the source's meter shows figures, None while it has no unit."""
        stream, (code, dip) = self.stream, self._dip
        source = next((source for source in stream.parameters[code] if source.id == dip.source_id), None)
        return None if source is None else Readings.of(self.hass, stream, code, source)

    @property
    def _placeholders(self) -> dict[str, str]:
        code, dip = self._dip
        readings = self._readings
        before, shown = (
            readings.shown(figure) if readings is not None else f"{figure:f}" for figure in (dip.before, dip.shown)
        )
        return {
            "stream": self.subentry.title,
            "parameter": literal(code),
            "entity": literal(label_source(self.hass, dip.source_id)),
            "before": before,
            "shown": shown,
            "since": f"{dt_util.as_local(dt_util.utc_from_timestamp(dip.since)):%Y-%m-%d %H:%M}",
        }

    async def _async_say(self, change: Callable[[Register, Dip, float], None]) -> RepairsFlowResult:
        """Do what was said of the dip, and end."""
        code, dip = self._dip
        at = dt_util.utcnow().timestamp()
        try:
            await self.account.register_changes.async_change(
                self.stream, code, lambda register: change(register, dip, at)
            )
        except UnknownRegister, KeyError:
            raise AbortFlow("solved") from None
        except OutboxError as error:
            raise AbortFlow("storage_unusable", {"error": str(error)}) from error
        return self.async_create_entry(data={})
