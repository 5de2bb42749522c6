"""Any stream comes back from any form of list as it was, and no text does harm."""

import csv
from io import StringIO
import json
from typing import Any

from homeassistant.core import HomeAssistant
from hypothesis import HealthCheck, given, settings, strategies as st
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
import yaml

from custom_components.wattics.flows.checks import check_stream
from custom_components.wattics.lists.drafts import read_drafts
from custom_components.wattics.lists.fields import COLUMNS
from custom_components.wattics.lists.plan import async_plan
from custom_components.wattics.lists.rows import async_export_rows, to_row
from custom_components.wattics.lists.storing import to_stored
from custom_components.wattics.lists.table import write_table
from custom_components.wattics.lists.text import decode, read_list
from custom_components.wattics.lists.wording import async_problems
from tests.flows.meters import add_stream

from .streams import streams

pytestmark = pytest.mark.usefixtures("entities")

# Home Assistant and its account are the same for all examples: nothing is changed.
unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

type Stream = tuple[str, dict[str, Any]]


def _forms(rows: list[dict[str, Any]]) -> list[str | list[dict[str, Any]]]:
    """Return a list in all the forms in which it may arrive."""
    table = write_table(rows)
    return [
        rows,
        json.loads(json.dumps(rows)),
        table,
        decode(table.encode("utf-8-sig")),
        decode(table.encode("utf-16")),
        _saved(table, ";"),
        _saved(table, "\t"),
        yaml.safe_dump({"streams": rows, "csv": table}, sort_keys=False),
        yaml.safe_dump(rows, default_flow_style=True),
    ]


def _saved(table: str, delimiter: str) -> str:
    """Return a table as a spreadsheet that opened it saves it: with empty columns and rows, and other marks."""
    text = StringIO()
    writer = csv.writer(text, delimiter=delimiter)
    writer.writerows([*record, "", ""] for record in csv.reader(StringIO(table)))
    writer.writerows([[], [""] * 5])
    return text.getvalue()


@unhurried
@given(st.lists(streams, min_size=1, max_size=3))
def test_streams_come_back(hass: HomeAssistant, drawn: list[Stream]) -> None:
    rows = [to_row(hass, kind, stream) for kind, stream in drawn]
    for source in _forms(rows):
        listing = read_list(source)
        assert list(listing.problems) == []
        drafts = read_drafts(listing.rows)
        assert [draft.problems for draft in drafts] == [[]] * len(drawn)
        again = [(draft.kind, to_stored(hass, draft, None)) for draft in drafts]
        assert again == drawn
        rows_again = [to_row(hass, kind, stream) for kind, stream in again]
        assert json.dumps(rows_again) == json.dumps(rows)
        assert write_table(rows_again) == write_table(rows)


@unhurried
@given(st.lists(streams, min_size=1, max_size=3, unique_by=lambda drawn: drawn[1]["stream_id"]))
async def test_what_is_stored_is_left_alone(
    hass: HomeAssistant, account: MockConfigEntry, drawn: list[Stream]
) -> None:
    """Even with entities that are gone, or that no longer fit."""
    for key in list(account.subentries):
        hass.config_entries.async_remove_subentry(account, key)
    for kind, stream in drawn:
        add_stream(hass, account, kind, stream)
    rows = await async_export_rows(hass, account)
    for source in (rows, write_table(rows)):
        plan = await async_plan(hass, account, source)
        assert (plan.does_nothing, list(plan.problems)) == (True, [])
        assert plan.unchanged == [stream["stream_id"] for _, stream in drawn]


GOOD: list[dict[str, Any]] = [
    {
        "type": "electricity",
        "name": "Main",
        "stream_id": "main",
        "interval": 300,
        "parameters": {"aP_1": [{"entity": "sensor.power", "factor": 2, "direction": "import"}]},
        "time_zone": "Europe/Rome",
    },
    {
        "type": "single_value",
        "name": "Gas",
        "stream_id": "gas",
        "interval": 60,
        "parameters": {"value": [{"entity": "sensor.gas", "maximum_rate": 5}, {"entity": "sensor.t1"}]},
        "reading": "cumulative",
        "unit": "m³",
    },
]
_TEXTS = [write_table(GOOD), yaml.safe_dump(GOOD), json.dumps({"streams": GOOD})]
_PIECES = st.text(max_size=5) | st.sampled_from(
    [
        *COLUMNS,
        '"',
        "'",
        "\n",
        "\r",
        ",",
        ";",
        "\t",
        "- ",
        ": ",
        "{",
        "}",
        "[",
        "&a",
        "*a",
        "!b",
        "#",
        "|",
        "1e999",
        "\ud800",
    ]
)


@st.composite
def _spoilt(draw: st.DrawFn) -> str:
    """Return a list that a few slips of the hand made into something else."""
    text = draw(st.sampled_from(_TEXTS))
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(text)))
        end = draw(st.integers(start, min(len(text), start + 40)))
        text = text[:start] + draw(_PIECES) + text[end:]
    return str(text)


_DATA = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(COLUMNS) | st.text() | st.integers(), inner),
    max_leaves=8,
)


@unhurried
@given(st.text() | st.text(alphabet=st.sampled_from("-:{}[]\"',;\n\t stream_id")) | _spoilt() | st.lists(_DATA))
async def test_garbage_is_refused_without_harm(
    hass: HomeAssistant, account: MockConfigEntry, source: str | list[Any]
) -> None:
    plan = await async_plan(hass, account, source)
    for sentence in await async_problems(hass, plan.problems):
        assert sentence
    if plan.problems:
        assert plan.does_nothing
    # What can be planned can be stored, and comes back.
    for planned in plan.created:
        json.dumps(planned.stream, allow_nan=False).encode()
        assert check_stream(hass, planned.stream) == []
    assert not account.subentries
