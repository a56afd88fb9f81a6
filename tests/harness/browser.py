"""A headless browser for tests of pages."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

__all__ = ["browser"]

_PROGRAMS = ("chromium", "chromium-browser", "google-chrome")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A browser of this machine; without one the tests are skipped, and in CI they fail."""
    program = next(filter(None, map(shutil.which, _PROGRAMS)), None)
    if program is None:
        why = f"no browser: install one of {', '.join(_PROGRAMS)}"
        pytest.fail(why) if os.environ.get("CI") == "true" else pytest.skip(why)
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])  # root has no sandbox
        yield running
        running.close()
