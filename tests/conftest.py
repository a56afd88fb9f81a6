"""Fixtures that tests of several kinds share."""

from __future__ import annotations

pytest_plugins = ["controlplane.pytest_plugin"]
