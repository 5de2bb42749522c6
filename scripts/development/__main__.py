"""The command behind `scripts/develop`."""

from argparse import ArgumentParser, ArgumentTypeError, Namespace, RawDescriptionHelpFormatter
from contextlib import ExitStack
import shutil
import signal
import sys
import time

from tests.home_assistant.api import HOST, PASSWORD, USER, Api, ApiError, FlowError
from tests.home_assistant.collector import CollectorProcess
from tests.home_assistant.instance import REPOSITORY, HomeAssistant, MissingEnvironmentError
from tests.home_assistant.ports import is_free
from tests.home_assistant.process import DeadlineError, Output, ProcessEndedError
from tests.home_assistant.wattics import (
    GAS,
    MAIN_METER,
    OUTDOOR_TEMPERATURE,
    add_account,
    add_electricity,
    add_single_value,
)

_DESCRIPTION = """\
Starts Home Assistant with simulated meters, this integration, and a local collector in the place of Wattics; adds
an account and three streams that send every 10 seconds; prints every packet that the collector accepts, and what
Home Assistant logs meanwhile. To try changed code, restart Home Assistant in its UI.
"""
_EPILOG = """\
Everything of a run is in .develop/PORT/: Home Assistant's configuration, the logs of both programs, the packets
accepted. It stays to be looked at and is wiped by the next start on that port: every run begins in a new home.
Several runs at once need different ports.

exit code: 0 after N packets or, without --packets, after Ctrl-C; else 1
"""
_TIME_ZONE = "Europe/Dublin"
_PORTS = range(1, 65536)
_PAUSE = 0.1


def main() -> int:
    """Run until enough packets are accepted or a signal asks to end; return the exit code."""
    arguments = _arguments()
    if not is_free(arguments.port):
        _say(f"develop: port {arguments.port} is taken: end what listens there or choose another with --port")
        return 1
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:  # as nohup leaves it
            signal.signal(number, signal.default_int_handler)
    try:
        _develop(arguments.port, arguments.packets)
    except KeyboardInterrupt:
        _say("Ended.")
        return 0 if arguments.packets is None else 1
    except (MissingEnvironmentError, ProcessEndedError, DeadlineError, ApiError, FlowError, OSError) as error:
        _say(f"develop: {error}")
        return 1
    return 0


def _arguments() -> Namespace:
    parser = ArgumentParser(
        prog="scripts/develop",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=RawDescriptionHelpFormatter,
    )
    parser.add_argument("--packets", type=_count, metavar="N", help="end after so many accepted packets")
    parser.add_argument(
        "--port", type=_port, metavar="P", default=8123, help="port of Home Assistant's UI (default: %(default)s)"
    )
    return parser.parse_args()


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) == 0:
        raise ArgumentTypeError(f"{text} is no number of packets")
    return int(text)


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) not in _PORTS:
        raise ArgumentTypeError(f"{text} is no port")
    return int(text)


def _develop(port: int, packets: int | None) -> None:
    folder = REPOSITORY / ".develop" / str(port)
    shutil.rmtree(folder, ignore_errors=True)
    with ExitStack() as processes:
        collector = CollectorProcess(folder / "collector", packets=packets)
        processes.callback(collector.stop)
        _say(f"Collector: {collector.url}")
        home_assistant = HomeAssistant("run", folder / "home_assistant", port, _TIME_ZONE)
        processes.callback(home_assistant.stop)
        _say("Home Assistant is starting...")
        home_assistant.start()
        home_assistant.add_meters()
        _add_streams(home_assistant.api, collector)
        _say(f"Home Assistant: http://{HOST}:{port} (user {USER}, password {PASSWORD})")
        _say(f"Logs and packets: {folder.relative_to(REPOSITORY)}/. Ctrl-C ends all.")
        _print_packets(collector, home_assistant)


def _add_streams(api: Api, collector: CollectorProcess) -> None:
    entry_id = add_account(api, collector.url, USER, PASSWORD)
    add_electricity(api, entry_id, "main-meter", MAIN_METER)
    add_single_value(api, entry_id, "gas", GAS, "m³")
    add_single_value(api, entry_id, "outdoor-temperature", OUTDOOR_TEMPERATURE, "°C")


def _print_packets(collector: CollectorProcess, home_assistant: HomeAssistant) -> None:
    """Print what the collector says, and what Home Assistant logs, until the collector ends by itself."""
    log = Output(home_assistant.log)
    exit_code: int | None = None
    while exit_code is None:
        if home_assistant.asks_for_restart:
            _say("Home Assistant restarts...")
            home_assistant.start()
        home_assistant.process.check()
        time.sleep(_PAUSE)
        exit_code = collector.process.exit_code
        for line in [*collector.output.new_lines(), *log.new_lines()]:
            _say(line)
    if exit_code != 0:
        collector.process.check()


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
