"""The account's options: a menu, and behind it imports, how much is kept and how many connections send it."""

from typing import Any, Final

from homeassistant.config_entries import ConfigFlowResult
from homeassistant.helpers.selector import NumberSelector, NumberSelectorConfig, NumberSelectorMode
from homeassistant.util import dt as dt_util
import voluptuous as vol

from ..const import (
    CONF_CONNECTIONS,
    CONF_KEEP_DAYS,
    CONF_MAX_MEGABYTES,
    DEFAULT_CONNECTIONS,
    DEFAULT_KEEP_DAYS,
    DEFAULT_MAX_MEGABYTES,
    MEGABYTE,
)
from ..delivery.database import ROW_BYTES
from ..delivery.packet import Packet
from ..sampling.stream import Stream
from .energy import STEP_ENERGY, EnergySteps
from .importing import STEP_IMPORT, ImportSteps

STEP_SETTINGS: Final = "settings"
MENU: Final = [STEP_ENERGY, STEP_IMPORT, STEP_SETTINGS]
"""The steps that the menu offers, in its order."""

_USUAL_VALUE: Final = 12345.6
_DAY_SECONDS: Final = 86_400


def _whole_number(minimum: int, maximum: int) -> vol.All:
    selector = NumberSelector(NumberSelectorConfig(min=minimum, max=maximum, step=1, mode=NumberSelectorMode.BOX))
    return vol.All(selector, vol.Coerce(int))


SETTINGS_SCHEMA: Final = vol.Schema(
    {
        vol.Required(CONF_KEEP_DAYS, default=DEFAULT_KEEP_DAYS): _whole_number(1, 3650),
        vol.Required(CONF_MAX_MEGABYTES, default=DEFAULT_MAX_MEGABYTES): _whole_number(10, 102400),
        vol.Required(CONF_CONNECTIONS, default=DEFAULT_CONNECTIONS): _whole_number(1, 16),
    }
)


class WatticsOptionsFlow(EnergySteps, ImportSteps):
    """Change how an account keeps and sends its packets, or add many streams at once."""

    async def async_step_init(self, _user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Offer what can be done with the account."""
        return self.async_show_menu(step_id="init", menu_options=MENU)

    async def async_step_settings(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for the bounds of the queue and the number of connections."""
        if user_input is not None:
            return self.async_create_entry(data={**self.config_entry.options, **user_input})
        return self.async_show_form(
            step_id=STEP_SETTINGS,
            data_schema=self.add_suggested_values_to_schema(SETTINGS_SCHEMA, self.config_entry.options),
            description_placeholders=self._room(),
        )

    def _room(self) -> dict[str, str]:
        """Return what a day without Wattics takes on disk with today's streams, and for how long there is room."""
        streams = map(Stream.from_subentry, self.config_entry.subentries.values())
        a_day = sum(map(_bytes_a_day, streams)) / MEGABYTE
        most: int = self.config_entry.options.get(CONF_MAX_MEGABYTES, DEFAULT_MAX_MEGABYTES)
        days = f"{most / a_day:.0f}" if a_day else "?"
        return {"a_day": f"{a_day:.1f}", "max_megabytes": str(most), "days": days}


def _bytes_a_day(stream: Stream) -> float:
    """Return what the packets of a stream take on disk in a day, with all its parameters at usual lengths."""
    packet = Packet(stream.stream_id, dt_util.utcnow(), dict.fromkeys(stream.parameters, _USUAL_VALUE))
    return (len(packet.encode()) + ROW_BYTES) * _DAY_SECONDS / stream.interval
