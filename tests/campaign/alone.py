"""Runs a module of this package with the delivery library alone: without Home Assistant it starts far faster.

`python -m tests.campaign.alone MODULE [ARGUMENT...]`
"""

from pathlib import Path
import runpy
import sys
from types import ModuleType

REPOSITORY = Path(__file__).parents[2]
_INTEGRATION = "custom_components.wattics"


def command(module: str, *arguments: object) -> list[str]:
    """Return what runs a module of this package alone, as a program in the repository's folder."""
    return [sys.executable, "-m", f"{__package__}.alone", f"{__package__}.{module}", *map(str, arguments)]


def _leave_home_assistant_out() -> None:
    # The package as Python knows it, but for its `__init__`, which needs Home Assistant.
    package = ModuleType(_INTEGRATION)
    package.__path__ = [str(REPOSITORY.joinpath(*_INTEGRATION.split(".")))]
    sys.modules[_INTEGRATION] = package


if __name__ == "__main__":
    _leave_home_assistant_out()
    del sys.argv[0]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
