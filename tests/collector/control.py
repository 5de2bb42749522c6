"""The control interface for tests in another process: script faults, look at the state.

POST and DELETE /control/faults, GET /control/state. No authentication, so it answers to this machine only.
"""

from dataclasses import asdict
from ipaddress import ip_address
import json
from typing import Any

from aiohttp import web

from .ledger import Ledger
from .script import Script, fault_from_json
from .traffic import Statistics

PATH = "/control/"


async def answer_control(
    request: web.BaseRequest, script: Script, ledger: Ledger, statistics: Statistics
) -> web.Response:
    """Answer a control request; 403 unless it comes from this machine."""
    if not is_local(request.remote):
        return web.Response(status=403, text="from this machine only")
    match request.method, request.path.removeprefix(PATH):
        case "POST", "faults":
            return await _inject(request, script)
        case "DELETE", "faults":
            script.clear()
            return web.Response()
        case "GET", "state":
            return web.json_response(state(script, ledger, statistics))
    return web.Response(status=404, text="POST or DELETE /control/faults, or GET /control/state")


def is_local(address: str | None) -> bool:
    """Return whether a peer's IP address is this machine's own."""
    return address is not None and ip_address(address).is_loopback


async def _inject(request: web.BaseRequest, script: Script) -> web.Response:
    try:
        fault = fault_from_json(json.loads(await request.read()))
    except ValueError as error:
        return web.Response(status=400, text=str(error))
    script.inject(fault)
    return web.Response()


def state(script: Script, ledger: Ledger, statistics: Statistics) -> dict[str, Any]:
    """Return all that the collector knows, as JSON: bodies as text, counts as numbers."""
    return {
        "accepted": [arrival.body.decode() for arrival in ledger.accepted],
        "discarded": [arrival.body.decode() for arrival in ledger.discarded],
        "refused": [
            {"reason": refusal.reason, "body": refusal.body.decode(errors="backslashreplace")}
            for refusal in ledger.refused
        ],
        "statistics": {
            "requests": [asdict(transaction) for transaction in statistics.requests],
            "connections": statistics.connections,
            "most_connections": statistics.most_connections,
            "in_flight": statistics.in_flight,
            "most_in_flight": statistics.most_in_flight,
            "most_in_flight_by_stream": statistics.most_in_flight_by_stream,
            "authenticated": statistics.authenticated,
            "authenticated_at_once": statistics.authenticated_at_once,
            "sessions": list(statistics.sessions.values()),
            "faults": script.struck,
        },
    }
