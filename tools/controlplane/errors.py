"""The error of this package."""

from __future__ import annotations


class ControlPlaneError(RuntimeError):
    """The control plane cannot be started, used or stopped; the text says why, with the end of a log if it can."""
