"""Fixtures that tests of several kinds share."""

from __future__ import annotations

from hypothesis import settings

pytest_plugins = ["controlplane.pytest_plugin"]

# No test fails for being slow: machines and their load differ.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")
