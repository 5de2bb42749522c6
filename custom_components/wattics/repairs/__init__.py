"""The platform of Home Assistant's repairs: the flows behind the button of those that can be put right here."""

from collections.abc import Mapping
from typing import Final

from homeassistant.components.repairs import ConfirmRepairFlow, RepairsFlow
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir

from ..const import DOMAIN
from .register_dip import RegisterDipFlow
from .register_lost import RegisterLostFlow
from .source_missing import SourceMissingFlow
from .stream_fix_flow import StreamFixFlow
from .unit_not_convertible import UnitNotConvertibleFlow

FIX_FLOWS: Final[Mapping[str, type[StreamFixFlow]]] = {
    "register_dip": RegisterDipFlow,
    "register_lost": RegisterLostFlow,
    "source_missing": SourceMissingFlow,
    "unit_not_convertible": UnitNotConvertibleFlow,
}
"""The flows by the translation keys of their repairs; others have only to be read."""


async def async_create_fix_flow(
    hass: HomeAssistant, issue_id: str, data: dict[str, str | int | float | None] | None
) -> RepairsFlow:
    """Return the flow of a repair."""
    issue = ir.async_get(hass).async_get_issue(DOMAIN, issue_id)
    flow = FIX_FLOWS.get(issue.translation_key or "") if issue is not None else None
    return ConfirmRepairFlow() if flow is None else flow(data or {})
