"""The import from the Energy dashboard: choose meters, give each its id at Wattics, and all become streams."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
import time
from types import MappingProxyType
from typing import Any, Final

from homeassistant.config_entries import ConfigFlowResult, ConfigSubentry, OptionsFlow
from homeassistant.const import CONF_NAME
from homeassistant.core import HomeAssistant
from homeassistant.helpers.selector import (
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    TextSelector,
)
import voluptuous as vol

from ..const import CONF_DIRECTION, CONF_INTERVAL, CONF_PARAMETERS, CONF_STREAM_ID, CONF_UNIT
from ..delivery.packet import PARAMETERS, VALUE
from ..energy_dashboard import Meter, async_read_dashboard
from ..updates import async_yield_in_slices
from .advice import SHORT_INTERVAL, TEXTS as ADVICE_TEXTS
from .candidates import Candidate, Offer, async_make_offer
from .identity import DEFAULT_INTERVAL, INTERVAL, is_taken, read_identity
from .sources import describe, label, label_with_unit, shown_entities
from .words import Words, async_words, listed, literal

STEP_ENERGY: Final = "energy"
STEP_ENERGY_STREAM: Final = "energy_stream"
CONF_METERS: Final = "meters"
TEXTS: Final = "energy"
"""The selector of the translation files whose options are the words of these pages."""

STREAM_SCHEMA: Final = vol.Schema(
    {
        vol.Optional(CONF_STREAM_ID): TextSelector(),
        vol.Required(CONF_NAME): TextSelector(),
        vol.Required(CONF_INTERVAL): INTERVAL,
    }
)


@dataclass(slots=True)
class _Import:
    """An import under way. `interval` is what was typed last: the data points of a home mostly have the same."""

    chosen: list[Candidate]
    interval: Mapping[str, float] = field(default_factory=lambda: DEFAULT_INTERVAL)
    streams: list[tuple[Candidate, dict[str, Any]]] = field(default_factory=list)
    left_out: list[Candidate] = field(default_factory=list)

    @property
    def done(self) -> int:
        """How many of the chosen meters have been asked for: those with an id and those without."""
        return len(self.streams) + len(self.left_out)


class EnergySteps(OptionsFlow):
    """The steps of the import, for the options flow."""

    _import: _Import

    async def async_step_energy(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask which of the dashboard's meters are wanted. None is chosen beforehand: every point is paid for."""
        meters = await async_read_dashboard(self.hass)
        if not meters:
            return self.async_abort(reason="no_energy_dashboard")
        words = await async_words(self.hass, TEXTS)
        offer = await async_make_offer(self.hass, self.config_entry, meters)
        placeholders = {"remarks": _remarks(self.hass, offer, words)}
        if not offer.candidates:
            return self.async_abort(reason="no_candidates", description_placeholders=placeholders)
        errors: dict[str, str] = {}
        if user_input is not None:
            chosen = [one for one in offer.candidates if one.meter.statistic_id in user_input[CONF_METERS]]
            if chosen:
                self._import = _Import(chosen)
                return await self.async_step_energy_stream()
            errors[CONF_METERS] = "nothing_chosen"
        labels = {one.meter.statistic_id: _label(self.hass, one.meter, words) for one in offer.candidates}
        return self.async_show_form(
            step_id=STEP_ENERGY,
            data_schema=meters_schema(labels),
            errors=errors,
            description_placeholders=placeholders,
            last_step=False,
        )

    async def async_step_energy_stream(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for the ids of the chosen meters, one after the other, then make the streams of those with one."""
        errors: dict[str, str] = {}
        if user_input is not None:
            errors = self._take(user_input)
        number, count = self._import.done + 1, len(self._import.chosen)
        if number > count:
            return await self._async_make()
        candidate = self._import.chosen[number - 1]
        words = await async_words(self.hass, TEXTS)
        suggestions = user_input if errors else self._suggestions(candidate, words)
        return self.async_show_form(
            step_id=STEP_ENERGY_STREAM,
            data_schema=self.add_suggested_values_to_schema(STREAM_SCHEMA, suggestions),
            errors=errors,
            description_placeholders={
                "meter": literal(_label(self.hass, candidate.meter, words)),
                "number": str(number),
                "count": str(count),
                "stream": _description(self.hass, candidate, words),
            },
            last_step=number == count,
        )

    def _suggestions(self, candidate: Candidate, words: Words) -> dict[str, Any]:
        return {
            CONF_NAME: _stream_name(self.hass, candidate.meter, words),
            CONF_INTERVAL: dict(self._import.interval),
        }

    def _take(self, user_input: Mapping[str, Any]) -> dict[str, str]:
        """Take over what was typed for the meter that is next; return the form's errors."""
        candidate = self._import.chosen[self._import.done]
        if not user_input.get(CONF_STREAM_ID, "").strip():
            self._import.left_out.append(candidate)
            return {}
        identity, errors = read_identity(user_input, self.config_entry, None)
        if any(stream[CONF_STREAM_ID] == identity[CONF_STREAM_ID] for _, stream in self._import.streams):
            errors[CONF_STREAM_ID] = "typed_before"
        if not errors:
            self._import.interval = user_input[CONF_INTERVAL]
            self._import.streams.append((candidate, {**identity, **candidate.stream}))
        return errors

    async def _async_make(self) -> ConfigFlowResult:
        """Add the streams, and say what was made and what was left out."""
        words = await async_words(self.hass, TEXTS)
        advice = await async_words(self.hass, ADVICE_TEXTS)
        left_out, made = list(self._import.left_out), []
        started = time.monotonic()
        for candidate, stream in self._import.streams:
            started = await async_yield_in_slices(started)
            if is_taken(stream[CONF_STREAM_ID], self.config_entry):
                # Another dialog was quicker.
                left_out.append(candidate)
                continue
            self.hass.config_entries.async_add_subentry(self.config_entry, _subentry(candidate, stream))
            made.append(stream)
        labels = [literal(_label(self.hass, candidate.meter, words)) for candidate in left_out]
        is_short = any(stream[CONF_INTERVAL] < SHORT_INTERVAL for stream in made)
        return self.async_abort(
            reason="streams_added" if made else "no_streams_added",
            description_placeholders={
                "count": str(len(made)),
                "streams": listed(literal(f"{stream[CONF_NAME]}: {stream[CONF_STREAM_ID]}") for stream in made),
                "left_out": _list_under(words["left_out"], labels),
                "interval": advice["short_interval"] if is_short else "",
            },
        )


def meters_schema(labels: Mapping[str, str]) -> vol.Schema:
    """Return the first page: a list of meters by the entities that count, of which some are chosen."""
    meters = SelectSelector(
        SelectSelectorConfig(
            options=[SelectOptionDict(value=entity_id, label=text) for entity_id, text in labels.items()],
            multiple=True,
            mode=SelectSelectorMode.LIST,
        )
    )
    return vol.Schema({vol.Required(CONF_METERS, default=[]): meters})


def _subentry(candidate: Candidate, stream: Mapping[str, Any]) -> ConfigSubentry:
    return ConfigSubentry(
        data=MappingProxyType(stream),
        subentry_type=candidate.subentry_type,
        title=stream[CONF_NAME],
        unique_id=stream[CONF_STREAM_ID],
    )


def _meter_name(hass: HomeAssistant, meter: Meter) -> str:
    """Return a meter by the user's own name for the dashboard, or by that of its entity."""
    state = describe(hass, meter.statistic_id)
    return meter.name or (state.name if state else meter.statistic_id)


def _label(hass: HomeAssistant, meter: Meter, words: Words) -> str:
    """Return what a meter counts, its name and its exact id."""
    name = _meter_name(hass, meter)
    shown = name if name == meter.statistic_id else f"{name} ({meter.statistic_id})"
    return f"{words[meter.kind]}: {shown}"


def _stream_name(hass: HomeAssistant, meter: Meter, words: Words) -> str:
    """Return the name that a stream gets; where one name in the dashboard stands for two meters, with the kind."""
    name = _meter_name(hass, meter)
    return f"{name} ({words[meter.kind]})" if meter.name and meter.kind.is_one_of_two else name


def _description(hass: HomeAssistant, candidate: Candidate, words: Words) -> str:
    """Return as Markdown what a stream would be: its type, which entities it sends as what, what to mind."""
    paragraphs = [words[candidate.subentry_type], listed(_sources(hass, candidate.stream, words))]
    if candidate.lost_power:
        paragraphs.append(words["lost_power"].format(power=literal(label(hass, candidate.lost_power))))
    if candidate.meter.included_in:
        paragraphs.append(words["included_in"].format(meter=literal(label(hass, candidate.meter.included_in))))
    return "\n\n".join(paragraphs)


def _sources(hass: HomeAssistant, stream: Mapping[str, Any], words: Words) -> Iterator[str]:
    """Yield each entity with its unit, and as which parameter, in which unit, it is sent."""
    for code, sources in stream[CONF_PARAMETERS].items():
        unit = stream[CONF_UNIT] if code == VALUE else PARAMETERS[code].unit
        for source, entity_id in zip(sources, shown_entities(hass, sources), strict=True):
            line = literal(f"{label_with_unit(hass, entity_id)} → {code} [{unit}]")
            direction = source.get(CONF_DIRECTION)
            yield f"{line}, {words[direction]}" if direction else line


def _remarks(hass: HomeAssistant, offer: Offer, words: Words) -> str:
    """Return as Markdown which meters of the dashboard are not offered, and why."""
    mapped = ", ".join(_stream_name(hass, meter, words) for meter in offer.mapped)
    unfit = [f"{literal(_label(hass, meter, words))}: {words[reason]}" for meter, reason in offer.unfit]
    paragraphs = (
        words["mapped"].format(meters=literal(mapped)) if mapped else "",
        _list_under(words["unfit"], unfit),
    )
    return "\n\n".join(filter(None, paragraphs))


def _list_under(heading: str, lines: list[str]) -> str:
    """Return a heading with its list as Markdown, nothing where the list is empty."""
    return f"{heading}\n\n{listed(lines)}" if lines else ""
