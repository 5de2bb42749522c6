"""Streams as subentries may store them, drawn at random."""

from typing import Any
import unicodedata

from hypothesis import strategies as st

from custom_components.wattics.delivery.packet import PARAMETERS
from custom_components.wattics.sampling.stream import is_register, takes_direction, takes_factor

ENTITIES = ("sensor.power", "sensor.t1", "input_number.one", "counter.two", "0123456789abcdef0123456789abcdef")
"""Some with and some without a state, and the registry id of one that is gone."""

_INTERVALS = st.sampled_from([5, 60, 300, 900, 86_400])
_FACTORS = st.floats(1e-9, 1e15) | st.sampled_from([0.001, 5e-324, 1e300, 3, 40.0])
_NAMES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1) | st.sampled_from(
    ["=1+2", "'", "''a", "00123", "Mar 1", "null", "~", "- a", "a: b", '"', "a,b;c\td", "true", "#"]
)


def _is_visible(text: str) -> bool:
    return text == text.strip() and all(unicodedata.category(one)[0] not in "CZ" or one == " " for one in text)


names = _NAMES.map(str.strip).filter(bool)
stream_ids = names.filter(_is_visible)


def _sources(code: str, *, counts: bool) -> st.SearchStrategy[list[dict[str, Any]]]:
    adjustments: dict[str, st.SearchStrategy[Any]] = {}
    if code == "value" or takes_factor(code):
        signs = _FACTORS if counts else _FACTORS | _FACTORS.map(lambda factor: -factor)
        adjustments["factor"] = signs.filter(lambda factor: factor != 1)
    if code != "value" and takes_direction(code):
        adjustments["direction"] = st.sampled_from(["import", "export"])
    if counts:
        adjustments["maximum_rate"] = _FACTORS
    source = st.fixed_dictionaries({"source": st.sampled_from(ENTITIES)}, optional=adjustments)
    return st.lists(source, min_size=1, unique_by=lambda drawn: drawn["source"])


_COMMON = {"maximum_age": st.integers(1, 10**9), "time_zone": st.sampled_from(["Europe/Rome", "UTC"])}

_electricity = st.fixed_dictionaries(
    {
        "name": names,
        "stream_id": stream_ids,
        "interval": _INTERVALS,
        "parameters": st.sets(st.sampled_from(list(PARAMETERS)), min_size=1, max_size=4).flatmap(
            lambda codes: st.fixed_dictionaries({code: _sources(code, counts=is_register(code)) for code in codes})
        ),
    },
    optional={**_COMMON, "method": st.just("latest"), "reading": st.just("interval")},
)


def _single_value(reading: str) -> st.SearchStrategy[dict[str, Any]]:
    counts = reading != "instant"
    instant = {} if counts else {"maximum_age": _COMMON["maximum_age"], "method": st.just("mean")}
    return st.fixed_dictionaries(
        {
            "name": names,
            "stream_id": stream_ids,
            "interval": _INTERVALS,
            "parameters": st.fixed_dictionaries({"value": _sources("value", counts=counts)}),
            "reading": st.just(reading),
            "unit": st.sampled_from(["m³", "%", "as_is", "°C", "1"]),
        },
        optional={"time_zone": _COMMON["time_zone"], **instant},
    )


streams = _electricity.map(lambda stream: ("electricity", stream)) | st.sampled_from(
    ["instant", "cumulative", "interval"]
).flatmap(_single_value).map(lambda stream: ("single_value", stream))
"""The type and the data of a stream."""
