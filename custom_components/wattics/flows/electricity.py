"""The flow of an electricity stream: which entities feed which of the 21 parameters, and how."""

from collections.abc import Iterable, Mapping
from typing import Any, Final, override

from homeassistant.config_entries import SubentryFlowResult
from homeassistant.data_entry_flow import section
from homeassistant.helpers.selector import (
    BooleanSelector,
    EntitySelector,
    EntitySelectorConfig,
    EntityWithDeviceFilterSelectorConfig,
    SelectSelector,
)
import voluptuous as vol

from ..const import CONF_ADJUST, CONF_FACTOR, CONF_PARAMETERS, CONF_TIME_ZONE
from ..delivery.packet import PARAMETERS, Quantity
from ..sampling.stream import takes_factor
from .adjustments import (
    adjust,
    adjustment_fields,
    adjustment_suggestions,
    is_adjusted,
    is_valid_factor,
)
from .sources import StoredSource, check_source, label, label_with_unit, shown_entities, stored_sources
from .stream import StreamFlow

SECTION_SAMPLING: Final = "sampling"
SECTIONS: Final = (
    Quantity.ACTIVE_POWER,
    Quantity.ENERGY,
    Quantity.VOLTAGE,
    Quantity.CURRENT,
    Quantity.REACTIVE_POWER,
    Quantity.APPARENT_POWER,
    Quantity.LINE_VOLTAGE,
)
"""In the order of the form: what most meters have comes first."""

_USUAL: Final = frozenset({Quantity.ACTIVE_POWER, Quantity.ENERGY})
_ENTITIES: Final = EntitySelector(
    EntitySelectorConfig(
        multiple=True, filter=EntityWithDeviceFilterSelectorConfig(domain=["sensor", "number", "input_number"])
    )
)

type Sources = dict[str, list[StoredSource]]


class ElectricityFlow(StreamFlow):
    """Add or change an electricity stream."""

    @override
    async def async_after_identity(self) -> SubentryFlowResult:
        return await self.async_step_parameters()

    async def async_step_parameters(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Ask for the entities of each parameter, and how the stream is sampled."""
        errors: dict[str, str] = {}
        placeholders: dict[str, str] = {}
        if user_input is not None:
            chosen = chosen_entities(user_input)
            errors, placeholders = self._check(chosen)
            if not errors:
                return await self._async_take(chosen, user_input.get(SECTION_SAMPLING, {}))
        suggestions = user_input if user_input is not None else self._suggestions()
        schema = parameters_schema(await self.async_time_zones(), suggestions)
        return self.show("parameters", schema, suggestions, errors, placeholders)

    async def async_step_sources(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Ask for factor and direction of each parameter that takes them."""
        sources: Sources = self.stream[CONF_PARAMETERS]
        codes = [code for code in sources if takes_factor(code)]
        errors: dict[str, str] = {}
        if user_input is not None:
            errors = {
                code: "invalid_factor"
                for code in codes
                if not is_valid_factor(code, user_input.get(code, {}).get(CONF_FACTOR, 1))
            }
            if not errors:
                adjusted = {code: adjust(sources[code], user_input.get(code, {})) for code in codes}
                self.stream[CONF_PARAMETERS] = {**sources, **adjusted}
                return await self.async_step_confirm()
        suggestions = user_input or {code: adjustment_suggestions(sources[code]) for code in codes}
        names = {
            code: ", ".join(label(self.hass, entity) for entity in shown_entities(self.hass, sources[code]))
            for code in codes
        }
        return self.show("sources", sources_schema(codes), suggestions, errors, names)

    def _suggestions(self) -> dict[str, dict[str, Any]]:
        """Return the stored parameters and settings by the form's sections."""
        sources: Sources = self.stream.get(CONF_PARAMETERS, {})
        sections: dict[str, dict[str, Any]] = {}
        for code, stored in sources.items():
            sections.setdefault(PARAMETERS[code].quantity, {})[code] = shown_entities(self.hass, stored)
        sections[SECTION_SAMPLING] = {CONF_ADJUST: any(map(is_adjusted, sources.values()))}
        if zone := self.stream.get(CONF_TIME_ZONE):
            sections[SECTION_SAMPLING][CONF_TIME_ZONE] = zone
        return sections

    def _check(self, chosen: Mapping[str, list[str]]) -> tuple[dict[str, str], dict[str, str]]:
        """Return the form's errors and what their texts name.

        They are keyed by section: the frontend shows none that is keyed by a field inside one.
        """
        if not chosen:
            return {"base": "no_parameters"}, {}
        errors: dict[str, str] = {}
        culprits: dict[str, list[str]] = {}
        for parameter in (PARAMETERS[code] for code in chosen if len(chosen[code]) > 1 and not takes_factor(code)):
            errors[parameter.quantity.value] = "one_entity"
            culprits.setdefault("one_entity", []).append(parameter.code)
        for parameter, entity_id in ((PARAMETERS[code], entity) for code in chosen for entity in chosen[code]):
            error = check_source(self.hass, entity_id, parameter.code, parameter.unit)
            if error is None or self.is_lost(parameter.code, entity_id):
                continue
            errors.setdefault(parameter.quantity.value, error)
            name = label_with_unit(self.hass, entity_id)
            culprits.setdefault(error, []).append(f"{name} → {parameter.code} [{parameter.unit}]")
        return errors, {error: "; ".join(names) for error, names in culprits.items()}

    async def _async_take(
        self, chosen: Mapping[str, list[str]], settings: Mapping[str, Any]
    ) -> SubentryFlowResult:
        """Take over the second page; go on to the adjustments where some are wanted."""
        wants_adjustments = settings.get(CONF_ADJUST, False)
        old: Sources = self.stream.get(CONF_PARAMETERS, {}) if wants_adjustments else {}
        self.stream[CONF_PARAMETERS] = {
            code: stored_sources(self.hass, entities, old.get(code, ())) for code, entities in chosen.items()
        }
        self.take_time_zone(settings)
        if wants_adjustments and any(map(takes_factor, chosen)):
            return await self.async_step_sources()
        return await self.async_step_confirm()


def parameters_schema(zones: SelectSelector, suggestions: Mapping[str, Mapping[str, Any]]) -> vol.Schema:
    """Return the second page: a section a quantity, unfolded where it is usual or has something in it."""
    schema: dict[vol.Marker, Any] = {}
    for quantity in SECTIONS:
        codes = [parameter.code for parameter in PARAMETERS.values() if parameter.quantity is quantity]
        fields = vol.Schema({vol.Optional(code): _ENTITIES for code in codes})
        unfolded = quantity in _USUAL or any(suggestions.get(quantity, {}).values())
        schema[vol.Optional(quantity.value)] = section(fields, {"collapsed": not unfolded})
    settings = vol.Schema(
        {vol.Optional(CONF_TIME_ZONE): zones, vol.Optional(CONF_ADJUST, default=False): BooleanSelector()}
    )
    schema[vol.Optional(SECTION_SAMPLING)] = section(settings, {"collapsed": False})
    return vol.Schema(schema)


def sources_schema(codes: Iterable[str]) -> vol.Schema:
    """Return the page of adjustments: a section for each parameter that takes them."""
    return vol.Schema(
        {vol.Optional(code): section(vol.Schema(adjustment_fields(code)), {"collapsed": False}) for code in codes}
    )


def chosen_entities(user_input: Mapping[str, Mapping[str, Any]]) -> dict[str, list[str]]:
    """Return the entities chosen for each parameter, in the vendor's order, each of them once."""
    chosen = {
        code: list(dict.fromkeys(user_input.get(parameter.quantity, {}).get(code, ())))
        for code, parameter in PARAMETERS.items()
    }
    return {code: entities for code, entities in chosen.items() if entities}
