"""The Energy dashboard as Home Assistant stores it: which meters it counts, and the power that belongs to each."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from homeassistant.core import HomeAssistant

from .sampling.stream import Direction

ENERGY: Final = "energy"
"""The domain of Home Assistant's own integration behind the dashboard."""

type Source = Mapping[str, Any]


class Kind(StrEnum):
    """What a meter counts."""

    GRID_IMPORT = "grid_import"
    GRID_EXPORT = "grid_export"
    SOLAR = "solar"
    BATTERY_OUT = "battery_out"
    BATTERY_IN = "battery_in"
    HOME = "home"
    GAS = "gas"
    WATER = "water"
    DEVICE = "device"
    WATER_DEVICE = "water_device"

    @property
    def is_electricity(self) -> bool:
        """Whether it counts electricity: not gas, even where that is counted in kWh, and not water."""
        return self not in (Kind.GAS, Kind.WATER, Kind.WATER_DEVICE)

    @property
    def is_one_of_two(self) -> bool:
        """Whether the dashboard has it together with the opposite way, under one name."""
        return self in (Kind.GRID_IMPORT, Kind.GRID_EXPORT, Kind.BATTERY_OUT, Kind.BATTERY_IN)


@dataclass(frozen=True, slots=True)
class Power:
    """A power as the dashboard knows it (a statistic id), and which part of it belongs to the meter."""

    statistic_id: str
    direction: Direction = Direction.SIGNED


@dataclass(frozen=True, slots=True)
class Meter:
    """A counter that the dashboard knows by its statistic id: an entity id, or that of an external statistic.

    `name` is the user's own for the dashboard. `power` is None where the dashboard has none, or one of which it
    is not certain that it is this meter's. `included_in` is the statistic id of the meter that counts this
    device, too.
    """

    kind: Kind
    statistic_id: str
    name: str | None = None
    power: Power | None = None
    included_in: str | None = None


async def async_read_dashboard(hass: HomeAssistant) -> list[Meter]:
    """Return the meters of the Energy dashboard; none where it is not in use."""
    if ENERGY not in hass.config.components:
        return []
    # Its package needs the recorder's libraries, which are there only where it has been set up.
    from homeassistant.components.energy.data import async_get_manager  # noqa: PLC0415

    preferences = (await async_get_manager(hass)).data
    return list(meters(preferences)) if preferences else []


def meters(preferences: Mapping[str, Any]) -> Iterator[Meter]:
    """Yield the meters of stored preferences, in their order; kinds that are not known here are passed over."""
    sources: list[Source] = preferences.get("energy_sources", [])
    grids = [source for source in sources if source.get("type") == "grid"]
    for source in sources:
        match source.get("type"):
            case "grid":
                power = _power_both_ways(source) if _is_whole(grids) else (None, None)
                yield from _both_ways(source, Kind.GRID_IMPORT, Kind.GRID_EXPORT, power)
            case "battery":
                yield from _both_ways(source, Kind.BATTERY_OUT, Kind.BATTERY_IN, _power_both_ways(source))
            case "solar":
                yield from _one_way(source, Kind.SOLAR, "stat_energy_from", _power(source))
            case "home":
                yield from _one_way(source, Kind.HOME, "stat_energy_to", _power(source))
            case "gas":
                yield from _one_way(source, Kind.GAS, "stat_energy_from")
            case "water":
                yield from _one_way(source, Kind.WATER, "stat_energy_from")
    for device in preferences.get("device_consumption", []):
        yield from _one_way(device, Kind.DEVICE, "stat_consumption", _power(device))
    for device in preferences.get("device_consumption_water", []):
        yield from _one_way(device, Kind.WATER_DEVICE, "stat_consumption")


def _one_way(source: Source, kind: Kind, key: str, power: Power | None = None) -> Iterator[Meter]:
    if statistic_id := source.get(key):
        yield Meter(kind, statistic_id, source.get("name"), power, source.get("included_in_stat"))


def _both_ways(
    source: Source, out_of: Kind, into: Kind, power: tuple[Power | None, Power | None]
) -> Iterator[Meter]:
    """Yield the meters of a grid or a battery, for what comes out of it and what goes into it, if they exist."""
    yield from _one_way(source, out_of, "stat_energy_from", power[0])
    yield from _one_way(source, into, "stat_energy_to", power[1])


def _is_whole(grids: list[Source]) -> bool:
    """Return whether each of the grid's connections has a power of its own.

    The tariffs of one meter are connections, too: then the one power that is there may be that of all.
    """
    return len(grids) == 1 or all(None not in _power_both_ways(grid) for grid in grids)


def _power(source: Source) -> Power | None:
    statistic_id = source.get("stat_rate")
    return Power(statistic_id) if statistic_id else None


def _power_both_ways(source: Source) -> tuple[Power | None, Power | None]:
    """Return the power out of a grid or a battery and the one into it.

    Positive is out of it. Where the user chose a sensor that counts the other way round, or two, `stat_rate` is
    one that the dashboard makes of them: it goes with that choice, so the user's own are taken.
    """
    config: Mapping[str, str] = source.get("power_config") or {}
    if "stat_rate_from" in config and "stat_rate_to" in config:
        return Power(config["stat_rate_from"]), Power(config["stat_rate_to"])
    if inverted := config.get("stat_rate_inverted"):
        return Power(inverted, Direction.EXPORT), Power(inverted, Direction.IMPORT)
    if signed := config.get("stat_rate") or source.get("stat_rate"):
        return Power(signed, Direction.IMPORT), Power(signed, Direction.EXPORT)
    return None, None
