"""A backup by Home Assistant's own backup manager, while samples are taken and nothing can be sent."""

from collections.abc import Callable
import io
from pathlib import Path
import sqlite3
import tarfile

from tests.home_assistant.wattics import GAS, MAIN_METER, add_electricity, add_single_value

from .home import Home

_SECONDS = 5
_GAS_STREAMS = 40


def test_the_outbox_in_a_backup_is_sound(make_home: Callable[[str], Home], tmp_path: Path) -> None:
    """All that waited when the backup began is in it, byte for byte; afterwards everything is delivered."""
    home = make_home("run")
    add_electricity(home.api, home.entry_id, "meter", MAIN_METER, seconds=_SECONDS)
    for number in range(_GAS_STREAMS):
        add_single_value(home.api, home.entry_id, f"gas-{number}", GAS, "m³", seconds=_SECONDS)
    home.wait_for_packets("gas-0", 1)
    home.collector.stop()
    home.wait_until(lambda: len(home.waiting()) >= 3 * _GAS_STREAMS, "packets that wait")
    before = {sample.body for sample in home.waiting()}

    home.api.post("/api/services/backup/create", {})

    (backup,) = (home.home_assistant.folder / "backups").glob("*.tar")
    kept = _outbox_in(backup, home.entry_id, tmp_path)
    assert before <= kept
    home.start_collector()
    home.wait_until(lambda: not home.waiting(), "an empty outbox")
    assert kept <= {sample.body for sample in home.accepted()}


def _outbox_in(backup: Path, entry_id: str, folder: Path) -> set[str]:
    """Return the packets that wait in the outbox of a backup, having checked that the file is sound."""
    with tarfile.open(backup) as outer:
        inner = next(member for member in outer.getmembers() if "homeassistant.tar" in member.name)
        content = outer.extractfile(inner)
        assert content is not None
        with tarfile.open(fileobj=io.BytesIO(content.read())) as archive:
            for member in archive.getmembers():
                if f"wattics/{entry_id}.db" in member.name:
                    member.name = Path(member.name).name
                    archive.extract(member, folder, filter="data")
    connection = sqlite3.connect(folder / f"{entry_id}.db")
    try:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        rows = connection.execute("SELECT body FROM packets").fetchall()
    finally:
        connection.close()
    return {bytes(body).decode() for (body,) in rows}
