"""The flow that makes the meters: it has nothing to ask."""

from typing import Any

from homeassistant.config_entries import ConfigFlow, ConfigFlowResult

from .const import DOMAIN


class SimulatedMetersFlow(ConfigFlow, domain=DOMAIN):
    """One entry with all meters."""

    async def async_step_user(self, _user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Make the meters, once."""
        await self.async_set_unique_id(DOMAIN)
        self._abort_if_unique_id_configured()
        return self.async_create_entry(title="Simulated meters", data={})
