"""What each kind of panel needs to have said in its options: Grafana's schemas leave little of it out."""

from __future__ import annotations

from typing import Any

_TOOLTIP = {"mode": "multi", "sort": "desc"}
_BELOW: dict[str, Any] = {"displayMode": "list", "placement": "bottom", "showLegend": True, "calcs": []}

OPTIONS: dict[str, dict[str, Any]] = {
    "stat": {
        "graphMode": "none",
        "colorMode": "background",
        "justifyMode": "auto",
        "textMode": "auto",
        "wideLayout": True,
        "showPercentChange": False,
        "percentChangeColorMode": "standard",
        "orientation": "auto",
        "reduceOptions": {"calcs": ["lastNotNull"]},
    },
    "table": {"frameIndex": 0, "showHeader": True, "cellHeight": "sm"},
    "timeseries": {"legend": _BELOW, "tooltip": _TOOLTIP},
    "state-timeline": {
        "showValue": "auto",
        "rowHeight": 0.9,
        "mergeValues": True,
        "alignValue": "left",
        "legend": {**_BELOW, "showLegend": False},
        "tooltip": _TOOLTIP,
    },
}

CUSTOM: dict[str, dict[str, Any]] = {
    "table": {"align": "auto", "inspect": False},
    "timeseries": {"drawStyle": "line", "fillOpacity": 10, "showPoints": "never"},
    "state-timeline": {"lineWidth": 0, "fillOpacity": 80},
}
"""What stands for every field of a kind."""
