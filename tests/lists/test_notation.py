"""Sources in one line of text."""

from typing import Any

from hypothesis import given, strategies as st
import pytest

from custom_components.wattics.lists.notation import read_number, read_sources, write_number, write_sources


@pytest.mark.parametrize(
    ("text", "sources"),
    [
        ("sensor.a", [{"entity": "sensor.a"}]),
        ("sensor.a + sensor.b", [{"entity": "sensor.a"}, {"entity": "sensor.b"}]),
        ("sensor.a;sensor.b, sensor.c\nsensor.d", [{"entity": f"sensor.{letter}"} for letter in "abcd"]),
        ("sensor.a*0.001", [{"entity": "sensor.a", "factor": "0.001"}]),
        ("sensor.a * -0,5+sensor.b", [{"entity": "sensor.a", "factor": "-0,5"}, {"entity": "sensor.b"}]),
        ("sensor.a*1e+3+sensor.b", [{"entity": "sensor.a", "factor": "1e+3"}, {"entity": "sensor.b"}]),
        ("sensor.a*2,sensor.b", [{"entity": "sensor.a", "factor": "2"}, {"entity": "sensor.b"}]),
        ("sensor.a{export}", [{"entity": "sensor.a", "direction": "export"}]),
        ("sensor.a {Import}", [{"entity": "sensor.a", "direction": "Import"}]),
        ("sensor.a*2{maximum_rate=1,5}", [{"entity": "sensor.a", "factor": "2", "maximum_rate": "1,5"}]),
        (
            "sensor.a{ export; maximum_rate = 5 }",
            [{"entity": "sensor.a", "direction": "export", "maximum_rate": "5"}],
        ),
        ("sensor.a{}", [{"entity": "sensor.a"}]),
    ],
)
def test_reads(text: str, sources: list[dict[str, str]]) -> None:
    assert read_sources(text) == sources


@pytest.mark.parametrize(
    "text",
    [
        "",
        "+",
        "*2",
        "sensor.a*",
        "sensor.a*two",
        "sensor.a*2x",
        "sensor.a*2*3",
        "sensor.a +",
        "sensor.a ++ sensor.b",
        "sensor.a{export",
        "sensor.a{export import}",
        "sensor.a{maximum_rate}=5",
        "sensor.a{maximum_rate=}",
        "sensor.a{maximum_rate=1 maximum_rate=2}",
        "sensor.a{export}*2",
        "sensor.a}",
    ],
)
def test_knows_what_it_can_not_read(text: str) -> None:
    assert read_sources(text) is None


@pytest.mark.parametrize(
    ("sources", "text"),
    [
        ([{"entity": "sensor.t1", "factor": 0.001}, {"entity": "sensor.t2"}], "sensor.t1*0.001 + sensor.t2"),
        ([{"entity": "sensor.grid", "direction": "export"}], "sensor.grid{export}"),
        ([{"entity": "sensor.gas", "factor": -2.0, "maximum_rate": 10}], "sensor.gas*-2{maximum_rate=10}"),
        (
            [{"entity": "sensor.a", "direction": "import", "maximum_rate": 0.5}],
            "sensor.a{import maximum_rate=0.5}",
        ),
    ],
)
def test_writes(sources: list[dict[str, Any]], text: str) -> None:
    assert write_sources(sources) == text
    assert read_sources(text) == [
        {key: value if isinstance(value, str) else write_number(value) for key, value in source.items()}
        for source in sources
    ]


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("300", 300),
        ("0,5", 0.5),
        ("-.5", -0.5),
        ("1e-3", 0.001),
        ("1.234,5", None),
        ("1,234.5", None),
        ("1 000", None),
        ("inf", None),
        ("nan", None),
        ("0x10", None),
        ("1_000", None),
        ("٣", None),
        ("", None),
    ],
)
def test_reads_numbers(text: str, number: float | None) -> None:
    assert read_number(text) == number


@given(st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(2**53), 2**53))
def test_numbers_come_back(number: float) -> None:
    assert read_number(write_number(number)) == number


@given(st.text() | st.text("sensor.ab*+;,{}= 0125e-maximum_rate\n"))
def test_takes_any_text(text: str) -> None:
    read_number(text)
    for source in read_sources(text) or []:
        assert source["entity"]
