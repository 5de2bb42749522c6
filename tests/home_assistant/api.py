"""A client of Home Assistant's REST interface, and of its websocket, as far as development and tests need them."""

import asyncio
from collections.abc import Mapping
from http.client import HTTPConnection
import json
from typing import Any
from urllib.parse import quote, urlencode

import aiohttp

HOST = "127.0.0.1"
USER = "demo"
PASSWORD = "demo"

_TIMEOUT = 60.0


class ApiError(Exception):
    """Home Assistant answered with another status than 200 or 201."""


class FlowError(Exception):
    """A flow did not end as planned: an error in a form, a step without an answer, an abort."""


class Api:
    """One Home Assistant; sign up or sign in before anything that needs a user."""

    def __init__(self, port: int) -> None:
        """Talk to the Home Assistant that listens on `port` of this machine."""
        self.url = f"http://{HOST}:{port}"
        self._port = port
        self._token: str | None = None
        self._refresh_token: str | None = None

    def get(self, path: str) -> Any:
        """Return what a resource holds."""
        return self._request("GET", path)

    def post(self, path: str, body: Any) -> Any:
        """Send JSON and return the answer."""
        return self._request("POST", path, json.dumps(body), "application/json")

    def delete(self, path: str) -> Any:
        """Remove a resource."""
        return self._request("DELETE", path)

    def sign_up(self) -> None:
        """Make the first user, the owner, and act for it from now on."""
        user = {"name": "Demo", "username": USER, "password": PASSWORD, "language": "en"}
        answer = self.post("/api/onboarding/users", {**user, "client_id": self.url})
        self._take_tokens(grant_type="authorization_code", code=answer["auth_code"])

    def sign_in_again(self) -> None:
        """Renew the access after a restart; raise ApiError when Home Assistant has forgotten us."""
        self._take_tokens(grant_type="refresh_token", refresh_token=self._refresh_token)

    def run_flow(self, kind: str, handler: Any, answers: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
        """Go through a flow as a user does: step id → what is typed; return its result.

        `kind` is `config/config_entries/flow` or one of its neighbours. Raises FlowError where the flow shows an
        error, asks for more than there are answers, or ends with nothing made.
        """
        path, left = f"/api/{kind}", dict(answers)
        result: dict[str, Any] = self.post(path, {"handler": handler})
        while result["type"] == "form":
            if result["errors"] or result["step_id"] not in left:
                raise FlowError(f"step {result['step_id']}: {result['errors'] or 'nothing to answer'}")
            result = self.post(f"{path}/{result['flow_id']}", left.pop(result["step_id"]))
        if result["type"] != "create_entry" or left:
            raise FlowError(f"{result['type']} ({result.get('reason')}), not answered: {', '.join(left)}")
        return result

    def states(self) -> dict[str, dict[str, Any]]:
        """Return entity id → its state now."""
        return {state["entity_id"]: state for state in self.get("/api/states")}

    def set_state(self, entity_id: str, state: str, **attributes: Any) -> None:
        """Put a state of our own in, as of an entity that has no integration and no registry id."""
        self.post(f"/api/states/{entity_id}", {"state": state, "attributes": attributes})

    def history(self, entity_id: str, start: str, end: str) -> list[dict[str, Any]]:
        """Return an entity's states from the one in force at `start`, as the recorder keeps them; ISO 8601."""
        query = urlencode({"filter_entity_id": entity_id, "end_time": end, "no_attributes": ""})
        rows: list[list[dict[str, Any]]] = self.get(f"/api/history/period/{quote(start)}?{query}")
        return rows[0] if rows else []

    def repairs(self, domain: str) -> list[dict[str, Any]]:
        """Return the repairs of an integration that are open."""
        issues: list[dict[str, Any]] = asyncio.run(self._command("repairs/list_issues"))["issues"]
        return [issue for issue in issues if issue["domain"] == domain]

    async def _command(self, kind: str) -> Any:
        """Return what a command of the websocket answers."""
        async with aiohttp.ClientSession() as session, session.ws_connect(f"{self.url}/api/websocket") as socket:
            await socket.receive_json()
            await socket.send_json({"type": "auth", "access_token": self._token})
            await socket.receive_json()
            await socket.send_json({"id": 1, "type": kind})
            answer = await socket.receive_json()
        if not answer.get("success"):
            raise ApiError(f"{kind}: {answer}")
        return answer["result"]

    def _take_tokens(self, **grant: str | None) -> None:
        body = urlencode({"client_id": self.url, **grant})
        answer = self._request("POST", "/auth/token", body, "application/x-www-form-urlencoded")
        self._token = answer["access_token"]
        self._refresh_token = answer.get("refresh_token", self._refresh_token)

    def _request(self, method: str, path: str, body: str | None = None, content_type: str = "") -> Any:
        headers = {"Content-Type": content_type} if body is not None else {}
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        connection = HTTPConnection(HOST, self._port, timeout=_TIMEOUT)
        try:
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            text = response.read().decode()
        finally:
            connection.close()
        if response.status not in (200, 201):
            raise ApiError(f"{method} {path}: {response.status} {text}")
        return json.loads(text)
