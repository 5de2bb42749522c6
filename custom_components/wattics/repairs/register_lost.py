"""The fix flow for registers that were lost and that Wattics does not tell: somebody looks them up."""

from decimal import Decimal
from functools import partial
from typing import Any

from homeassistant.components.repairs import RepairsFlowResult
from homeassistant.data_entry_flow import AbortFlow
from homeassistant.util import dt as dt_util
import voluptuous as vol

from ..delivery.errors import OutboxError
from ..register_changes import UnknownRegister
from ..sampling.register import Register
from ..sampling.values import rounded
from .fields import reading_field
from .stream_fix_flow import StreamFixFlow


class RegisterLostFlow(StreamFixFlow):
    """Let lost registers of a stream go on from figures that somebody found at Wattics."""

    async def async_step_init(self, _user_input: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Begin: what this step gets is the repair's id."""
        return await self.async_step_figures()

    async def async_step_figures(self, user_input: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Ask for the last figures at Wattics; what the meters show is suggested."""
        stream, registers = self.stream, self.registers
        if not registers.lost:
            raise AbortFlow("solved")
        if user_input is not None:
            for code, number in user_input.items():
                await self._async_find(code, Decimal(repr(number)))
            return self.async_create_entry(data={})
        fields = {
            vol.Required(code, default=rounded(registers[code].dials)): reading_field(stream.unit_of(code))
            for code in registers.lost
        }
        return self.async_show_form(
            step_id="figures",
            data_schema=vol.Schema(fields),
            description_placeholders={"stream": self.subentry.title},
        )

    async def _async_find(self, code: str, figure: Decimal) -> None:
        find = partial(_find, figure=figure, at=dt_util.utcnow().timestamp())
        try:
            await self.account.register_changes.async_change(self.stream, code, find)
        except UnknownRegister:
            raise AbortFlow("solved") from None
        except OutboxError as error:
            raise AbortFlow("storage_unusable", {"error": str(error)}) from error


def _find(register: Register, figure: Decimal, at: float) -> None:
    """Let a register go on from a figure, unless it does so already."""
    if register.is_lost:
        register.join(figure, at)
