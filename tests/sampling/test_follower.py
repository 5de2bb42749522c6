"""Sources followed in a real state machine and a real entity registry."""

from homeassistant.core import HomeAssistant, State
from homeassistant.helpers import entity_registry as er
import pytest

from custom_components.wattics.sampling.follower import Follower

type Seen = list[tuple[str, str | None]]


@pytest.fixture
def registered(hass: HomeAssistant) -> er.RegistryEntry:
    """Return an entity with a registry id."""
    return er.async_get(hass).async_get_or_create("sensor", "test", "power", suggested_object_id="power")


def _follow(hass: HomeAssistant, source_ids: list[str], *, reports: bool = False) -> tuple[Follower, Seen]:
    seen: Seen = []

    def on_state(source_id: str, state: State | None, _at: float) -> None:
        seen.append((source_id, None if state is None else state.state))

    follower = Follower(hass)
    follower.async_follow("main", source_ids, on_state, reports=reports)
    return follower, seen


async def test_tells_each_state_under_the_sources_id(hass: HomeAssistant, registered: er.RegistryEntry) -> None:
    follower, seen = _follow(hass, [registered.id, "sensor.other"])

    hass.states.async_set("sensor.power", "1")
    hass.states.async_set("sensor.other", "2")
    hass.states.async_set("sensor.stranger", "3")
    hass.states.async_set("sensor.power", "1")  # reports that nothing changed
    hass.states.async_remove("sensor.power")

    assert seen == [(registered.id, "1"), ("sensor.other", "2"), (registered.id, None)]
    follower.async_stop()


async def test_tells_reports_where_they_are_wanted(hass: HomeAssistant) -> None:
    follower, seen = _follow(hass, ["sensor.power"], reports=True)

    hass.states.async_set("sensor.power", "1")
    hass.states.async_set("sensor.power", "1")

    assert seen == [("sensor.power", "1")] * 2
    follower.async_stop()


async def test_follows_renames(hass: HomeAssistant, registered: er.RegistryEntry) -> None:
    follower, seen = _follow(hass, [registered.id, "sensor.other"])
    registry = er.async_get(hass)

    registry.async_update_entity("sensor.power", new_entity_id="sensor.mains")
    await hass.async_block_till_done()
    hass.states.async_set("sensor.mains", "2")
    hass.states.async_set("sensor.power", "another entity")

    assert seen == [(registered.id, "2")]
    follower.async_stop()


async def test_takes_up_a_source_that_comes_back(hass: HomeAssistant, registered: er.RegistryEntry) -> None:
    registry = er.async_get(hass)
    registry.async_remove("sensor.power")
    follower, seen = _follow(hass, [registered.id])

    back = registry.async_get_or_create("sensor", "test", "power", suggested_object_id="power")
    await hass.async_block_till_done()
    hass.states.async_set("sensor.power", "2")

    assert back.id == registered.id
    assert seen == [(registered.id, "2")]
    follower.async_stop()


async def test_tells_nothing_any_more(hass: HomeAssistant, registered: er.RegistryEntry) -> None:
    follower, seen = _follow(hass, [registered.id])
    follower.async_forget("main")
    follower.async_forget("main")
    er.async_get(hass).async_update_entity("sensor.power", new_entity_id="sensor.mains")
    await hass.async_block_till_done()

    hass.states.async_set("sensor.power", "1")
    hass.states.async_set("sensor.mains", "1")

    assert seen == []
    follower.async_stop()
