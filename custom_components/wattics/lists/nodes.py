"""What a list says before its meaning is known: values with the lines that they stand in, and what is wrong."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Self

from .fields import MAX_ROWS

MAX_DEPTH: Final = 8
"""A row has three levels; what is nested deeper than this is no list of streams."""
MAX_QUOTED: Final = 60


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong in a list.

    `key` is that of its text, at the errors of the form for streams of type `form`, or without one among the
    texts of lists; `placeholders` are what the text names. `row` counts the list's streams from 1; `line` is
    that of the text, None for a list that came as data.
    """

    key: str
    placeholders: Mapping[str, str] = field(default_factory=dict)
    row: int | None = None
    line: int | None = None
    column: str | None = None
    form: str | None = None


class ListError(ValueError):
    """A text that can't be read as a list at all."""

    def __init__(self, key: str, line: int | None = None, **placeholders: str) -> None:
        """Take what `Problem` takes."""
        super().__init__(key)
        self.problem = Problem(key, placeholders, line=line)


@dataclass(frozen=True, slots=True)
class Node:
    """A value of a list: a scalar, a sequence or a mapping. Scalars of a text are texts, or None for nothing."""

    value: Any
    line: int | None = None

    @classmethod
    def from_data(cls, data: object, depth: int = 0) -> Self:
        """Return a value that came as data. Raises ListError if it is nested too deep."""
        if depth > MAX_DEPTH:
            raise ListError("too_deep")
        match data:
            case Mapping():
                return cls({str(key): cls.from_data(value, depth + 1) for key, value in data.items()})
            case str() | bytes():
                return cls(data)
            case Sequence():
                return cls([cls.from_data(value, depth + 1) for value in data])
        return cls(data)

    def find(self, path: Sequence[str | int]) -> Node:
        """Return what a path leads to, or what comes nearest to it."""
        found = self
        for step in path:
            match found.value:
                case dict() if step in found.value:
                    found = found.value[step]
                case list() if isinstance(step, int) and step < len(found.value):
                    found = found.value[step]
                case _:
                    break
        return found


@dataclass(frozen=True, slots=True)
class Listing:
    """The rows of a list, and what is wrong with it that does not keep the rows from being read."""

    rows: Sequence[Node]
    problems: Sequence[Problem] = ()


def check_length(rows: Sequence[object]) -> None:
    """Raise ListError if rows are too many to be a list."""
    if len(rows) > MAX_ROWS:
        raise ListError("too_many", rows=str(len(rows)), most=str(MAX_ROWS))


def quoted(value: object, most: int = MAX_QUOTED) -> str:
    """Return a value as a message shows it: on one line, and not too long."""
    text = " ".join(str(value).split())
    return text if len(text) <= most else f"{text[:most]}…"
