"""The upload inside Home Assistant: credentials, outages, and when an installation begins to send."""

from datetime import timedelta
import logging
from typing import Any

from homeassistant.config_entries import SOURCE_REAUTH
from homeassistant.data_entry_flow import FlowResultType
import pytest

from custom_components.wattics.const import DOMAIN
from custom_components.wattics.upload import _fraction_of
from tests.collector import Hang, Reset, Status

from .common import ACCOUNT, Home, key_of, logged, stream

MAIN = key_of("main")
DELAY = 6.052561518736184


@pytest.fixture(autouse=True)
def _sources(home: Home) -> None:
    home.set("sensor.power", 1)


def _reauths(home: Home) -> list[Any]:
    return home.hass.config_entries.flow.async_progress_by_handler(DOMAIN, match_context={"source": SOURCE_REAUTH})


async def _sign_in(home: Home, **typed: str) -> None:
    (flow,) = _reauths(home)
    flows = home.hass.config_entries.flow
    result = await flows.async_configure(flow["flow_id"], {"username": "ada", **typed})
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "reauth_successful"
    await home.settle()


def _pushes(home: Home) -> int:
    return sum(request.method == "POST" for request in home.collector.statistics.requests)


async def test_wrong_credentials_are_asked_for_once(home: Home, caplog: pytest.LogCaptureFixture) -> None:
    await home.start(stream(), stream("other"), password="wrong")
    await home.until("12:05:30")
    assert len(_reauths(home)) == 1
    assert _pushes(home) <= 2
    assert home.shown(MAIN, "status", "problem", "queued") == ["unauthorized", "on", "5"]
    assert home.shown(ACCOUNT, "connected", "response_status", "queued") == ["off", "401", "10"]
    assert len(logged(caplog)) == 1


async def test_new_credentials_deliver_everything_without_a_reload(home: Home) -> None:
    entry = await home.start(stream(), stream("other"), password="wrong")
    account = entry.runtime_data
    await home.until("12:03:30")
    await _sign_in(home, password="secret")
    await home.until("12:04:30")
    assert entry.runtime_data is account
    assert home.instants("main") == home.instants("other") == [f"12:0{minute}:00" for minute in range(1, 5)]
    assert home.shown(MAIN, "status", "problem") == ["ok", "off"]
    assert home.shown(ACCOUNT, "connected", "queued") == ["on", "0"]
    assert _reauths(home) == []


async def test_the_request_for_credentials_ends_when_the_old_ones_work_again(
    home: Home, caplog: pytest.LogCaptureFixture
) -> None:
    await home.start(stream())
    await home.until("12:01:30")
    home.collector.accounts["ada"] = "changed"
    await home.until("12:04:30")
    assert len(_reauths(home)) == 1
    home.collector.accounts["ada"] = "secret"
    await home.until("12:16:00")
    assert home.shown(MAIN, "status") == ["unauthorized"]
    await home.until("12:17:30")
    assert _reauths(home) == []
    assert home.shown(MAIN, "status") == ["ok"]
    assert home.instants()[:3] == ["12:01:00", "12:02:00", "12:03:00"]
    assert len(home.instants()) == 17
    assert len(logged(caplog)) == 1


async def test_credentials_are_asked_for_again_at_each_probe(home: Home) -> None:
    await home.start(stream(), password="wrong")
    await home.until("12:01:30")
    (flow,) = _reauths(home)
    home.hass.config_entries.flow.async_abort(flow["flow_id"])
    await home.until("12:15:30")
    assert _reauths(home) == []
    await home.until("12:16:30")
    assert len(_reauths(home)) == 1


async def test_retry_probes_the_credentials_at_once(home: Home) -> None:
    await home.start(stream())
    home.collector.accounts["ada"] = "changed"
    await home.until("12:01:30")
    home.collector.accounts["ada"] = "secret"
    await home.press(ACCOUNT, "retry")
    assert home.instants() == ["12:01:00"]
    assert _reauths(home) == []
    assert home.shown(MAIN, "status") == ["waiting"]
    await home.pass_time(2)
    assert home.shown(MAIN, "status") == ["ok"]


async def test_an_outage_is_logged_once_and_so_is_its_end(home: Home, caplog: pytest.LogCaptureFixture) -> None:
    await home.start(stream(), stream("other"))
    await home.until("12:01:30")
    fault = home.collector.inject(Status(503, times=None))
    await home.until("12:30:30")
    (warning,) = logged(caplog)
    assert "HTTP 503" in warning
    assert home.shown(MAIN, "status", "problem") == ["retrying", "on"]
    assert home.shown(ACCOUNT, "connected", "response_status") == ["off", "503"]
    fault.clear()
    await home.until("12:37:00")
    assert logged(caplog) == [warning]
    again = [message for message in logged(caplog, logging.INFO) if "again" in message]
    assert again == ["Wattics takes packets of ada (127.0.0.1) again"]
    assert home.shown(MAIN, "status", "problem", "queued") == ["ok", "off", "0"]
    assert len(home.packets("main")) == len(home.packets("other")) == 36
    assert home.collector.discarded == []


async def test_secrets_are_in_no_log_line_and_no_state(home: Home, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    home.collector.inject(
        Status(500, body=b"who is ada:secret (YWRhOnNlY3JldA==)?", headers={"Content-Type": "text/plain"})
    )
    home.collector.inject(Reset(times=2))
    await home.start(stream())
    await home.until("12:01:50")
    home.collector.accounts["ada"] = "changed"
    await home.until("12:03:30")
    states = [str(state.as_dict()) for state in home.hass.states.async_all()]
    own = [record.getMessage() for record in caplog.records if record.name.startswith("custom_components")]
    assert own
    for text in [*own, *states]:
        assert "secret" not in text
        assert "YWRhOnNlY3JldA" not in text


async def test_one_connection_with_a_session_of_its_own(home: Home) -> None:
    await home.start(stream(interval=10))
    await home.until("12:05:30")
    statistics = home.collector.statistics
    assert statistics.connections == 1
    assert len(statistics.sessions) == 1
    assert statistics.authenticated_at_once == len(statistics.requests)


@pytest.mark.parametrize("connections", [None, 1, 2])
async def test_opens_no_more_connections_than_allowed(home: Home, connections: int | None) -> None:
    hang = home.collector.inject(Hang(times=None))
    streams = [stream(f"s{number}") for number in range(10)]
    await home.start(*streams, options={} if connections is None else {"connections": connections})
    await home.until("12:01:20")
    assert home.collector.statistics.in_flight == (connections or 4)
    hang.clear()
    await home.until("12:02:20")
    assert home.collector.statistics.most_in_flight == (connections or 4)
    assert set(home.collector.statistics.most_in_flight_by_stream.values()) == {1}
    assert len(home.packets()) == 20


@pytest.mark.parametrize(
    ("interval", "delay"), [(60, DELAY), (3600, DELAY), (20, DELAY), (10, DELAY / 2), (5, DELAY / 4)]
)
async def test_begins_after_the_delay_of_this_installation(home: Home, interval: int, delay: float) -> None:
    await home.start(stream(interval=interval))
    await home.jump(home.now.replace(minute=59, second=15))
    await home.until("12:59:59")
    boundary = home.now + timedelta(seconds=1)
    await home.pass_time(1 + delay - 0.1)
    assert [packet for packet in home.packets() if packet.instant == boundary] == []
    await home.pass_time(0.2)
    assert [packet for packet in home.packets() if packet.instant == boundary] != []


def test_delays_are_spread_over_all_installations() -> None:
    fractions = [_fraction_of(f"01JD{number:022}") for number in range(1000)]
    tenths = [int(fraction * 10) for fraction in fractions]
    assert min(fractions) >= 0
    assert max(fractions) < 1
    assert all(60 < tenths.count(tenth) < 140 for tenth in range(10))
    assert _fraction_of(ACCOUNT) * 10 == DELAY
