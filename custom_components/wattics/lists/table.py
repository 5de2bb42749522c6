"""Lists as tables: CSV as a spreadsheet writes and reads it, whatever its country, or cells pasted from one."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
import csv
from io import StringIO
import re
from typing import Any, Final

from ..const import CONF_INTERVAL, CONF_MAXIMUM_AGE, CONF_PARAMETERS
from .fields import CODES, COLUMNS, FIELDS
from .nodes import ListError, Listing, Node, Problem, check_length, quoted
from .notation import write_number, write_sources

TAB: Final = "\t"
"""By this, spreadsheets take pasted text apart, in every country."""
DELIMITERS: Final = (",", ";", TAB)
LEAST_COLUMNS: Final = 2
"""A text is a table if its first line has at least as many known columns."""

_NUMBERS: Final = frozenset({CONF_INTERVAL, CONF_MAXIMUM_AGE})
_BY_NAME: Final[Mapping[str, str]] = {column.casefold(): column for column in COLUMNS}
_HINT: Final = re.compile(r"sep=(.)")
"""A first line by which some spreadsheets are told the delimiter."""

_MONTHS: Final = (
    "jan feb mar apr may jun jul aug sep oct nov dec"
    " mär mrz mai okt dez fév avr jui aoû déc ene abr ago dic gen mag giu lug set ott fev out mei mrt"
)
"""How the names of months begin in the languages of this integration."""
_TRUTH: Final = "true|false|wahr|falsch|vrai|faux|verdadero|falso|vero|verdadeiro|waar|onwaar"
_ALTERED: Final = re.compile(
    # What a spreadsheet takes for a formula, a number, an amount, a time or a date, and what is marked as text.
    rf"[=+\-@'(.,:$€£¥%\d]|(?:{_TRUTH})$|(?:{_MONTHS.replace(' ', '|')})[^\W\d]*[ .\-/]*\d",
    re.IGNORECASE,
)
_MARK: Final = "'"
"""Before a cell: what follows is text, whatever it looks like. Spreadsheets know the same mark."""


def write_table(rows: Iterable[Mapping[str, Any]], delimiter: str = ",") -> str:
    """Return rows as CSV, with the columns of all fields and of the parameters that occur: of all if none does."""
    rows = list(rows)
    used = {code for row in rows for code in row[CONF_PARAMETERS]} or set(CODES)
    columns = [column for column in COLUMNS if column in used or column not in CODES]
    text = StringIO()
    writer = csv.writer(text, delimiter=delimiter, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([_marked(column, cell(row, column)) for column in columns] for row in rows)
    return text.getvalue()


def cell(row: Mapping[str, Any], column: str) -> str:
    """Return what a row has in a column of a table, "" for nothing."""
    value = row[CONF_PARAMETERS].get(column) if column in CODES else row.get(column)
    if value is None:
        return ""
    if isinstance(value, int | float):
        return write_number(value)
    return value if isinstance(value, str) else write_sources(value)


def find_delimiter(text: str) -> tuple[int, str] | None:
    """Return in which line the table of a text begins (from 0) and its delimiter, None if the text is no table."""
    for number, line in enumerate(StringIO(text, newline="")):
        if not line.strip() or _HINT.fullmatch(line.strip()):
            continue
        known = {delimiter: _known_columns(line, delimiter) for delimiter in DELIMITERS}
        best = max(DELIMITERS, key=lambda delimiter: known[delimiter])
        return (number, best) if known[best] >= LEAST_COLUMNS else None
    return None


def read_table(text: str, start: int, delimiter: str) -> Listing:
    """Return the rows of a table that begins in line `start` (from 0). Raises ListError."""
    records = _records(text, start, delimiter)
    head_line, head = next(records)
    columns, problems = _columns(head, head_line)
    rows: list[Node] = []
    for line, record in records:
        rows.append(_row(columns, record, line))
        problems += _nameless(head, record, line, len(rows))
    check_length(rows)
    return Listing(rows, problems)


def _marked(column: str, text: str) -> str:
    return _MARK + text if column not in _NUMBERS and _ALTERED.match(text) else text


def _value(cell: str) -> str | None:
    return cell.strip().removeprefix(_MARK) or None


def _known_columns(line: str, delimiter: str) -> int:
    return sum(cell.strip(' "\r\n').casefold() in _BY_NAME for cell in line.split(delimiter))


def _records(text: str, start: int, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the records that are not empty, each with the line where it begins (from 1)."""
    lines = StringIO(text, newline="")
    for _ in range(start):
        next(lines)
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    while True:
        line = start + reader.line_num + 1
        try:
            record = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise ListError("quotes", line) from error
        if any(cell.strip() for cell in record):
            yield line, record


def _columns(head: Sequence[str], line: int) -> tuple[list[str | None], list[Problem]]:
    """Return the fields of the columns, None where there is none, and what is wrong with the headings."""
    columns: list[str | None] = []
    problems: list[Problem] = []
    for cell in head:
        name = cell.strip()
        column = _BY_NAME.get(name.casefold())
        if name and column is None:
            problems.append(
                Problem("unknown_column", {"columns": ", ".join(COLUMNS)}, line=line, column=quoted(name))
            )
        elif column in columns and column is not None:
            problems.append(Problem("column_twice", line=line, column=column))
            column = None
        columns.append(column)
    return columns, problems


def _row(columns: Sequence[str | None], record: Sequence[str], line: int) -> Node:
    cells = {
        column: Node(value, line)
        for column, cell in zip(columns, record, strict=False)
        if column is not None and (value := _value(cell)) is not None
    }
    parameters = {code: cells[code] for code in CODES if code in cells}
    fields = {field: cells[field] for field in FIELDS if field in cells}
    return Node({**fields, CONF_PARAMETERS: Node(parameters, line)}, line)


def _nameless(head: Sequence[str], record: Sequence[str], line: int, row: int) -> Iterator[Problem]:
    """Yield the cells of a record that have something in them but no heading above."""
    for number, cell in enumerate(record):
        if cell.strip() and not (number < len(head) and head[number].strip()):
            yield Problem("no_heading", {"cell": quoted(cell)}, row=row, line=line, column=str(number + 1))
