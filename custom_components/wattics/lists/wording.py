"""What is wrong with a list, and what it comes to, in words."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import CONF_NAME
from homeassistant.core import HomeAssistant
from homeassistant.helpers.translation import async_get_translations

from ..const import CONF_INTERVAL, CONF_PARAMETERS, CONF_STREAM_ID, DOMAIN
from ..flows.words import Words, async_words, listed, literal
from .fields import COLUMNS
from .nodes import Problem, quoted
from .notation import write_sources
from .plan import Plan, Planned
from .rows import to_row
from .table import cell

TEXTS: Final = "list"
"""The selector of the translation files whose options are the sentences of this module."""
MOST_SHOWN: Final = 50
"""As many problems, or streams of one kind, are named; of more there is only their number."""
MOST_CHARACTERS: Final = 200
"""As long may be what is shown of one cell."""

_NOTHING: Final = "-"


async def async_problems(hass: HomeAssistant, problems: Sequence[Problem]) -> list[str]:
    """Return what is wrong with a list, a sentence or two for each problem: where it is, and what to do."""
    words = await async_words(hass, TEXTS)
    errors = await async_get_translations(hass, hass.config.language, "config_subentries", {DOMAIN})
    sentences = [_problem(problem, words, errors) for problem in problems[:MOST_SHOWN]]
    if rest := len(problems) - len(sentences):
        sentences.append(words["more"].format(count=rest))
    return sentences


async def async_problem_list(hass: HomeAssistant, problems: Sequence[Problem]) -> str:
    """Return, in Markdown, what is wrong with a list."""
    words = await async_words(hass, TEXTS)
    heading = words["wrong"].format(count=len(problems))
    return f"**{heading}**\n\n{listed(map(literal, await async_problems(hass, problems)))}"


async def async_review(hass: HomeAssistant, entry: ConfigEntry, plan: Plan) -> str:
    """Return, in Markdown, what a plan is going to do to an account's streams."""
    words = await async_words(hass, TEXTS)
    created = [_new_stream(hass, planned, words) for planned in plan.created[:MOST_SHOWN]]
    changed = [_changed_stream(hass, planned, words) for planned in plan.changed[:MOST_SHOWN]]
    others = len(entry.subentries) - len(plan.changed) - len(plan.unchanged)
    parts = [
        *_block(words["created"], created, len(plan.created), words),
        *_block(words["changed"], changed, len(plan.changed), words),
        *_block(words["unchanged"], [], len(plan.unchanged), words),
        *_block(words["others"], [], others, words),
    ]
    return "\n\n".join(parts)


def _problem(problem: Problem, words: Words, errors: Mapping[str, str]) -> str:
    if problem.form is None:
        text = words[problem.key]
    else:
        text = errors[f"component.{DOMAIN}.config_subentries.{problem.form}.error.{problem.key}"]
    sentence = text.format(**problem.placeholders)
    place = [] if problem.line is None and problem.row is None else ["line" if problem.line else "row"]
    if problem.column is not None:
        place.append("column")
    if not place:
        return sentence
    return words[f"at_{'_'.join(place)}"].format(
        line=problem.line, row=problem.row, column=problem.column, problem=sentence
    )


def _block(heading: str, lines: Sequence[str], count: int, words: Words) -> Iterator[str]:
    """Yield a heading with a number, and the list of what it counts; nothing for none."""
    if not count:
        return
    yield f"**{heading.format(count=count)}**"
    if lines:
        rest = [words["more"].format(count=count - len(lines))] if count > len(lines) else []
        yield listed(map(literal, [*lines, *rest]))


def _new_stream(hass: HomeAssistant, planned: Planned, words: Words) -> str:
    row = to_row(hass, planned.kind, planned.stream)
    sources = [f"{code}: {_shown(write_sources(sources))}" for code, sources in row[CONF_PARAMETERS].items()]
    return words[f"new_{planned.kind}"].format(
        name=_shown(row[CONF_NAME]),
        stream_id=row[CONF_STREAM_ID],
        interval=row[CONF_INTERVAL],
        parameters="; ".join(sources),
    )


def _changed_stream(hass: HomeAssistant, planned: Planned, words: Words) -> str:
    """Return which columns of a stream change, from what to what."""
    old, new = (to_row(hass, planned.kind, stream) for stream in (planned.before, planned.stream))
    changes = [
        f"{column}: {_shown(cell(old, column)) or _NOTHING} → {_shown(cell(new, column)) or _NOTHING}"
        for column in COLUMNS
        if cell(old, column) != cell(new, column)
    ]
    return words["change"].format(
        name=_shown(old[CONF_NAME]), stream_id=old[CONF_STREAM_ID], changes="; ".join(changes)
    )


def _shown(text: str) -> str:
    return quoted(text, MOST_CHARACTERS)
