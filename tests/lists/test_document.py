"""Lists as YAML, and as data."""

from typing import Any

import pytest

from custom_components.wattics.lists.fields import MAX_CHARACTERS
from custom_components.wattics.lists.nodes import ListError
from custom_components.wattics.lists.text import decode, read_list

from .test_table import plain

TEXT = """# my meters
- name: Main
  stream_id: 00123
  interval: 0x10
  time_zone: null
  unit: ''
  parameters:
    aP_1:
    - entity: sensor.a
      factor: 1e3
    - sensor.b
    v_1: sensor.c
- {name: yes, stream_id: 'null', maximum_age: ~}
"""


def test_takes_scalars_as_they_are_written() -> None:
    first, second = read_list(TEXT).rows
    assert plain(first) == {
        "name": "Main",
        "stream_id": "00123",
        "interval": "0x10",
        "time_zone": None,
        "unit": "",
        "parameters": {"aP_1": [{"entity": "sensor.a", "factor": "1e3"}, "sensor.b"], "v_1": "sensor.c"},
    }
    assert plain(second) == {"name": "yes", "stream_id": "null", "maximum_age": None}


def test_knows_the_lines() -> None:
    first, second = read_list(TEXT).rows
    paths: list[tuple[str | int, ...]] = [
        (),
        ("stream_id",),
        ("parameters", "aP_1", 0, "factor"),
        ("parameters", "aP_1", 1),
        ("parameters", "v_1"),
    ]
    assert [first.find(path).line for path in paths] == [2, 3, 10, 11, 12]
    # What is not there is near what is.
    assert first.find(("parameters", "aP_1", 7, "factor")).line == first.find(("parameters", "aP_1")).line
    assert second.find(("interval",)).line == second.line == 13


@pytest.mark.parametrize(
    "text",
    ["streams:\n- name: a\n", "streams:\n- name: a\ncsv: |\n  name\n  a\n", '[{"name": "a"}]', "--- \n- name: a"],
)
def test_takes_what_the_action_responds(text: str) -> None:
    assert [plain(row) for row in read_list(text).rows] == [{"name": "a"}]


@pytest.mark.parametrize(
    ("text", "key", "line"),
    [
        ("", "not_a_list", 1),
        ("# nothing", "not_a_list", 1),
        ("hello", "not_a_list", 1),
        ("\n\nname: a", "not_a_list", 3),
        ("streams: a", "not_a_list", 1),
        ("streams: []\nother: 1", "not_a_list", 1),
        ("- name: a\n- name: b: c", "yaml", 2),
        ("- name: 'a", "yaml", 1),
        ("- \x07", "yaml", None),
        ("- a\n---\n- b", "documents", 2),
        ("- &a name\n- *a", "alias", 2),
        ("- name: !secret password", "tag", 1),
        ("- name: !!python/object:os.system {}", "tag", 1),
        ("- \n  " + "[" * 9, "too_deep", 2),
        ("[" * 100_000, "too_deep", 1),
        ("- \ud800", "not_text", None),
        ("a" * (MAX_CHARACTERS + 1), "too_long", None),
        ("- a\n" * 1001, "too_many", None),
    ],
)
def test_refuses(text: str, key: str, line: int | None) -> None:
    with pytest.raises(ListError) as raised:
        read_list(text)
    assert (raised.value.problem.key, raised.value.problem.line) == (key, line)


def test_names_what_is_there_twice() -> None:
    (problem,) = read_list("- name: a\n  interval: 60\n  name: b").problems
    assert (problem.key, problem.line, problem.column) == ("twice", 3, "name")


def test_takes_data() -> None:
    rows: list[Any] = [{"name": "a", 5: 300, "parameters": {"aP_1": ["sensor.a"]}}, "x", None]
    first, *others = map(plain, read_list(rows).rows)
    assert first == {"name": "a", "5": 300, "parameters": {"aP_1": ["sensor.a"]}}
    assert others == ["x", None]


@pytest.mark.parametrize(("key", "rows"), [("too_deep", [[[[[[[[[[[]]]]]]]]]]]), ("too_many", [{}] * 1001)])
def test_refuses_data(key: str, rows: list[Any]) -> None:
    with pytest.raises(ListError) as raised:
        read_list(rows)
    assert raised.value.problem.key == key


@pytest.mark.parametrize(
    "content",
    [
        "m³ € é".encode(),
        "m³ € é".encode("utf-8-sig"),
        "m³ € é".encode("utf-16"),
        b"\xfe\xff" + "m³ € é".encode("utf-16-be"),
        "m³ € é".encode("cp1252"),
    ],
)
def test_reads_the_files_of_spreadsheets(content: bytes) -> None:
    assert decode(content) == "m³ € é"


@pytest.mark.parametrize("content", [b"PK\x03\x04\x00\x00", b"\xff\xfe\x00", b"\x81\x8d", b"a\0b"])
def test_refuses_files_that_are_no_text(content: bytes) -> None:
    with pytest.raises(ListError) as raised:
        decode(content)
    assert raised.value.problem.key == "not_text"
