"""The entities of real meters, as their integrations register them, and what has to be suggested for each."""

from . import (
    dsmr,
    esphome,
    fronius,
    homewizard,
    iotawatt,
    sdm630,
    shelly,
    solaredge,
    tasmota,
    victron,
    zigbee,
)
from .meter import Meter, Part, Sensor

__all__ = ["METERS", "Meter", "Part", "Sensor"]

METERS = (
    *shelly.METERS,
    *sdm630.METERS,
    *dsmr.METERS,
    *homewizard.METERS,
    *fronius.METERS,
    *solaredge.METERS,
    *tasmota.METERS,
    *zigbee.METERS,
    *esphome.METERS,
    *iotawatt.METERS,
    *victron.METERS,
)
