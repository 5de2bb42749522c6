"""The flow of a single-value stream: gas, water, heat, any number, in the unit that Wattics expects."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import Any, Final, override

from homeassistant.config_entries import SubentryFlowResult
from homeassistant.core import State
from homeassistant.helpers.selector import (
    EntitySelector,
    EntitySelectorConfig,
    EntityWithDeviceFilterSelectorConfig,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
)
import voluptuous as vol

from ..const import CONF_FACTOR, CONF_PARAMETERS, CONF_TIME_ZONE, CONF_UNIT
from ..delivery.packet import VALUE
from .adjustments import FACTOR, adjust, adjustment_suggestions
from .checks import by_field, check_adjustments, check_sources, check_value
from .identity import IDENTITY_SCHEMA
from .sources import describe, label_with_unit, shown_entities, stored_sources
from .stream import StreamFlow, with_time_zone
from .units import suggested_units

CONF_ENTITY: Final = "entity"

_ENTITIES: Final = EntitySelector(
    EntitySelectorConfig(
        multiple=True,
        filter=EntityWithDeviceFilterSelectorConfig(domain=["sensor", "number", "input_number", "counter"]),
    )
)


class SingleValueFlow(StreamFlow):
    """Add or change a single-value stream."""

    identity_schema = IDENTITY_SCHEMA.extend({vol.Required(CONF_ENTITY): _ENTITIES})

    @override
    def identity_suggestions(self) -> dict[str, Any]:
        return {
            **super().identity_suggestions(),
            CONF_ENTITY: shown_entities(self.hass, self.sources_of(VALUE)),
        }

    @override
    def read_identity(
        self, user_input: Mapping[str, Any]
    ) -> tuple[dict[str, Any], dict[str, str], dict[str, str]]:
        identity, errors, placeholders = super().read_identity(user_input)
        entities = list(dict.fromkeys(user_input[CONF_ENTITY]))
        identity[CONF_PARAMETERS] = {VALUE: stored_sources(self.hass, entities, self.sources_of(VALUE))}
        entity_errors, placeholders = self._check(identity, entities)
        return identity, errors | entity_errors, placeholders

    @override
    async def async_after_identity(self) -> SubentryFlowResult:
        return await self.async_step_value()

    async def async_step_value(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Ask for the unit that the data point has at Wattics, a factor and the time zone."""
        states = self._states(shown_entities(self.hass, self.sources_of(VALUE)))
        errors: dict[str, str] = {}
        placeholders: dict[str, str] = {}
        if user_input is not None:
            stream = self._with_settings(user_input)
            errors, placeholders = by_field(
                chain(check_value(self.hass, stream), check_adjustments(stream)), lambda error: str(error.path[-1])
            )
            if not errors:
                self.stream = stream
                return await self.async_step_confirm()
        units = suggested_units(states)
        return self.show(
            "value",
            value_schema(units, await self.async_time_zones()),
            user_input or self._suggestions(units),
            errors,
            placeholders,
        )

    def _check(
        self, identity: Mapping[str, Any], entities: Sequence[str]
    ) -> tuple[dict[str, str], dict[str, str]]:
        """Return the errors of the chosen entities and what their texts name."""
        errors, placeholders = by_field(
            check_sources(self.hass, identity, self.stream),
            lambda error: CONF_ENTITY if len(error.path) > 1 else "base",
        )
        states = self._states(entities)
        if not errors and not suggested_units(states):
            names = "; ".join(label_with_unit(self.hass, state.entity_id) for state in states)
            return {CONF_ENTITY: "wrong_unit"}, {"wrong_unit": names}
        return errors, placeholders

    def _states(self, entities: Iterable[str]) -> list[State]:
        states = (describe(self.hass, entity) for entity in entities)
        return [state for state in states if state is not None]

    def _with_settings(self, user_input: Mapping[str, Any]) -> dict[str, Any]:
        """Return the stream with what the second page says."""
        factor = {CONF_FACTOR: user_input[CONF_FACTOR]} if CONF_FACTOR in user_input else {}
        stream = {
            **self.stream,
            CONF_PARAMETERS: {VALUE: adjust(self.sources_of(VALUE), factor)},
            CONF_UNIT: user_input[CONF_UNIT],
        }
        return with_time_zone(stream, user_input)

    def _suggestions(self, units: Sequence[str]) -> dict[str, Any]:
        """Return the stored values; for a new stream, the unit that the entities have."""
        suggestions = {
            CONF_UNIT: self.stream.get(CONF_UNIT, units[0]),
            CONF_FACTOR: adjustment_suggestions(self.sources_of(VALUE)).get(CONF_FACTOR),
            CONF_TIME_ZONE: self.stream.get(CONF_TIME_ZONE),
        }
        return {key: value for key, value in suggestions.items() if value is not None}


def value_schema(units: Sequence[str], zones: SelectSelector) -> vol.Schema:
    """Return the page of a single value: any unit may be typed, the form suggests those that fit."""
    unit = SelectSelector(
        SelectSelectorConfig(
            options=list(units), custom_value=True, mode=SelectSelectorMode.DROPDOWN, translation_key=CONF_UNIT
        )
    )
    return vol.Schema(
        {
            vol.Required(CONF_UNIT): unit,
            vol.Optional(CONF_FACTOR): FACTOR,
            vol.Optional(CONF_TIME_ZONE): zones,
        }
    )
