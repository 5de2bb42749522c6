"""Lists as spreadsheets write and read them."""

import csv
from io import StringIO
from typing import Any

import pytest

from custom_components.wattics.lists.fields import CODES, COLUMNS, MAX_ROWS
from custom_components.wattics.lists.nodes import ListError, Node
from custom_components.wattics.lists.table import write_table
from custom_components.wattics.lists.text import read_list

ROW: dict[str, Any] = {
    "type": "electricity",
    "name": "Main",
    "stream_id": "main",
    "interval": 300,
    "parameters": {"aP_1": [{"entity": "sensor.a"}], "pC_1": [{"entity": "sensor.b", "factor": 0.5}]},
    "maximum_age": 900,
}
HEAD = "type,name,stream_id,interval,aP_1,pC_1,reading,method,maximum_age,time_zone,unit"


def plain(node: Node) -> Any:
    """Return what a value is, without its lines."""
    match node.value:
        case dict():
            return {key: plain(value) for key, value in node.value.items()}
        case list():
            return [plain(value) for value in node.value]
    return node.value


def _rows(text: str) -> list[Any]:
    listing = read_list(text)
    assert listing.problems == []
    return [plain(row) for row in listing.rows]


def test_writes_a_row_a_stream() -> None:
    assert write_table([ROW]) == f"{HEAD}\nelectricity,Main,main,300,sensor.a,sensor.b*0.5,,,900,,\n"


def test_without_streams_has_every_column() -> None:
    assert write_table([]) == ",".join(COLUMNS) + "\n"
    assert set(CODES) < set(COLUMNS)


EXPECTED = {"name": "Main, left", "stream_id": "main", "interval": "300", "parameters": {"aP_1": "sensor.a*0,5"}}


@pytest.mark.parametrize(
    "text",
    [
        'name,stream_id,interval,aP_1\n"Main, left",main,300,"sensor.a*0,5"\n',
        "name;stream_id;interval;aP_1\r\nMain, left;main;300;sensor.a*0,5\r\n",
        "name\tstream_id\tinterval\taP_1\nMain, left\tmain\t300\tsensor.a*0,5",
        "\ufeffsep=;\r\nname;stream_id;interval;aP_1;;\r\nMain, left;main;300;sensor.a*0,5;;\r\n;;;;;\r\n",
        '\n"name";"stream_id";"interval";"aP_1"\n\n Main, left ;main; 300;"sensor.a*0,5"\n',
        "Name;STREAM_ID;Interval;ap_1\rMain, left;main;'300;sensor.a*0,5\r",
    ],
)
def test_reads_what_spreadsheets_write(text: str) -> None:
    assert _rows(text) == [EXPECTED]


def test_knows_the_lines_of_rows_whose_cells_have_several() -> None:
    listing = read_list('name,stream_id\n"a\nb",one\n\n"c",two\n')
    assert [(row.line, row.value["stream_id"].line) for row in listing.rows] == [(2, 2), (5, 5)]


@pytest.mark.parametrize(
    "text",
    [
        "=1+2",
        "+49 30",
        "-1",
        "@SUM(A1)",
        "00123",
        "123456789012345678",
        "1E5",
        "3-4",
        "12:30",
        "1/2",
        "5%",
        "$5",
        "TRUE",
        "falsch",
        "Mar 1",
        "sept-12",
        "'quoted",
        "''",
    ],
)
def test_marks_what_a_spreadsheet_would_take_for_something_else(text: str) -> None:
    written = write_table([{**ROW, "name": text, "stream_id": text}])
    _, record = csv.reader(StringIO(written))
    assert record[1:4] == [f"'{text}", f"'{text}", "300"]
    (row,) = _rows(written)
    assert (row["name"], row["stream_id"]) == (text, text)


@pytest.mark.parametrize("text", ["Meter 1", "main", "Trueman", "March", "a=b", "Haus 3, links", 'Pipe 5"', "m³"])
def test_leaves_other_text_as_it_is(text: str) -> None:
    written = write_table([{**ROW, "name": text}])
    _, record = csv.reader(StringIO(written))
    assert record[1] == text
    assert _rows(written)[0]["name"] == text


def test_names_columns_that_do_not_exist_or_are_there_twice() -> None:
    listing = read_list("name,stream_id,id,,Name\na,b,c,,d\ne,f,,g,,h\n")
    assert [(problem.key, problem.line, problem.row, problem.column) for problem in listing.problems] == [
        ("unknown_column", 1, None, "id"),
        ("column_twice", 1, None, "name"),
        ("no_heading", 3, 2, "4"),
        ("no_heading", 3, 2, "6"),
    ]
    assert [plain(row)["name"] for row in listing.rows] == ["a", "e"]


@pytest.mark.parametrize("rest", ['"a,b\nc,d\n', '"a"b,c\n', f"a,{'b' * 200_000}\n"])
def test_names_the_line_whose_quotes_are_wrong(rest: str) -> None:
    with pytest.raises(ListError) as raised:
        read_list(f"name,stream_id\nx,y\n{rest}")
    assert (raised.value.problem.key, raised.value.problem.line) == ("quotes", 3)


def test_has_a_bound() -> None:
    line = "a,b\n"
    assert len(read_list(f"name,stream_id\n{line * MAX_ROWS}").rows) == MAX_ROWS
    with pytest.raises(ListError) as raised:
        read_list(f"name,stream_id\n{line * (MAX_ROWS + 1)}")
    assert raised.value.problem.key == "too_many"
