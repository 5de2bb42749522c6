"""The flow of an electricity stream: which entities feed which of the 21 parameters, and how."""

from collections.abc import Iterable, Mapping
from itertools import chain
from typing import Any, Final, override

from homeassistant.config_entries import SOURCE_RECONFIGURE, SubentryFlowResult
from homeassistant.const import CONF_DEVICE
from homeassistant.data_entry_flow import section
from homeassistant.helpers.selector import BooleanSelector, SelectSelector
import voluptuous as vol

from ..const import (
    CONF_ADJUST,
    CONF_MAXIMUM_AGE,
    CONF_METHOD,
    CONF_PARAMETERS,
    CONF_READING,
    CONF_TIME_ZONE,
)
from ..delivery.packet import PARAMETERS, Quantity
from ..sampling.stream import Method, Reading, takes_factor
from ..suggestions.devices import meters
from .adjustments import adjust, adjustment_fields, adjustment_suggestions, is_adjusted
from .advice import TEXTS
from .checks import StreamError, by_field, check_adjustments, check_sampling, check_sources
from .choices import Unfit, async_unfit, parameter_selector
from .device import Suggested, async_suggest, device_field
from .settings import MAXIMUM_AGE, METHOD, reading_selector, settings_of, with_settings
from .sources import StoredSource, describe_all, label, shown_entities, stored_sources
from .stream import StreamFlow
from .units import what_becomes
from .words import async_words

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

DEFAULTS: Final[Mapping[str, Any]] = {
    CONF_METHOD: Method.MEAN.value,
    CONF_READING: Reading.CUMULATIVE.value,
}
"""What a stream has when nothing is stored."""

_USUAL: Final = frozenset({Quantity.ACTIVE_POWER, Quantity.ENERGY})
_READING: Final = reading_selector((Reading.CUMULATIVE, Reading.INTERVAL), "energy_reading")

type Sources = dict[str, list[StoredSource]]


class ElectricityFlow(StreamFlow):
    """Add or change an electricity stream."""

    def __init__(self) -> None:
        """Start with values that go as they are."""
        super().__init__()
        self._wants_adjustments = False
        self._suggested = Suggested()

    @override
    async def async_identity_schema(self, suggestions: Mapping[str, Any]) -> vol.Schema:
        schema = await super().async_identity_schema(suggestions)
        # A stream that is there has its entities: a device would have to overwrite them, or to be mixed with them.
        return schema if self.source == SOURCE_RECONFIGURE else schema.extend(device_field(meters(self.hass)))

    @override
    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        device = (user_input or {}).get(CONF_DEVICE)
        self._suggested = await async_suggest(self.hass, device) if device else Suggested()
        return await super().async_step_user(user_input)

    @override
    def read_identity(
        self, user_input: Mapping[str, Any]
    ) -> tuple[dict[str, Any], dict[str, str], dict[str, str]]:
        identity, errors, placeholders = super().read_identity(user_input)
        if CONF_DEVICE in user_input and not self._suggested.parameters:
            errors[CONF_DEVICE] = "no_suggestion"
            placeholders["no_suggestion"] = self._suggested.reason
        return identity, errors, placeholders

    @override
    async def async_after_identity(self) -> SubentryFlowResult:
        return await self.async_step_parameters()

    async def async_step_parameters(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Ask for the entities of each parameter, and how the stream is sampled."""
        errors: dict[str, str] = {}
        placeholders: dict[str, str] = {}
        if user_input is not None:
            stream = self._with_parameters(user_input)
            errors, placeholders = by_field(
                chain(check_sources(self.hass, stream, self.stream), check_sampling(stream)), section_of
            )
            if not errors:
                self.stream = stream
                return await self._async_after_parameters()
        suggestions = user_input if user_input is not None else self._suggestions()
        chosen = chosen_entities(suggestions)
        shown = {entity for entities in chosen.values() for entity in entities}
        schema = parameters_schema(await self.async_time_zones(), suggestions, await async_unfit(self.hass, shown))
        placeholders["suggestion"] = self._suggested.explanation
        units = await self._async_units(chosen)
        return self.show("parameters", schema, suggestions, errors, {**units, **placeholders})

    async def async_step_sources(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Ask for factor and direction of each parameter that takes them."""
        sources: Sources = self.stream[CONF_PARAMETERS]
        codes = [code for code in sources if takes_factor(code)]
        errors: dict[str, str] = {}
        if user_input is not None:
            adjusted = {code: adjust(sources[code], user_input.get(code, {})) for code in codes}
            stream = {**self.stream, CONF_PARAMETERS: {**sources, **adjusted}}
            errors, _ = by_field(check_adjustments(stream), lambda error: str(error.path[1]))
            if not errors:
                self.stream = stream
                return await self.async_step_confirm()
        suggestions = user_input or {code: adjustment_suggestions(sources[code]) for code in codes}
        return self.show("sources", sources_schema(codes), suggestions, errors, await self._async_names(codes))

    async def _async_units(self, chosen: Mapping[str, list[str]]) -> dict[str, str]:
        """Return what is said below each field of the units of the entities in it, which no list shows."""
        words = await async_words(self.hass, TEXTS)
        units = {
            code: what_becomes(describe_all(self.hass, entities), PARAMETERS[code].unit, words)
            for code, entities in chosen.items()
        }
        return {code: f"**{units[code]}.**" if units.get(code) else "" for code in PARAMETERS}

    async def _async_names(self, codes: Iterable[str]) -> dict[str, str]:
        """Return the entities of parameters, with their units and what becomes of them."""
        words = await async_words(self.hass, TEXTS)
        names: dict[str, str] = {}
        for code in codes:
            entities = shown_entities(self.hass, self.sources_of(code))
            becomes = what_becomes(describe_all(self.hass, entities), PARAMETERS[code].unit, words)
            names[code] = f"{', '.join(label(self.hass, entity) for entity in entities)} [{becomes}]"
        return names

    def _suggestions(self) -> dict[str, dict[str, Any]]:
        """Return by the form's sections what is stored, or for a new stream what its device suggests."""
        sources: Sources = self.stream.get(CONF_PARAMETERS, {})
        entities = {code: shown_entities(self.hass, stored) for code, stored in sources.items()}
        sections: dict[str, dict[str, Any]] = {}
        for code, shown in (entities or self._suggested.parameters).items():
            sections.setdefault(PARAMETERS[code].quantity, {})[code] = list(shown)
        settings = settings_of(self.stream)
        if CONF_READING in settings:
            sections.setdefault(Quantity.ENERGY, {})[CONF_READING] = settings.pop(CONF_READING)
        sections[SECTION_SAMPLING] = {**settings, CONF_ADJUST: any(map(is_adjusted, sources.values()))}
        return sections

    def _with_parameters(self, user_input: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
        """Return the stream with what the page says; adjustments of entities stay unless the user wants none."""
        chosen, settings = chosen_entities(user_input), user_input.get(SECTION_SAMPLING, {})
        self._wants_adjustments = settings.get(CONF_ADJUST, False)
        old: Sources = self.stream.get(CONF_PARAMETERS, {}) if self._wants_adjustments else {}
        sources = {
            code: stored_sources(self.hass, entities, old.get(code, ())) for code, entities in chosen.items()
        }
        reading = user_input.get(Quantity.ENERGY, {}).get(CONF_READING)
        return with_settings(
            {**self.stream, CONF_PARAMETERS: sources}, {**settings, CONF_READING: reading}, DEFAULTS
        )

    async def _async_after_parameters(self) -> SubentryFlowResult:
        if self._wants_adjustments and any(map(takes_factor, self.stream[CONF_PARAMETERS])):
            return await self.async_step_sources()
        return await self.async_step_confirm()


def section_of(error: StreamError) -> str:
    """Return where the form shows an error: the frontend shows none that is keyed by a field inside a section."""
    if error.path[0] == CONF_PARAMETERS:
        return PARAMETERS[str(error.path[1])].quantity.value if len(error.path) > 1 else "base"
    return SECTION_SAMPLING


def parameters_schema(
    zones: SelectSelector, suggestions: Mapping[str, Mapping[str, Any]], unfit: Unfit
) -> vol.Schema:
    """Return the second page: a section a quantity, unfolded where it is usual or has something in it."""
    schema: dict[vol.Marker, Any] = {}
    for quantity in SECTIONS:
        fields: dict[vol.Marker, Any] = {
            vol.Optional(parameter.code): parameter_selector(parameter, unfit)
            for parameter in PARAMETERS.values()
            if parameter.quantity is quantity
        }
        if quantity is Quantity.ENERGY:
            fields[vol.Optional(CONF_READING, default=DEFAULTS[CONF_READING])] = _READING
        unfolded = quantity in _USUAL or any(suggestions.get(quantity, {}).values())
        schema[vol.Optional(quantity.value)] = section(vol.Schema(fields), {"collapsed": not unfolded})
    settings = {
        vol.Optional(CONF_METHOD, default=DEFAULTS[CONF_METHOD]): METHOD,
        vol.Optional(CONF_MAXIMUM_AGE): MAXIMUM_AGE,
        vol.Optional(CONF_TIME_ZONE): zones,
        vol.Optional(CONF_ADJUST, default=False): BooleanSelector(),
    }
    schema[vol.Optional(SECTION_SAMPLING)] = section(vol.Schema(settings), {"collapsed": False})
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
