"""Calls of the integration's actions."""

from typing import Any

from tests.common import ACCOUNT, Home


async def call(home: Home, action: str, **data: Any) -> Any:
    """Call an action for the first account, or for the one that `data` name, and return its response."""
    result = await home.hass.services.async_call(
        "wattics", action, {"config_entry_id": ACCOUNT, **data}, blocking=True, return_response=True
    )
    await home.settle()
    return result
