"""Every page, field, option, error and end of a flow has its text in every language, and no text is left over."""

import ast
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
import re
from typing import Any

from homeassistant.data_entry_flow import FlowHandler, section
from homeassistant.helpers.selector import SelectSelector, SelectSelectorConfig
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
import voluptuous as vol

from custom_components.wattics import config_flow
from custom_components.wattics.const import (
    CONF_FINAL_READING,
    CONF_FIRST_READING,
    SUBENTRY_ELECTRICITY,
    SUBENTRY_SINGLE_VALUE,
)
from custom_components.wattics.delivery.packet import PARAMETERS, VALUE
from custom_components.wattics.energy_dashboard import Kind
from custom_components.wattics.flows import device, electricity, energy, importing, options, single_value, waiting
from custom_components.wattics.flows.candidates import Unfit
from custom_components.wattics.flows.credentials import StreamAnswer
from custom_components.wattics.flows.identity import IDENTITY_SCHEMA
from custom_components.wattics.lists import wording
from custom_components.wattics.repairs import (
    FIX_FLOWS,
    register_dip,
    replacements,
    source_missing,
    unit_not_convertible,
)
from custom_components.wattics.sampling.absence import Absence
from custom_components.wattics.sampling.reader import ProblemKind
from custom_components.wattics.sampling.stream import Direction, Method, Reading, takes_factor
from custom_components.wattics.suggestions.suggestion import NoteKind

from .texts import Texts, languages

INTEGRATION = Path(config_flow.__file__).parent
ZONES = SelectSelector(SelectSelectorConfig(options=["UTC"]))

STEPS: dict[str, dict[str, vol.Schema]] = {
    "config": {
        "user": config_flow.ACCOUNT_SCHEMA,
        "reauth_confirm": config_flow.SIGN_IN_SCHEMA,
        "reconfigure": config_flow.RECONFIGURE_SCHEMA,
        "waiting": waiting.WAITING_SCHEMA,
    },
    "options": {
        "energy": energy.meters_schema({}),
        "energy_stream": energy.STREAM_SCHEMA,
        "settings": options.SETTINGS_SCHEMA,
        "import": importing.IMPORT_SCHEMA,
        "review": importing.REVIEW_SCHEMA,
    },
    "config_subentries.electricity": {
        "user": IDENTITY_SCHEMA.extend(device.device_field([{"integration": "shelly"}])),
        "parameters": electricity.parameters_schema(ZONES, {}, {}),
        "sources": electricity.sources_schema(filter(takes_factor, PARAMETERS)),
        "waiting": waiting.WAITING_SCHEMA,
        "confirm": vol.Schema({}),
    },
    "config_subentries.single_value": {
        "user": single_value.identity_schema([]),
        "value": single_value.value_schema([], Reading.INSTANT, ZONES),
        "waiting": waiting.WAITING_SCHEMA,
        "confirm": vol.Schema({}),
    },
    "issues.source_missing.fix_flow": {
        "enable": vol.Schema({}),
        "replace": replacements.replacement_schema([*PARAMETERS, VALUE], {}, []),
        "leave_out": vol.Schema({}),
        "confirm": vol.Schema({}),
    },
    "issues.unit_not_convertible.fix_flow": {
        "accept": vol.Schema({}),
        "replace": replacements.replacement_schema([*PARAMETERS, VALUE], {}, []),
        "confirm": vol.Schema({}),
    },
    "issues.register_dip.fix_flow": {
        "replaced": vol.Schema({vol.Required(key): object for key in (CONF_FINAL_READING, CONF_FIRST_READING)}),
    },
    "issues.register_lost.fix_flow": {
        "figures": vol.Schema({vol.Required(code): object for code in ("pC_1", "pC_2", "pC_3", VALUE)}),
    },
}

MENUS: dict[str, dict[str, Sequence[str]]] = {
    "options": {"init": options.MENU},
    "issues.source_missing.fix_flow": {"init": source_missing.MENU},
    "issues.unit_not_convertible.fix_flow": {"init": unit_not_convertible.MENU},
    "issues.register_dip.fix_flow": {"init": register_dip.MENU},
}


@pytest.fixture(params=languages())
def texts(request: pytest.FixtureRequest) -> Texts:
    """Return the texts of one language after another."""
    language: str = request.param
    return languages()[language]


SUBENTRY_FLOWS = config_flow.WatticsConfigFlow.async_get_supported_subentry_types(MockConfigEntry())
FLOWS: Mapping[str, type[FlowHandler[Any, Any, Any]]] = {
    "config": config_flow.WatticsConfigFlow,
    "options": options.WatticsOptionsFlow,
    **{f"config_subentries.{kind}": flow for kind, flow in SUBENTRY_FLOWS.items()},
    **{f"issues.{key}.fix_flow": flow for key, flow in FIX_FLOWS.items()},
}
WITHOUT_PAGE = {
    "config": {"reauth"},
    "config_subentries.electricity": {"reconfigure"},
    "config_subentries.single_value": {"reconfigure"},
    "issues.register_dip.fix_flow": {"reset", "wait"},
    "issues.register_lost.fix_flow": {"init"},
}
"""Steps that show the page of another one."""


def _steps(flow: type[FlowHandler[Any, Any, Any]]) -> set[str]:
    """Return the steps that a flow has of its own."""
    ours = (kind for kind in flow.__mro__ if kind.__module__.startswith("custom_components"))
    prefix = "async_step_"
    return {name.removeprefix(prefix) for kind in ours for name in vars(kind) if name.startswith(prefix)}


def test_all_flows_and_their_steps_are_walked() -> None:
    assert set(STEPS) == set(CODE) == set(FLOWS)
    for part, flow in FLOWS.items():
        assert _steps(flow) == set(STEPS[part]) | set(MENUS.get(part, ())) | WITHOUT_PAGE.get(part, set()), part


def _part(texts: Texts, path: str) -> Texts:
    for key in path.split("."):
        texts = texts[key]
    return texts


def _expected(schema: vol.Schema) -> dict[str, Any]:
    """Return the names of a page's texts: its fields, and its sections with theirs."""
    fields = {str(key): value for key, value in schema.schema.items()}
    plain = [key for key, value in fields.items() if not isinstance(value, section)]
    expected: dict[str, Any] = {"data": set(plain), "data_description": set(plain)} if plain else {}
    sections = {key: value for key, value in fields.items() if isinstance(value, section)}
    if sections:
        expected["sections"] = {
            key: {"name", "description"} | set(_expected(value.schema)) for key, value in sections.items()
        }
    return expected


def _strings(files: Iterable[Path]) -> Iterator[str]:
    """Yield every string in the code."""
    for file in files:
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value


def _code(*names: str) -> list[Path]:
    return [INTEGRATION / name for name in names]


STREAM_CODE = _code(
    "flows/checks.py", "flows/identity.py", "flows/stream.py", "flows/sources.py", "flows/waiting.py"
)
FIX_CODE = _code(
    "flows/sources.py", "flows/checks.py", "repairs/stream_fix_flow.py", "repairs/sources_fix_flow.py"
)
CODE = {
    "config": _code("config_flow.py", "flows/credentials.py", "flows/waiting.py"),
    "options": _code(
        "flows/options.py",
        "flows/energy.py",
        "flows/checks.py",
        "flows/identity.py",
        "flows/importing.py",
        "lists/text.py",
    ),
    "config_subentries.electricity": [*STREAM_CODE, *_code("flows/electricity.py")],
    "config_subentries.single_value": [*STREAM_CODE, *_code("flows/single_value.py")],
    "issues.source_missing.fix_flow": [*FIX_CODE, *_code("repairs/source_missing.py")],
    "issues.unit_not_convertible.fix_flow": [*FIX_CODE, *_code("repairs/unit_not_convertible.py")],
    "issues.register_dip.fix_flow": _code("repairs/stream_fix_flow.py", "repairs/register_dip.py"),
    "issues.register_lost.fix_flow": _code("repairs/stream_fix_flow.py", "repairs/register_lost.py"),
}
ENDS = {"reauth_successful", "reconfigure_successful", "already_configured"}
"""How Home Assistant ends a flow by itself."""


REPAIR_SENTENCES = {
    *Absence,
    *("wrong_unit", "no_unit", "unit_changed"),
    *("enable_entity", "enable_device", "enable_integration"),
    *(
        "replaced",
        "not_replaced",
        "keeps_factor",
        "keeps_maximum_rate",
        "keeps_import",
        "keeps_export",
        "counts_on",
    ),
    *("left_out", "left_out_of_sum"),
}


def _forms(texts: Texts, part: str) -> Texts:
    """Return the texts of a flow's pages but for the menu."""
    return {name: step for name, step in _part(texts, part)["step"].items() if name not in MENUS.get(part, ())}


@pytest.mark.parametrize("part", MENUS)
def test_menus(texts: Texts, part: str) -> None:
    for name, entries in MENUS[part].items():
        step = _part(texts, part)["step"][name]
        assert set(step) - {"description"} == {"title", "menu_options", "menu_option_descriptions"}
        assert set(step["menu_options"]) == set(step["menu_option_descriptions"]) == set(entries)
        assert set(entries) <= set(STEPS[part]) | WITHOUT_PAGE.get(part, set())


@pytest.mark.parametrize("part", STEPS)
def test_pages(texts: Texts, part: str) -> None:
    steps = _forms(texts, part)
    assert set(steps) == set(STEPS[part])
    for name, schema in STEPS[part].items():
        expected = _expected(schema)
        assert set(steps[name]) == {"title", "description"} | set(expected), name
        for kind in ("data", "data_description"):
            assert set(steps[name].get(kind, {})) == expected.get(kind, set()), name
        for key, kinds in expected.get("sections", {}).items():
            assert set(steps[name]["sections"][key]) == kinds, (name, key)
        assert set(steps[name].get("sections", {})) == set(expected.get("sections", {})), name


@pytest.mark.parametrize("part", STEPS)
def test_fields_of_sections(texts: Texts, part: str) -> None:
    steps = _part(texts, part)["step"]
    for name, schema in STEPS[part].items():
        for key, value in schema.schema.items():
            if isinstance(value, section):
                inside = steps[name]["sections"][str(key)]
                fields = {str(field) for field in value.schema.schema}
                assert set(inside["data"]) == set(inside["data_description"]) == fields, (name, key)


@pytest.mark.parametrize("part", STEPS)
def test_pages_that_the_code_shows(part: str) -> None:
    shown = {name for name in _strings(CODE[part]) if name in {step for steps in STEPS.values() for step in steps}}
    assert set(STEPS[part]) <= shown


@pytest.mark.parametrize("part", CODE)
def test_no_error_and_no_end_is_left_over(texts: Texts, part: str) -> None:
    code = set(_strings(CODE[part]))
    flow = _part(texts, part)
    assert set(flow.get("error", {})) <= code
    assert set(flow["abort"]) <= code | ENDS


def test_options_of_lists(texts: Texts) -> None:
    options_of = {key: set(selector["options"]) for key, selector in texts["selector"].items()}
    sentences = options_of.pop("preview")
    words = options_of.pop("energy")
    suggestion = options_of.pop("suggestion")
    of_lists = options_of.pop(wording.TEXTS)
    assert options_of.pop("source_repair") == REPAIR_SENTENCES
    assert options_of == {
        "direction": set(Direction),
        "energy_reading": {Reading.CUMULATIVE, Reading.INTERVAL},
        "method": set(Method),
        "packets": {waiting.PACKETS_MOVE, waiting.PACKETS_DISCARD},
        "reading": set(Reading),
        "unit": {"as_is"},
        "url": set(config_flow.ENVIRONMENTS),
    }
    named = _words("preview.py", "advice.py", "answer.py", "electricity.py", "single_value.py", "units.py")
    answers = {f"wattics_{answer}" for answer in StreamAnswer}
    problems = {f"problem_{kind}" for kind in ProblemKind} | {"problem_no_unit"}
    readings = (Reading.CUMULATIVE, Reading.INTERVAL)
    notes = {f"{reading}_{kind}" for reading in readings for kind in ("begins", "goes_on")} | {"mean"}
    counters = {"slow_counter", "silent_counter"}
    directions = {f"direction_{direction}" for direction in Direction if direction is not Direction.SIGNED}
    assert sentences == named | answers | problems | notes | counters | directions
    assert suggestion == _words("device.py") | set(NoteKind)
    # That no sentence of lists is missing is tested where each of them is said.
    forms = {
        f"{text}_{kind}" for text in ("new", "not_of") for kind in (SUBENTRY_ELECTRICITY, SUBENTRY_SINGLE_VALUE)
    }
    places = {f"at_{place}{column}" for place in ("line", "row") for column in ("", "_column")}
    assert of_lists <= set(_strings((INTEGRATION / "lists").glob("*.py"))) | forms | places
    kinds = {SUBENTRY_ELECTRICITY, SUBENTRY_SINGLE_VALUE, *Kind}
    assert words == _words("energy.py") | kinds | set(Unfit) | {Direction.IMPORT, Direction.EXPORT}


def _words(*files: str) -> set[str]:
    """Return which words modules name."""
    code = "".join((INTEGRATION / "flows" / file).read_text("utf-8") for file in files)
    return set(re.findall(r"words\[[\"'](\w+)[\"']\]", code))


@pytest.mark.parametrize("kind", SUBENTRY_FLOWS)
def test_streams_have_names(texts: Texts, kind: str) -> None:
    flow = _part(texts, f"config_subentries.{kind}")
    assert flow["entry_type"]
    assert set(flow["initiate_flow"]) == {"user", "reconfigure"}
