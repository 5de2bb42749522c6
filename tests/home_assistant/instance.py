"""A Home Assistant with a configuration folder of its own."""

from http.client import HTTPException
import json
from pathlib import Path

from .api import HOST, Api, ApiError
from .process import Process

REPOSITORY = Path(__file__).parents[2]
START_DEADLINE = 300.0
"""Seconds until Home Assistant has to be up: many, for slow machines."""

_RESTART = 100  # homeassistant.const.RESTART_EXIT_CODE
_NOT_YET = (OSError, HTTPException, ApiError)
_LAUNCH = Path(__file__).with_name("launch.py")
_CUSTOM_COMPONENTS = (
    REPOSITORY / "custom_components" / "wattics",
    REPOSITORY / "tests" / "simulated_meters",
)
_CONFIGURATION = """\
homeassistant:
  name: Simulated home
  time_zone: {time_zone}
  latitude: 53.34
  longitude: -6.26
  elevation: 10
  unit_system: metric
  country: IE
  currency: EUR
energy:
history:
logbook:
recorder:
  commit_interval: 1
logger:
  default: warning
  logs:
    custom_components.wattics: info
"""
# The steps of onboarding after the user: one of them would fetch integrations from the internet.
_ONBOARDING = {"done": ["core_config", "analytics", "integration"]}


class MissingEnvironmentError(Exception):
    """An environment has not been made yet; the text says how."""


class HomeAssistant:
    """Started, stopped and started again; the configuration folder stays."""

    def __init__(self, environment: str, folder: Path, port: int, time_zone: str) -> None:
        """Write the configuration of an instance that runs on `.venvs/<environment>` and listens on `port`."""
        self.folder = folder
        self.api = Api(port)
        self.log = folder / "console.log"
        self._python = _python(environment)
        self._known_to_us = False
        self._process: Process | None = None
        _configure(folder, port, time_zone)

    @property
    def process(self) -> Process:
        """The running process."""
        if self._process is None:
            raise RuntimeError("Home Assistant has not been started")
        return self._process

    @property
    def asks_for_restart(self) -> bool:
        """Whether it ended because its user chose to restart it: that is left to whoever started it."""
        return self.process.exit_code == _RESTART

    def start(self) -> None:
        """Start and wait until all is set up; the first time make the user, too."""
        command: list[str | Path] = [
            self._python,
            "-P",
            _LAUNCH,
            "--config",
            self.folder,
            "--skip-pip",
            "--log-no-color",
        ]
        self._process = Process("Home Assistant", command, self.log, self.folder, {"PYTHONUNBUFFERED": "1"})
        self._process.wait_until(self._lets_us_in, START_DEADLINE, "answer")
        self._process.wait_until(self._is_running, START_DEADLINE, "end of its start")

    def add_meters(self) -> None:
        """Install the simulated meters."""
        self.api.run_flow("config/config_entries/flow", "simulated_meters", {})

    def stop(self) -> int | None:
        """End it as a user does and return the exit code; None if it was never started."""
        return self._process.stop() if self._process else None

    def _lets_us_in(self) -> bool:
        try:
            if self._known_to_us:
                self.api.sign_in_again()
            else:
                self.api.sign_up()
        except _NOT_YET:
            return False
        self._known_to_us = True
        return True

    def _is_running(self) -> bool:
        try:
            return bool(self.api.get("/api/config")["state"] == "RUNNING")
        except _NOT_YET:
            return False


def _python(environment: str) -> Path:
    path = REPOSITORY / ".venvs" / environment / "bin" / "python"
    if not path.exists():
        raise MissingEnvironmentError(f"{path} is missing: scripts/setup {environment} makes it")
    return path


def _configure(folder: Path, port: int, time_zone: str) -> None:
    components, storage = folder / "custom_components", folder / ".storage"
    components.mkdir(parents=True)
    storage.mkdir()
    for component in _CUSTOM_COMPONENTS:
        (components / component.name).symlink_to(component)
    (folder / "configuration.yaml").write_text(_CONFIGURATION.format(time_zone=time_zone), "utf-8")
    # Not in configuration.yaml: Home Assistant takes `http:` there for a trial, which it ends after five minutes.
    _write_storage(storage / "http", 1, {"server_host": [HOST], "server_port": port})
    _write_storage(storage / "onboarding", 4, _ONBOARDING)


def _write_storage(path: Path, version: int, data: object) -> None:
    path.write_text(json.dumps({"version": version, "minor_version": 1, "key": path.name, "data": data}), "utf-8")
