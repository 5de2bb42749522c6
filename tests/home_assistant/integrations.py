"""Which of its integrations Home Assistant loads here; as a program it prints the packages that they need."""

from collections.abc import Iterable
import json
from pathlib import Path
import sys
from typing import Any

from homeassistant import bootstrap, components

from tests.home_assistant.launch import LEFT_OUT

CONFIGURED = ("energy", "history", "logbook", "recorder")


def loaded() -> set[str]:
    """Return the domains that Home Assistant sets up, and those that they import when present."""
    domains: set[str] = set()
    waiting = {*CONFIGURED, *bootstrap.CORE_INTEGRATIONS, *bootstrap.DEFAULT_INTEGRATIONS, "isal"} - LEFT_OUT
    while waiting:
        domain = waiting.pop()
        domains.add(domain)
        manifest = _manifest(domain)
        named = {*manifest.get("dependencies", ()), *manifest.get("after_dependencies", ())}
        waiting |= named - domains - LEFT_OUT
    return domains


def requirements(domains: Iterable[str]) -> list[str]:
    """Return the pinned packages that the integrations of these domains name in their manifests."""
    return sorted({package for domain in domains for package in _manifest(domain).get("requirements", ())})


def _manifest(domain: str) -> dict[str, Any]:
    """Return the manifest of one of Home Assistant's own integrations."""
    path = Path(components.__path__[0], domain, "manifest.json")
    manifest: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return manifest


if __name__ == "__main__":
    sys.stdout.writelines(f"{package}\n" for package in requirements(loaded()))
