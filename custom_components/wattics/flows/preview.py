"""The last look at a stream before it is stored: its packet, what is missing, what Wattics says of it."""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

from homeassistant.config_entries import ConfigEntry, ConfigSubentry
from homeassistant.const import CONF_NAME, STATE_UNKNOWN
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er

from ..const import CONF_STREAM_ID
from ..sampling.reader import ProblemKind, SourceProblem
from ..sampling.sampler import Sampler
from ..sampling.schedule import next_boundary
from ..sampling.stream import Stream
from ..sampling.stream_sampler import Sample
from ..sampling.zones import Zones
from .credentials import async_ask_for_stream
from .sources import label
from .words import async_words

TEXTS: Final = "preview"
"""The selector of the translation files whose options are the sentences of the preview."""

SHORT_INTERVAL: Final = 60
_LONGEST_STATE: Final = 40


async def async_preview(
    hass: HomeAssistant, entry: ConfigEntry, subentry_type: str, data: Mapping[str, Any], now: datetime
) -> dict[str, str]:
    """Return the placeholders of the step `confirm` for a stream as it would be stored.

    The packet is what would go out at the first boundary after `now`, with the values of this moment.
    """
    stream = Stream.from_subentry(
        ConfigSubentry(
            data=MappingProxyType(data),
            subentry_type=subentry_type,
            title=data[CONF_NAME],
            unique_id=data[CONF_STREAM_ID],
        )
    )
    words = await async_words(hass, TEXTS)
    sample = await _async_sample(hass, stream, now)
    return {
        "name": stream.name,
        "packet": _packet(sample, words),
        "missing": _missing(hass, sample, words),
        "interval": words["short_interval"] if stream.interval < SHORT_INTERVAL else "",
        "wattics": await _async_answer(hass, entry, stream.stream_id, words),
    }


async def _async_sample(hass: HomeAssistant, stream: Stream, now: datetime) -> Sample:
    zones = Zones()
    await zones.async_load([stream])
    boundary = next_boundary(now, stream.interval, zones.of(stream))
    return Sampler(hass, zones).sample(boundary, [stream])[0]


def _packet(sample: Sample, words: Mapping[str, str]) -> str:
    """Return the packet, byte for byte, as a block of Markdown."""
    return f"```json\n{sample.packet.encode().decode()}\n```" if sample.packet else words["no_packet"]


def _missing(hass: HomeAssistant, sample: Sample, words: Mapping[str, str]) -> str:
    """Return a list of Markdown: each source without a value, the parameter that is left out for it, and why."""
    if not sample.problems:
        return words["nothing_missing"]
    lines = [_problem(hass, sample.stream, problem, words) for problem in sample.problems]
    return "\n".join([words["left_out"], "", *(f"- {line}" for line in lines)])


def _problem(hass: HomeAssistant, stream: Stream, problem: SourceProblem, words: Mapping[str, str]) -> str:
    entity_id = er.async_resolve_entity_id(er.async_get(hass), problem.source_id) or problem.source_id
    state = hass.states.get(entity_id)
    key = f"problem_{problem.kind}"
    if problem.kind is ProblemKind.UNIT and problem.unit is None:
        key = "problem_no_unit"
    return words[key].format(
        code=problem.code,
        entity=label(hass, entity_id),
        state=state.state[:_LONGEST_STATE] if state else STATE_UNKNOWN,
        unit=problem.unit,
        wanted=stream.unit_of(problem.code),
    )


async def _async_answer(hass: HomeAssistant, entry: ConfigEntry, stream_id: str, words: Mapping[str, str]) -> str:
    answer, packet = await async_ask_for_stream(hass, entry.data, stream_id)
    time = packet.instant.isoformat(sep=" ", timespec="seconds") if packet else ""
    return words[f"wattics_{answer}"].format(time=time)
