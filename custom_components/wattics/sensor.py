"""The status of the delivery, as numbers, times and words."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final, override

from homeassistant.components.sensor import (
    SensorDeviceClass,
    SensorEntity,
    SensorEntityDescription,
    SensorStateClass,
)
from homeassistant.const import PERCENTAGE, UnitOfTime
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.typing import StateType

from .account import Account, WatticsConfigEntry
from .delivery.database import StreamRecord
from .delivery.packet import Packet
from .entity import AccountEntity, StreamEntity, async_add_stream_entities
from .sampling.values import rounded
from .status import Situation, Status, instant_of

PARALLEL_UPDATES = 0

type Value = StateType | datetime


@dataclass(frozen=True, kw_only=True)
class AccountSensorDescription(SensorEntityDescription):
    """A figure of an account."""

    value_fn: Callable[[Account], Value]


@dataclass(frozen=True, kw_only=True)
class StreamSensorDescription(SensorEntityDescription):
    """A figure of a stream."""

    value_fn: Callable[[Situation], Value]


def _instant(milliseconds: int | None) -> datetime | None:
    return None if milliseconds is None else instant_of(milliseconds)


def _recorded(read: Callable[[StreamRecord], Value]) -> Callable[[Situation], Value]:
    """Return a figure of the stream's record in the outbox, None while there is none."""
    return lambda situation: None if situation.record is None else read(situation.record)


def _last_error(situation: Situation) -> str | None:
    return situation.lane.last_error if situation.lane is not None else None


ACCOUNT_SENSORS: Final = (
    AccountSensorDescription(
        key="queued",
        translation_key="queued",
        state_class=SensorStateClass.MEASUREMENT,
        value_fn=lambda account: account.queued,
    ),
    AccountSensorDescription(
        key="oldest_queued",
        translation_key="oldest_queued",
        device_class=SensorDeviceClass.TIMESTAMP,
        value_fn=lambda account: _instant(account.outbox.oldest),
    ),
    AccountSensorDescription(
        key="pushed",
        translation_key="pushed",
        state_class=SensorStateClass.TOTAL_INCREASING,
        value_fn=lambda account: account.outbox.pushed,
    ),
    AccountSensorDescription(
        key="dropped",
        translation_key="dropped",
        state_class=SensorStateClass.TOTAL_INCREASING,
        value_fn=lambda account: account.dropped,
    ),
    AccountSensorDescription(
        key="response_status",
        translation_key="response_status",
        value_fn=lambda account: account.upload.uploader.answers.response_status,
    ),
)

STREAM_SENSORS: Final = (
    StreamSensorDescription(
        key="last_push",
        translation_key="last_push",
        device_class=SensorDeviceClass.TIMESTAMP,
        value_fn=_recorded(lambda record: _instant(record.pushed_at)),
    ),
    StreamSensorDescription(
        key="queued",
        translation_key="queued",
        state_class=SensorStateClass.MEASUREMENT,
        value_fn=_recorded(lambda record: record.queued),
    ),
    StreamSensorDescription(
        key="pushed",
        translation_key="pushed",
        state_class=SensorStateClass.TOTAL_INCREASING,
        value_fn=_recorded(lambda record: record.pushed),
    ),
    StreamSensorDescription(
        key="last_error",
        translation_key="last_error",
        entity_registry_enabled_default=False,
        value_fn=_last_error,
    ),
    StreamSensorDescription(
        key="latency",
        translation_key="latency",
        device_class=SensorDeviceClass.DURATION,
        native_unit_of_measurement=UnitOfTime.SECONDS,
        state_class=SensorStateClass.MEASUREMENT,
        suggested_display_precision=3,
        entity_registry_enabled_default=False,
        value_fn=lambda situation: situation.lane.latency if situation.lane is not None else None,
    ),
)

STATUS: Final = SensorEntityDescription(
    key="status",
    translation_key="status",
    device_class=SensorDeviceClass.ENUM,
    options=[status.value for status in Status],
)
REJECTED: Final = SensorEntityDescription(
    key="rejected", translation_key="rejected", state_class=SensorStateClass.MEASUREMENT
)
LAST_PACKET: Final = SensorEntityDescription(
    key="last_packet", translation_key="last_packet", device_class=SensorDeviceClass.TIMESTAMP
)
COMPLETENESS: Final = SensorEntityDescription(
    key="completeness",
    translation_key="completeness",
    native_unit_of_measurement=PERCENTAGE,
    state_class=SensorStateClass.MEASUREMENT,
    suggested_display_precision=1,
)


async def async_setup_entry(
    hass: HomeAssistant, entry: WatticsConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the account's sensors and those of its streams."""
    account = entry.runtime_data
    async_add_entities(AccountSensor(account, description) for description in ACCOUNT_SENSORS)

    def stream_sensors(key: str) -> list[SensorEntity]:
        return [
            StatusSensor(account, STATUS, key),
            LastPacketSensor(account, LAST_PACKET, key),
            RejectedSensor(account, REJECTED, key),
            CompletenessSensor(account, COMPLETENESS, key),
            *(StreamSensor(account, description, key) for description in STREAM_SENSORS),
        ]

    await async_add_stream_entities(entry, async_add_entities, stream_sensors)


class AccountSensor(AccountEntity, SensorEntity):
    """A figure of an account."""

    entity_description: AccountSensorDescription

    @property
    @override
    def native_value(self) -> Value:
        return self.entity_description.value_fn(self._account)


class StreamSensor(StreamEntity, SensorEntity):
    """A figure of a stream."""

    entity_description: StreamSensorDescription

    @property
    @override
    def native_value(self) -> Value:
        return self.entity_description.value_fn(self._account.situation(self._key))


class StatusSensor(StreamEntity, SensorEntity):
    """The state of a stream in a word, and which sources gave no value at the last boundary."""

    @property
    @override
    def native_value(self) -> str:
        return self._account.situation(self._key).status().value

    @property
    @override
    def extra_state_attributes(self) -> Mapping[str, Any]:
        problems = self._account.situation(self._key).sampled.problems
        return {"missing": {problem.code: problem.kind.value for problem in problems}}


class LastPacketSensor(StreamEntity, SensorEntity):
    """The instant of the last packet that Wattics acknowledged, with its values."""

    _unrecorded_attributes = frozenset({"dials", "gaps", "offsets", "processed", "values"})

    @property
    @override
    def native_value(self) -> datetime | None:
        record = self._account.situation(self._key).record
        return None if record is None else _instant(record.acknowledged)

    @property
    @override
    def extra_state_attributes(self) -> Mapping[str, Any]:
        situation = self._account.situation(self._key)
        packet = situation.lane.last_packet if situation.lane is not None else None
        return {
            **(_figures(situation, Packet.decode(packet.body)) if packet is not None else {"values": None}),
            "gaps": situation.sampled.gaps,
            "processed": _instant(situation.lane.verification.processed) if situation.lane is not None else None,
        }


def _figures(situation: Situation, packet: Packet) -> Mapping[str, Any]:
    """Return the values of a packet and, of registers that Wattics has as such, what they are made of."""
    offsets = situation.sampled.offsets.at(packet.instant) if situation.stream.sends_registers else {}
    shown = {code: rounded(offset) for code, offset in offsets.items() if code in packet.values}
    dials = {code: rounded(Decimal(str(packet.values[code])) - offsets[code]) for code in shown}
    return {"values": dict(packet.values), "dials": dials, "offsets": shown}


class RejectedSensor(StreamEntity, SensorEntity):
    """How many packets Wattics refused are kept, and why the last one of them was refused."""

    @property
    @override
    def native_value(self) -> int | None:
        record = self._account.situation(self._key).record
        return None if record is None else record.rejected

    @property
    @override
    def extra_state_attributes(self) -> Mapping[str, Any]:
        newest = self._account.situation(self._key).newest_rejected
        if newest is None:
            return {}
        return {
            "instant": instant_of(newest.instant),
            "response_status": newest.status,
            "reason": newest.reason,
            "rejected_at": instant_of(newest.at),
        }


class CompletenessSensor(StreamEntity, SensorEntity):
    """How much of what was due in the last 24 hours Wattics has acknowledged."""

    @property
    @override
    def native_value(self) -> float | None:
        return self._account.completeness(self._key)
