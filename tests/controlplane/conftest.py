"""The session's control plane.

Imported, as ``pytest_plugins`` is for a conftest.py at the top only and that one is not these tests' business.
"""

from controlplane.pytest_plugin import control_plane

__all__ = ["control_plane"]
