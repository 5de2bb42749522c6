"""Tests of the whole chain: Home Assistant as a process, the integration in it, the collector as another one."""
