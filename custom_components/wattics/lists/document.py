"""Lists as YAML: rows with the lines that their values stand in, every scalar as the text that was written.

The parser's events are read, not its objects: so `00123` stays an id, nothing is included or executed, and
neither depth nor repetition makes little text a lot of work.
"""

from collections.abc import Iterator
from typing import Final

import yaml

from .fields import CONF_CSV, CONF_STREAMS
from .nodes import MAX_DEPTH, ListError, Listing, Node, Problem, check_length, quoted

_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_TAGS: Final = frozenset(
    f"tag:yaml.org,2002:{name}" for name in ("bool", "float", "int", "map", "null", "seq", "str")
)
_NULLS: Final = frozenset({"", "~", "null", "Null", "NULL"})


def read_document(text: str) -> Listing:
    """Return the rows of a YAML text: a sequence, or what `export_streams` responds. Raises ListError."""
    reader = _Reader(yaml.parse(text, Loader=_LOADER))
    try:
        root = reader.root()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = None if mark is None else mark.line + 1
        raise ListError("yaml", line, error=quoted(error.problem or error.context)) from error
    except yaml.YAMLError as error:
        raise ListError("yaml", error=quoted(error)) from error
    if (
        isinstance(root.value, dict)
        and CONF_STREAMS in root.value
        and not root.value.keys() - {CONF_STREAMS, CONF_CSV}
    ):
        root = root.value[CONF_STREAMS]
    if not isinstance(root.value, list):
        raise ListError("not_a_list", root.line)
    check_length(root.value)
    return Listing(root.value, reader.problems)


class _Reader:
    """Makes values of the parser's events."""

    def __init__(self, events: Iterator[yaml.Event]) -> None:
        self._events = events
        self.problems: list[Problem] = []

    def root(self) -> Node:
        """Return the one document of a text."""
        next(self._events)
        if isinstance(next(self._events), yaml.StreamEndEvent):
            return Node(None, 1)
        node = self._node(next(self._events), 0)
        next(self._events)
        end = next(self._events)
        if not isinstance(end, yaml.StreamEndEvent):
            raise ListError("documents", _line(end))
        return node

    def _node(self, event: yaml.Event, depth: int) -> Node:
        line = _line(event)
        if isinstance(event, yaml.AliasEvent):
            raise ListError("alias", line)
        if depth > MAX_DEPTH:
            raise ListError("too_deep", line)
        if event.tag not in (None, "!", *_TAGS):
            raise ListError("tag", line, tag=quoted(event.tag))
        if isinstance(event, yaml.ScalarEvent):
            is_null = event.implicit[0] and event.value in _NULLS
            return Node(None if is_null else event.value, line)
        if isinstance(event, yaml.SequenceStartEvent):
            return Node(list(self._sequence(depth)), line)
        return Node(self._mapping(depth), line)

    def _sequence(self, depth: int) -> Iterator[Node]:
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            yield self._node(event, depth + 1)

    def _mapping(self, depth: int) -> dict[str, Node]:
        values: dict[str, Node] = {}
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            key = self._node(event, depth + 1)
            name = key.value if isinstance(key.value, str) else ""
            value = self._node(next(self._events), depth + 1)
            if name in values:
                self.problems.append(Problem("twice", line=key.line, column=quoted(name)))
            values[name] = value
        return values


def _line(event: yaml.Event) -> int:
    """Return the line of an event, from 1."""
    return int(event.start_mark.line) + 1
