"""Tables as ``kubectl get`` prints them, for machines without kubectl: the API server itself renders the cells."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import httpx
    from kubernetes.client import ApiClient

_ACCEPT = "application/json;as=Table;v=v1;g=meta.k8s.io"
_NAMESPACED_PATH = re.compile(r"/namespaces/([^/?]+)/[^/?]+")
_GAP = 3


def get_table(client: ApiClient | httpx.Client, path: str, wide: bool = False) -> str:
    """Return the table of the resource at ``path``, such as ``/apis/apps/v1/deployments``, without a final newline.

    ``client`` is an ``ApiClient`` of the package ``kubernetes``, or an ``httpx.Client`` whose ``base_url`` and keys are
    set. ``wide`` adds the columns that kubectl shows for ``-o wide``. A path across namespaces gets a NAMESPACE column.
    Raises the client's own error for a failing request (``ApiException`` or ``httpx.HTTPError``), and ValueError when
    the answer is no table.
    """
    table = json.loads(_fetch(client, path))
    if table.get("kind") != "Table":
        raise ValueError(f"{path} answered with kind {table.get('kind')!r}, not with a Table")
    return format_table(table, path, wide)


def format_table(table: dict[str, Any], path: str, wide: bool = False) -> str:
    """Return the text for a ``meta.k8s.io/v1`` Table that came from ``path``."""
    within = _NAMESPACED_PATH.search(path)
    rows = table.get("rows") or []
    if not rows:
        return f"No resources found in {within[1]} namespace." if within else "No resources found"
    shown = [(i, c["name"]) for i, c in enumerate(table["columnDefinitions"]) if wide or not c.get("priority")]
    lines = [[name.upper() for _, name in shown], *([_text(row["cells"][i]) for i, _ in shown] for row in rows)]
    namespaces = [_namespace(row) for row in rows]
    if not within and any(namespaces):
        lines = [[first, *line] for first, line in zip(["NAMESPACE", *namespaces], lines, strict=True)]
    return _align(lines)


def _fetch(client: ApiClient | httpx.Client, path: str) -> bytes:
    headers = {"Accept": _ACCEPT}
    if hasattr(client, "rest_client"):
        return _fetch_with_api_client(client, path, headers)
    answer = client.get(path, headers=headers)
    answer.raise_for_status()
    return answer.content


def _fetch_with_api_client(client: Any, path: str, headers: dict[str, str]) -> bytes:
    # below call_api, whose signature differs between versions of the package
    from kubernetes.client import ApiException

    token = client.configuration.auth_settings().get("BearerToken")
    if token:
        headers = {**headers, token["key"]: token["value"]}
    response = client.rest_client.request("GET", client.configuration.host + path, headers=headers)
    content = bytes(response.read() if hasattr(response, "read") else response.data)
    if response.status != HTTPStatus.OK:
        error = ApiException(status=response.status, reason=response.reason)
        error.body = content.decode(errors="replace")
        raise error
    return content


def _namespace(row: dict[str, Any]) -> str:
    metadata = (row.get("object") or {}).get("metadata") or {}
    return str(metadata.get("namespace") or "")


def _text(cell: Any) -> str:
    if cell is None:
        return ""
    if isinstance(cell, str):
        first, newline, _ = cell.partition("\n")
        return first + "..." if newline else first
    return json.dumps(cell)


def _align(lines: Sequence[Sequence[str]]) -> str:
    widths = [max(map(len, column)) + _GAP for column in zip(*lines, strict=True)]
    return "\n".join(
        "".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines
    )
