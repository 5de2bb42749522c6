"""Packets on their way to Wattics: encoded, kept on disk, sent in order until acknowledged.

This package knows nothing of Home Assistant. URL and encoding of the vendor live in `packet` and `client` alone.
"""
