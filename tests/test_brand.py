"""The pictures that Home Assistant shows: there in all forms, in the sizes that its brands have."""

from pathlib import Path
import struct

import pytest

BRAND = Path(__file__).parents[1] / "custom_components" / "wattics" / "brand"
_RGBA = 6
_MOST_BYTES = 50_000


def _size(path: Path) -> tuple[int, int]:
    """Return width and height in pixels of a PNG that has a transparent ground."""
    header = path.read_bytes()[:26]
    assert header.startswith(b"\x89PNG\r\n\x1a\n")
    width, height, _, colours = struct.unpack(">IIBB", header[16:26])
    assert colours == _RGBA
    return width, height


@pytest.mark.parametrize("theme", ["", "dark_"])
def test_pictures(theme: str) -> None:
    assert _size(BRAND / f"{theme}icon.png") == (256, 256)
    assert _size(BRAND / f"{theme}icon@2x.png") == (512, 512)
    width, height = _size(BRAND / f"{theme}logo.png")
    assert width > height == 128
    assert _size(BRAND / f"{theme}logo@2x.png")[1] == 256


def test_nothing_else_and_nothing_large() -> None:
    pictures = list(BRAND.iterdir())
    assert len(pictures) == 8
    assert max(path.stat().st_size for path in pictures) < _MOST_BYTES
