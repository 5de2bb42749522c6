"""What a user has to know and can do something about: raised when it begins, taken back when it ends."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
import logging
from typing import Final

from homeassistant.components.repairs import ConfirmRepairFlow, RepairsFlow
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir

from .const import DOMAIN
from .delivery.lane import Trouble
from .delivery.salvage import Salvaged
from .status import Situation

_LOGGER = logging.getLogger(__name__)

_TOLD: Final = ("packets_dropped", "storage_damaged")
"""Repairs of an account that stay until the user has read them."""


@dataclass(frozen=True, slots=True)
class _StreamIssue:
    """A repair of a stream: its translation key and when it holds."""

    key: str
    holds: Callable[[Situation], bool]
    severity: ir.IssueSeverity = ir.IssueSeverity.ERROR


def _in_trouble(trouble: Trouble) -> Callable[[Situation], bool]:
    return lambda situation: situation.lane is not None and situation.lane.trouble is trouble


_STREAM_ISSUES: Final = (
    _StreamIssue("stream_forbidden", _in_trouble(Trouble.FORBIDDEN)),
    _StreamIssue("stream_not_found", _in_trouble(Trouble.NOT_FOUND)),
    _StreamIssue(
        "packets_rejected",
        lambda situation: situation.record is not None and situation.record.rejected > 0,
        ir.IssueSeverity.WARNING,
    ),
    _StreamIssue(
        "not_processed", lambda situation: situation.lane is not None and situation.lane.verification.not_processed
    ),
    _StreamIssue(
        "another_installation",
        lambda situation: situation.lane is not None and situation.lane.verification.another_installation,
    ),
    _StreamIssue("clock_set_back", lambda situation: situation.sampled.set_back, ir.IssueSeverity.WARNING),
)


class Repairs:
    """The repairs of one account and its streams."""

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry) -> None:
        """Start with none raised."""
        self._hass = hass
        self._entry = entry
        self._raised: dict[str, Mapping[str, str]] = {}

    @callback
    def async_update_stream(self, key: str, situation: Situation) -> None:
        """Raise and take back the repairs of the stream whose subentry id is `key`."""
        for issue in _STREAM_ISSUES:
            placeholders = self._stream_placeholders(situation) if issue.holds(situation) else None
            self._set(issue.key, key, placeholders, issue.severity)

    @callback
    def async_update_storage(self, error: str | None) -> None:
        """Raise and take back the repair of a disk that takes no samples."""
        placeholders = None if error is None else {"account": self._entry.title, "error": error}
        self._set("storage_full", self._entry.entry_id, placeholders)

    @callback
    def async_tell_dropped(self, packets: int) -> None:
        """Tell how many packets were dropped since the start: until the user has read it."""
        _tell(self._hass, self._entry, "packets_dropped", {"count": str(packets)})

    @callback
    def async_clear_stream(self, key: str) -> None:
        """Take back all repairs of a stream that is no more."""
        for issue in _STREAM_ISSUES:
            self._set(issue.key, key, None)

    @callback
    def async_clear(self) -> None:
        """Take back all that the account raised: it is being unloaded."""
        for issue_id in self._raised:
            ir.async_delete_issue(self._hass, DOMAIN, issue_id)
        self._raised.clear()

    def _set(
        self,
        translation_key: str,
        subject: str,
        placeholders: Mapping[str, str] | None,
        severity: ir.IssueSeverity = ir.IssueSeverity.ERROR,
    ) -> None:
        issue_id = f"{translation_key}_{subject}"
        if placeholders is None:
            if self._raised.pop(issue_id, None) is not None:
                ir.async_delete_issue(self._hass, DOMAIN, issue_id)
            return
        if self._raised.get(issue_id) == placeholders:
            return
        self._raised[issue_id] = placeholders
        ir.async_create_issue(
            self._hass,
            DOMAIN,
            issue_id,
            is_fixable=False,
            severity=severity,
            translation_key=translation_key,
            translation_placeholders=dict(placeholders),
        )

    def _stream_placeholders(self, situation: Situation) -> Mapping[str, str]:
        record, newest = situation.record, situation.newest_rejected
        return {
            "account": self._entry.title,
            "stream": situation.stream.name,
            "stream_id": situation.stream.stream_id,
            "rejected": str(record.rejected if record is not None else 0),
            "status": str(newest.status) if newest is not None else "",
            "reason": newest.reason if newest is not None else "",
        }


@callback
def async_tell_salvaged(hass: HomeAssistant, entry: ConfigEntry, salvaged: Salvaged) -> None:
    """Tell that the outbox was damaged: until the user has read it."""
    _LOGGER.error(
        "The outbox of %s was damaged: %s waiting packets were carried over, the damaged file is kept as %s",
        entry.title,
        salvaged.waiting,
        salvaged.aside,
    )
    _tell(hass, entry, "storage_damaged", {"count": str(salvaged.waiting), "file": salvaged.aside.name})


@callback
def async_forget_account(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Take back what was told of an account that is removed."""
    for translation_key in _TOLD:
        ir.async_delete_issue(hass, DOMAIN, f"{translation_key}_{entry.entry_id}")


def _tell(hass: HomeAssistant, entry: ConfigEntry, translation_key: str, placeholders: Mapping[str, str]) -> None:
    """Raise a repair that stays, also over a restart, until the user has read it."""
    ir.async_create_issue(
        hass,
        DOMAIN,
        f"{translation_key}_{entry.entry_id}",
        is_fixable=True,
        is_persistent=True,
        severity=ir.IssueSeverity.ERROR,
        translation_key=translation_key,
        translation_placeholders={"account": entry.title, **placeholders},
    )


async def async_create_fix_flow(
    _hass: HomeAssistant, _issue_id: str, _data: dict[str, str | int | float | None] | None
) -> RepairsFlow:
    """Return the flow of a repair that has only to be read."""
    return ConfirmRepairFlow()
