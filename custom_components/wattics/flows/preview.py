"""The last look at a stream before it is stored: its packet, where that comes from, and what is missing."""

import asyncio
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Final

from homeassistant.config_entries import ConfigEntry, ConfigEntryState, ConfigSubentry
from homeassistant.const import STATE_UNKNOWN
from homeassistant.core import HomeAssistant, State
from homeassistant.helpers import entity_registry as er

from ..account import Account
from ..sampling.reader import Measurement, ProblemKind, Reader, SourceProblem
from ..sampling.register import NOT_RENAMED
from ..sampling.registers import StreamRegisters
from ..sampling.schedule import next_boundary
from ..sampling.stream import Direction, Source, Stream
from ..sampling.stream_sampler import Sample, StreamSampler
from ..sampling.values import rounded, unit_of
from ..sampling.zones import Zones
from .advice import TEXTS, async_advice
from .answer import async_answer
from .sources import describe, label_source
from .words import Words, async_words, listed, literal, verbatim, warning

_LONGEST_STATE: Final = 40


async def async_preview(
    hass: HomeAssistant, entry: ConfigEntry, subentry: ConfigSubentry, now: datetime
) -> dict[str, str]:
    """Return the placeholders of the step `confirm` for a stream as it would be stored.

    The packet is what would go out at the first boundary after `now`, with the values of this moment. Counters of
    a stream that is being changed go on from where they are.
    """
    stream = Stream.from_subentry(subentry)
    words, zones = await async_words(hass, TEXTS), Zones()
    await zones.async_load([stream])
    running = _running(entry, stream)
    sample = _sample(hass, stream, zones, running, now)
    advice, answer = await asyncio.gather(
        async_advice(hass, stream, words, now),
        async_answer(hass, entry, stream, zones.of(stream), words, now),
    )
    return {
        "name": literal(stream.name),
        "packet": verbatim(sample.packet.encode().decode()) if sample.packet else words["no_packet"],
        "notes": " ".join(_notes(stream, sample, running, words)),
        "missing": _missing(hass, sample, words),
        "advice": warning(listed(advice)) if advice else "",
        "wattics": answer,
        "values": listed(_values(hass, stream, words)),
    }


def _running(entry: ConfigEntry, stream: Stream) -> StreamRegisters | None:
    """Return a copy of the registers of a stream that is at work, None if it is not, or gets another id."""
    if entry.state is not ConfigEntryState.LOADED:
        return None
    account: Account = entry.runtime_data
    at_work = account.streams.get(stream.subentry_id)
    is_same = at_work is not None and at_work.stream_id == stream.stream_id
    return account.intake.registers(stream.subentry_id) if is_same else None


def _sample(
    hass: HomeAssistant, stream: Stream, zones: Zones, running: StreamRegisters | None, now: datetime
) -> Sample:
    """Return what the sources say now, stamped with the next boundary; counters begin unless they are running."""
    reader, state_of = Reader(), partial(_state, hass)
    registers = StreamRegisters(stream, reader)
    if running is None:
        registers.restore({}, NOT_RENAMED)
    else:
        registers.take_over(running, NOT_RENAMED)
    sampler = StreamSampler(stream, zones, reader, registers=registers)
    for source_id in sampler.source_ids:
        sampler.observe(source_id, state_of(source_id), now.timestamp())
    sample = sampler.look(now, state_of)
    if sample.packet is None:
        return sample
    boundary = next_boundary(now, stream.interval, zones.of(stream))
    return replace(sample, packet=replace(sample.packet, instant=boundary))


def _state(hass: HomeAssistant, source_id: str) -> State | None:
    return hass.states.get(_entity_id(hass, source_id))


def _notes(stream: Stream, sample: Sample, running: StreamRegisters | None, words: Words) -> Iterator[str]:
    """Yield what a value of this moment stands for, where it is not yet what will be sent."""
    codes = sample.packet.values if sample.packet else ()
    notes: defaultdict[str, list[str]] = defaultdict(list)
    for code in codes:
        if stream.is_mean(code):
            notes["mean"].append(code)
        elif stream.is_register(code):
            kind = "goes_on" if running is not None and code in running else "begins"
            notes[f"{stream.reading}_{kind}"].append(code)
    for key, noted in notes.items():
        yield words[key].format(codes=", ".join(noted))


def _values(hass: HomeAssistant, stream: Stream, words: Words) -> Iterator[str]:
    """Yield each source of each parameter: its value with its unit, what that becomes, and the entity."""
    reader = Reader()
    for code, sources in stream.parameters.items():
        for source in sources:
            measured = reader.read(stream, code, source, _state(hass, source.id))
            value = literal(_value(hass, stream, code, source, measured, words))
            yield f"**{literal(code)}:** {value}<br>{literal(label_source(hass, source.id))}"


def _value(
    hass: HomeAssistant, stream: Stream, code: str, source: Source, measured: Measurement, words: Words
) -> str:
    """Return a source's value and what becomes of it, or the units alone where it has no value."""
    state = describe(hass, _entity_id(hass, source.id))
    number = measured if isinstance(measured, Decimal) else None
    now = _joined(state.state if state and number is not None else "", (state and unit_of(state)) or "")
    if source.factor != 1:
        now += f" \N{MULTIPLICATION SIGN} {source.factor:f}"
    if source.direction is not Direction.SIGNED:
        now += f", {words[f'direction_{source.direction}']}"
    if isinstance(measured, SourceProblem) and measured.kind is ProblemKind.UNIT:
        return now
    then = _joined(_plain(number) if number is not None else "", stream.unit_of(code) or "")
    return words["sent_as"].format(unit=now, wanted=then) if now and then else now


def _missing(hass: HomeAssistant, sample: Sample, words: Words) -> str:
    """Return a list of Markdown: each source without a value, the parameter that is left out for it, and why."""
    if not sample.problems:
        return words["nothing_missing"]
    lines = [_problem(hass, sample.stream, problem, words) for problem in sample.problems]
    return warning(f"{words['left_out']}\n\n{listed(lines)}")


def _problem(hass: HomeAssistant, stream: Stream, problem: SourceProblem, words: Words) -> str:
    state = _state(hass, problem.source_id)
    key = f"problem_{problem.kind}"
    if problem.kind is ProblemKind.UNIT and problem.unit is None:
        key = "problem_no_unit"
    return words[key].format(
        code=problem.code,
        entity=literal(label_source(hass, problem.source_id)),
        state=literal(state.state[:_LONGEST_STATE]) if state else STATE_UNKNOWN,
        unit=problem.unit,
        wanted=stream.unit_of(problem.code),
    )


def _entity_id(hass: HomeAssistant, source_id: str) -> str:
    return er.async_resolve_entity_id(er.async_get(hass), source_id) or source_id


def _joined(value: str, unit: str) -> str:
    return f"{value} {unit}".strip()


def _plain(value: Decimal) -> str:
    """Return a number without exponent, rounded as it is sent."""
    text = f"{Decimal(repr(rounded(value))):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
