"""The picture of cost against the number of JWKs."""

from __future__ import annotations

import re

from benchmarks.plot import as_svg
from benchmarks.results import of_json

JSON = """{"machine": "a machine", "broken": [], "scenarios": [
 {"scenario": "backlog", "jwks": 100, "runs": [
  {"operator": {"time": 2.0, "cpu": 1.0, "peak": 52.0}, "floor": {"time": 1.9, "cpu": 0.4, "peak": 40.0}},
  {"operator": {"time": 2.2, "cpu": 1.1, "peak": 53.0}, "floor": {"time": 1.8, "cpu": 0.5, "peak": 41.0}}]},
 {"scenario": "backlog", "jwks": 1000, "runs": [
  {"operator": {"time": 13.0, "cpu": 4.0, "peak": 60.0}, "floor": {"time": 15.0, "cpu": 1.6, "peak": 44.0}}]},
 {"scenario": "live", "jwks": 100, "runs": [{"operator": {"time": 2.0, "cpu": 1.0, "peak": 52.0}}]},
 {"scenario": "image", "jwks": 0, "runs": [{"operator": {"above": 50.0}}]}
]}"""


def test_the_picture() -> None:
    text = as_svg(of_json(JSON))
    assert re.search(r'<svg [^>]*width="648pt"', text), "900 pixels at 100 dots an inch"
    words = set(re.findall(r"<text[^>]*>([^<]+)</text>", text))
    assert words >= {
        "time for each JWK (ms)",
        "CPU for each JWK (ms)",
        "peak of resident memory (MB)",
        "JWKs (logarithmic)",
        "operator, backlog",
        "floor, backlog",
        "operator, live",
    }
    assert "floor, live" not in words, "it was not measured"
    assert {"100", "1 000"} <= words


def test_the_same_figures_are_the_same_file() -> None:
    assert as_svg(of_json(JSON)) == as_svg(of_json(JSON))
    assert "date" not in as_svg(of_json(JSON)).lower()
