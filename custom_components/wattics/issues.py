"""What a user has to know and can do something about: raised when it begins, taken back when it ends."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir

from .const import DOMAIN
from .delivery.lane import Trouble
from .flows.sources import NO_UNIT, label_source
from .status import Situation

DATA_ENTRY_ID: Final = "entry_id"
DATA_SUBENTRY_ID: Final = "subentry_id"
"""What the data of a fixable repair of a stream hold."""

type Placeholders = Mapping[str, str]


def _says_no_more(_: HomeAssistant, __: Situation) -> Placeholders:
    return {}


@dataclass(frozen=True, slots=True)
class StreamIssue:
    """A repair of a stream: its translation key and when it holds.

    `details` returns what its texts name besides the stream. One that `is_fixable` has a flow.
    """

    key: str
    holds: Callable[[Situation], bool]
    severity: ir.IssueSeverity = ir.IssueSeverity.ERROR
    details: Callable[[HomeAssistant, Situation], Placeholders] = _says_no_more
    is_fixable: bool = False


def _in_trouble(trouble: Trouble) -> Callable[[Situation], bool]:
    return lambda situation: situation.lane is not None and situation.lane.trouble is trouble


def _rejected(_: HomeAssistant, situation: Situation) -> Placeholders:
    record, newest = situation.record, situation.newest_rejected
    return {
        "rejected": str(record.rejected if record is not None else 0),
        "status": str(newest.status) if newest is not None else "",
        "reason": newest.reason if newest is not None else "",
    }


def _gone(hass: HomeAssistant, situation: Situation) -> Placeholders:
    gone = (f"{source.code}: {label_source(hass, source.source_id)}" for source in situation.sources.gone)
    return {"sources": "; ".join(gone)}


def _misfits(hass: HomeAssistant, situation: Situation) -> Placeholders:
    misfits = situation.sources.misfits
    return {
        "sources": "; ".join(
            f"{misfit.code}: {label_source(hass, misfit.source_id)} [{misfit.unit or NO_UNIT}]"
            for misfit in misfits
        )
    }


def _lost(_: HomeAssistant, situation: Situation) -> Placeholders:
    return {"parameters": ", ".join(situation.registers.lost if situation.registers is not None else ())}


def _dips(hass: HomeAssistant, situation: Situation) -> Placeholders:
    dips = situation.registers.overdue_dips() if situation.registers is not None else ()
    return {"sources": "; ".join(f"{code}: {label_source(hass, dip.source_id)}" for code, dip in dips)}


STREAM_ISSUES: Final = (
    StreamIssue("stream_forbidden", _in_trouble(Trouble.FORBIDDEN)),
    StreamIssue("stream_not_found", _in_trouble(Trouble.NOT_FOUND)),
    StreamIssue(
        "packets_rejected",
        lambda situation: situation.record is not None and situation.record.rejected > 0,
        ir.IssueSeverity.WARNING,
        _rejected,
    ),
    StreamIssue(
        "not_processed", lambda situation: situation.lane is not None and situation.lane.verification.not_processed
    ),
    StreamIssue(
        "another_installation",
        lambda situation: situation.lane is not None and situation.lane.verification.another_installation,
    ),
    StreamIssue("clock_set_back", lambda situation: situation.sampled.set_back, ir.IssueSeverity.WARNING),
    StreamIssue("source_missing", lambda situation: bool(situation.sources.gone), details=_gone, is_fixable=True),
    StreamIssue(
        "unit_not_convertible",
        lambda situation: bool(situation.sources.misfits),
        details=_misfits,
        is_fixable=True,
    ),
    StreamIssue(
        "register_dip",
        lambda situation: situation.registers is not None and bool(situation.registers.overdue_dips()),
        ir.IssueSeverity.WARNING,
        details=_dips,
        is_fixable=True,
    ),
    StreamIssue(
        "register_lost",
        lambda situation: situation.registers is not None and bool(situation.registers.lost),
        details=_lost,
        is_fixable=True,
    ),
)


class Repairs:
    """The repairs of one account and its streams."""

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry) -> None:
        """Start with none raised."""
        self._hass = hass
        self._entry = entry
        self._raised: set[str] = set()

    @callback
    def async_update_stream(self, key: str, situation: Situation) -> None:
        """Raise and take back the repairs of the stream whose subentry id is `key`."""
        for issue in STREAM_ISSUES:
            if not issue.holds(situation):
                self._take_back(f"{issue.key}_{key}")
                continue
            self._raise(
                f"{issue.key}_{key}",
                issue.key,
                {
                    "stream": situation.stream.name,
                    "stream_id": situation.stream.stream_id,
                    **issue.details(self._hass, situation),
                },
                issue.severity,
                fix={DATA_ENTRY_ID: self._entry.entry_id, DATA_SUBENTRY_ID: key} if issue.is_fixable else None,
            )

    @callback
    def async_update_storage(self, error: str | None) -> None:
        """Raise and take back the repair of a disk that takes no samples."""
        issue_id = f"storage_full_{self._entry.entry_id}"
        if error is None:
            self._take_back(issue_id)
        else:
            self._raise(issue_id, "storage_full", {"error": error})

    @callback
    def async_clear_stream(self, key: str) -> None:
        """Take back all repairs of a stream that is no more."""
        for issue in STREAM_ISSUES:
            self._take_back(f"{issue.key}_{key}")

    @callback
    def async_clear(self) -> None:
        """Take back all that the account raised: it is being unloaded."""
        for issue_id in list(self._raised):
            self._take_back(issue_id)

    def _take_back(self, issue_id: str) -> None:
        if issue_id in self._raised:
            self._raised.remove(issue_id)
            ir.async_delete_issue(self._hass, DOMAIN, issue_id)

    def _raise(
        self,
        issue_id: str,
        translation_key: str,
        placeholders: Placeholders,
        severity: ir.IssueSeverity = ir.IssueSeverity.ERROR,
        fix: dict[str, str | int | float | None] | None = None,
    ) -> None:
        """Raise a repair, or tell its new figures; one whose flow came to its end too early is raised again."""
        self._raised.add(issue_id)
        ir.async_create_issue(
            self._hass,
            DOMAIN,
            issue_id,
            data=fix,
            is_fixable=fix is not None,
            severity=severity,
            translation_key=translation_key,
            translation_placeholders={"account": self._entry.title, **placeholders},
        )
