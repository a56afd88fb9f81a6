"""Sphinx's settings. Nothing is loaded from another host: the site works offline and tells nobody of its readers."""

from __future__ import annotations

from importlib.metadata import version as version_of
from typing import Any

project = "jwk-operator"
author = "the jwk-operator maintainers"
release = version = version_of("jwk-operator")
extensions = ["myst_parser"]
exclude_patterns = ["files"]

myst_heading_anchors = 3
myst_enable_extensions: list[str] = []
nitpicky = True
highlight_language = "text"

html_theme = "furo"
html_title = f"jwk-operator {version}"
html_copy_source = False
html_show_sphinx = False
html_show_copyright = False
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_theme_options: dict[str, Any] = {"top_of_page_buttons": []}
