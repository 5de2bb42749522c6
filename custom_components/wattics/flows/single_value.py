"""The flow of a single-value stream: gas, water, heat, any number, in the unit that Wattics expects."""

from collections.abc import Collection, Mapping, Sequence
from itertools import chain
from typing import Any, Final, override

from homeassistant.config_entries import SubentryFlowResult
from homeassistant.helpers.selector import SelectSelector, SelectSelectorConfig, SelectSelectorMode
import voluptuous as vol

from ..const import (
    CONF_FACTOR,
    CONF_MAXIMUM_AGE,
    CONF_MAXIMUM_RATE,
    CONF_METHOD,
    CONF_PARAMETERS,
    CONF_READING,
    CONF_TIME_ZONE,
    CONF_UNIT,
)
from ..delivery.packet import VALUE
from ..sampling.stream import Method, Reading
from .adjustments import FACTOR, MAXIMUM_RATE, adjust, adjustment_suggestions
from .advice import TEXTS
from .checks import StreamError, by_field, check_adjustments, check_sampling, check_sources, check_value
from .choices import async_text, value_selector
from .identity import IDENTITY_SCHEMA
from .settings import MAXIMUM_AGE, METHOD, reading_selector, settings_of, with_settings
from .sources import describe_all, label_with_unit, shown_entities, stored_sources, usual_reading, with_first_units
from .stream import StreamFlow
from .units import own_units, suggested_units
from .words import async_words

CONF_ENTITY: Final = "entity"

DEFAULTS: Final[Mapping[str, Any]] = {CONF_METHOD: Method.LATEST.value}
"""What a stream has when nothing is stored. Its reading always is."""

_READING: Final = reading_selector((Reading.INSTANT, Reading.CUMULATIVE, Reading.INTERVAL), CONF_READING)


class SingleValueFlow(StreamFlow):
    """Add or change a single-value stream."""

    @override
    async def async_identity_schema(self, suggestions: Mapping[str, Any]) -> vol.Schema:
        text = await async_text(self.hass, suggestions.get(CONF_ENTITY, ()))
        return identity_schema(text)

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
        """Ask for the unit that the data point has at Wattics, and how it is sampled."""
        states = describe_all(self.hass, shown_entities(self.hass, self.sources_of(VALUE)))
        errors: dict[str, str] = {}
        placeholders: dict[str, str] = {}
        if user_input is not None:
            stream = self._with_value(user_input)
            found = chain(check_value(self.hass, stream), check_adjustments(stream), check_sampling(stream))
            errors, placeholders = by_field(found, field_of)
            if not errors:
                self.stream = stream
                return await self.async_step_confirm()
        units = suggested_units(states)
        suggestions = self._suggestions(units)
        schema = value_schema(units, suggestions[CONF_READING], await self.async_time_zones())
        placeholders["units"] = ", ".join(own_units(states, await async_words(self.hass, TEXTS)))
        return self.show("value", schema, user_input or suggestions, errors, placeholders)

    def _check(
        self, identity: Mapping[str, Any], entities: Sequence[str]
    ) -> tuple[dict[str, str], dict[str, str]]:
        """Return the errors of the chosen entities and what their texts name."""
        errors, placeholders = by_field(
            check_sources(self.hass, identity, self.stream),
            lambda error: CONF_ENTITY if len(error.path) > 1 else "base",
        )
        states = describe_all(self.hass, entities)
        if not errors and not suggested_units(states):
            names = "; ".join(label_with_unit(self.hass, state.entity_id) for state in states)
            return {CONF_ENTITY: "wrong_unit"}, {"wrong_unit": names}
        return errors, placeholders

    def _with_value(self, user_input: Mapping[str, Any]) -> dict[str, Any]:
        """Return the stream with what the second page says."""
        adjustments = {key: user_input[key] for key in (CONF_FACTOR, CONF_MAXIMUM_RATE) if key in user_input}
        if user_input[CONF_READING] == Reading.INSTANT:
            # Bounds that differ show as an empty field, which could not be emptied.
            adjustments.setdefault(CONF_MAXIMUM_RATE, None)
        sources = adjust(self.sources_of(VALUE), adjustments)
        unit = user_input[CONF_UNIT]
        parameters = {VALUE: with_first_units(self.hass, sources, unit)}
        return with_settings({**self.stream, CONF_PARAMETERS: parameters, CONF_UNIT: unit}, user_input, DEFAULTS)

    def _suggestions(self, units: Sequence[str]) -> dict[str, Any]:
        """Return the stored values; for a new stream, the unit and the kind of reading that the entities have."""
        entities = shown_entities(self.hass, self.sources_of(VALUE))
        is_new = CONF_UNIT not in self.stream
        adjustments = adjustment_suggestions(self.sources_of(VALUE))
        return {
            CONF_UNIT: self.stream.get(CONF_UNIT, units[0]),
            CONF_READING: usual_reading(self.hass, entities).value if is_new else Reading.INSTANT.value,
            **settings_of(self.stream),
            **{key: adjustments[key] for key in (CONF_FACTOR, CONF_MAXIMUM_RATE) if key in adjustments},
        }


def field_of(error: StreamError) -> str:
    """Return the field of the second page that an error belongs to: what an entity can't be is its reading."""
    last = error.path[-1]
    return CONF_READING if isinstance(last, int) else last


def identity_schema(text: Collection[str]) -> vol.Schema:
    """Return the first page, which does not offer entities that are `text`."""
    return IDENTITY_SCHEMA.extend({vol.Required(CONF_ENTITY): value_selector(text)})


def value_schema(units: Sequence[str], reading: str, zones: SelectSelector) -> vol.Schema:
    """Return the page of a single value: any unit may be typed, the form suggests those that fit."""
    unit = SelectSelector(
        SelectSelectorConfig(
            options=list(units), custom_value=True, mode=SelectSelectorMode.DROPDOWN, translation_key=CONF_UNIT
        )
    )
    return vol.Schema(
        {
            vol.Required(CONF_UNIT): unit,
            vol.Optional(CONF_READING, default=reading): _READING,
            vol.Optional(CONF_METHOD, default=DEFAULTS[CONF_METHOD]): METHOD,
            vol.Optional(CONF_FACTOR): FACTOR,
            vol.Optional(CONF_MAXIMUM_AGE): MAXIMUM_AGE,
            vol.Optional(CONF_MAXIMUM_RATE): MAXIMUM_RATE,
            vol.Optional(CONF_TIME_ZONE): zones,
        }
    )
