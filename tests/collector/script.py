"""The script that deals scripted faults out to requests, and their JSON form."""

import asyncio
from collections import Counter
from collections.abc import Mapping
from dataclasses import fields

from .faults import Close, Fault, Hang, ReadBack, Redirect, Reset, Slow, Status, Truncated

_KINDS: Mapping[str, type[Fault]] = {
    "status": Status,
    "hang": Hang,
    "slow": Slow,
    "reset": Reset,
    "redirect": Redirect,
    "read_back": ReadBack,
    "truncated": Truncated,
    "close": Close,
}
_NAMES = {kind: name for name, kind in _KINDS.items()}
_JSON_TYPES: Mapping[str, tuple[type, ...]] = {
    "times": (int, type(None)),
    "stream": (str, type(None)),
    "method": (str, type(None)),
    "status": (int,),
    "headers": (dict,),
    "body": (str,),
    "accept": (bool,),
    "seconds": (int, float),
    "location": (str,),
    "content_type": (str,),
    "announced": (bool,),
}


def fault_from_json(members: object) -> Fault:
    """Return the fault that a JSON object describes: its `kind` and the fields of that class, `body` as text.

    Raises ValueError with what is wrong.
    """
    if not isinstance(members, dict):
        raise ValueError("a fault is an object")
    arguments = dict(members)
    name = arguments.pop("kind", None)
    if name not in _KINDS:
        raise ValueError(f"kind: one of {', '.join(_KINDS)}")
    kind = _KINDS[name]
    _check_arguments(name, {field.name for field in fields(kind)}, arguments)
    if "body" in arguments:
        arguments["body"] = arguments["body"].encode()
    try:
        return kind(**arguments)
    except TypeError as error:
        raise ValueError(f"{name}: a field is missing") from error


def _check_arguments(kind: str, known: set[str], arguments: Mapping[str, object]) -> None:
    for name, value in arguments.items():
        if name not in known:
            raise ValueError(f"{name}: a {kind} fault has no such field")
        # Not isinstance: true is no number here.
        if type(value) not in _JSON_TYPES[name]:
            raise ValueError(f"{name}: {value!r} is of the wrong type")


class Injection:
    """A scripted fault at work: how often it struck, and the way to end it."""

    def __init__(self, fault: Fault) -> None:
        """Start with nothing struck."""
        self.fault = fault
        self.struck = 0
        self._cleared = False
        self._released = asyncio.Event()

    def matches(self, method: str, stream: str | None) -> bool:
        """Return whether the fault is still to strike and this request is one of its kind."""
        fault = self.fault
        return (
            not self._cleared
            and (fault.times is None or self.struck < fault.times)
            and fault.method in (None, method)
            and fault.stream in (None, stream)
        )

    def release(self) -> None:
        """Let the requests that hang now go on; later ones hang again."""
        self._released.set()
        self._released = asyncio.Event()

    def clear(self) -> None:
        """Strike no more and let hanging requests go on."""
        self._cleared = True
        self.release()

    async def released(self) -> None:
        """Wait for the next release."""
        await self._released.wait()


class Script:
    """The faults to come, of which the first that matches strikes, and a count of those that happened by kind."""

    def __init__(self) -> None:
        """Start without faults."""
        self.struck: Counter[str] = Counter()
        self._injections: list[Injection] = []

    def inject(self, fault: Fault) -> Injection:
        """Put a fault behind those that are scripted already."""
        injection = Injection(fault)
        self._injections.append(injection)
        return injection

    def strike(self, method: str, stream: str | None) -> Injection | None:
        """Return the fault that strikes this request, and count it."""
        for injection in self._injections:
            if injection.matches(method, stream):
                injection.struck += 1
                self.struck[_NAMES[type(injection.fault)]] += 1
                return injection
        return None

    def clear(self) -> None:
        """End all faults and let hanging requests go on."""
        for injection in self._injections:
            injection.clear()
        self._injections.clear()
