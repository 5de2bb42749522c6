"""The oldest Home Assistant that we support, as a process."""

from collections.abc import Callable

from tests.home_assistant.wattics import GAS, MAIN_METER, add_electricity, add_single_value

from .home import Home
from .log import UNTESTED, complaints


def test_packets_arrive_and_the_log_has_nothing_to_complain(make_home: Callable[[str], Home]) -> None:
    """A run on the oldest Home Assistant that we support, from its first start to its end."""
    home = make_home("oldest")
    assert home.api.get("/api/config")["version"] == "2026.8.0"
    add_electricity(home.api, home.entry_id, "meter", MAIN_METER, seconds=5)
    add_single_value(home.api, home.entry_id, "gas", GAS, "m³", seconds=5)

    for stream_id in ("meter", "gas"):
        home.wait_for_packets(stream_id, 2)
    exit_code = home.home_assistant.stop()

    assert exit_code == 0
    assert complaints(home.home_assistant.log) == [UNTESTED]
