"""The form of an outbox's file: made at once or not at all, and an unknown form is set aside."""

from contextlib import closing
from pathlib import Path
import sqlite3

import pytest

from custom_components.wattics.delivery.errors import OutboxDamaged
from custom_components.wattics.delivery.schema import VERSION, migrate

from .files import bodies, connect, opened
from .packets import packet


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "account.db"


def _version(connection: sqlite3.Connection) -> int:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    return int(version)


def test_new_file(path: Path) -> None:
    with closing(connect(path)) as connection:
        migrate(connection)
        assert _version(connection) == VERSION
        before = connection.execute("SELECT * FROM sqlite_master").fetchall()
        migrate(connection)
        assert connection.execute("SELECT * FROM sqlite_master").fetchall() == before
        assert not connection.in_transaction


@pytest.mark.parametrize(
    "damage", [f"PRAGMA user_version = {VERSION + 1}", "DROP TABLE deliveries", "CREATE TABLE more (x)"]
)
def test_another_form(path: Path, damage: str) -> None:
    with closing(connect(path)) as connection:
        migrate(connection)
        connection.execute(damage)
        with pytest.raises(OutboxDamaged):
            migrate(connection)


def test_tables_of_another_program(path: Path) -> None:
    with closing(connect(path)) as connection:
        connection.execute("CREATE TABLE packets (something_else)")
        with pytest.raises(OutboxDamaged):
            migrate(connection)
        connection.rollback()
        # Nothing is left half done.
        assert _version(connection) == 0
        assert connection.execute("SELECT name FROM sqlite_master").fetchall() == [("packets",)]


async def test_a_newer_file_is_set_aside_with_its_packets_carried_over(path: Path) -> None:
    async with opened(path) as outbox:
        await outbox.append([packet("a"), packet("b")])
    with closing(connect(path)) as connection:
        connection.execute(f"PRAGMA user_version = {VERSION + 1}")
    async with opened(path) as outbox:
        assert outbox.queued == 2
        assert await outbox.append([packet("a", 1)]) == []
    assert bodies(path) == {
        "a": [packet("a").encode(), packet("a", 1).encode()],
        "b": [packet("b").encode()],
    }
    [aside] = (file for file in path.parent.glob("*.damaged-*") if not file.name.endswith(("-wal", "-shm")))
    with closing(connect(aside)) as connection:
        assert _version(connection) == VERSION + 1
        assert connection.execute("SELECT count(*) FROM packets").fetchone() == (2,)


async def test_keys_are_never_used_twice(path: Path) -> None:
    keys: set[tuple[int, int]] = set()
    for number in range(5):
        async with opened(path) as outbox:
            await outbox.append([packet("a", number)])
            [waiting] = await outbox.peek("a", None, 9)
            keys.add((waiting.key, waiting.stream))
            await outbox.forget("a")
    assert len({key for key, _ in keys}) == len({stream for _, stream in keys}) == 5
