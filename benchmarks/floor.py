"""The floor: the least that can do the operator's work, without any framework and without any doubt.

It trusts that every name is free, that no answer is lost and that nobody else changes anything. For each new JWK it
sends one patch (finalizer and annotation), one POST and one status patch; for a changed description one PUT and one
status patch; for a deletion one DELETE and one patch that takes the finalizer off. It learns of all this from one LIST
and one watch. Workers and calls at once are as many as the operator has for one connection.

    python -m benchmarks.floor ORDERS.json

The file has `server`, `ca`, `token` of the API server, `namespace`, and `manager`, `project`, `manager_token`.
"""

from __future__ import annotations

import asyncio
import json
import ssl
import sys
from pathlib import Path
from typing import Any

import aiohttp
import uvloop

FINALIZER = "apiops.apinizer.com/jwk"
ANNOTATION = "apiops.apinizer.com/remote"
WORKERS = 32
CALLS = 8

Raw = dict[str, Any]

_NOW = "2026-01-01T00:00:00Z"


class Floor:
    """One run: objects come in by `see`, workers take them out of the queue."""

    def __init__(self, kube: aiohttp.ClientSession, manager: aiohttp.ClientSession, orders: dict[str, str]) -> None:
        self._kube = kube
        self._manager = manager
        self._objects = f"{orders['server']}/apis/apiops.apinizer.com/v1alpha1/namespaces/{orders['namespace']}/jwks"
        self._remote = f"{orders['manager']}/apiops/projects/{orders['project']}/jwks/"
        self._project = orders["project"]
        self._calls = asyncio.Semaphore(CALLS)
        self._queue: asyncio.Queue[Raw] = asyncio.Queue()
        self._done: dict[str, int] = {}
        """Generation that is done or under way, by name; -1 for a deletion."""

    def see(self, raw: Raw) -> None:
        """Take in an object as a list or the watch shows it."""
        metadata = raw["metadata"]
        going = "deletionTimestamp" in metadata
        generation = -1 if going else metadata["generation"]
        if self._done.get(metadata["name"]) == generation:
            return
        status = raw.get("status") or {}
        if not going and status.get("observedGeneration") == generation:
            self._done[metadata["name"]] = generation
            return
        self._done[metadata["name"]] = generation
        self._queue.put_nowait(raw)

    async def watch(self) -> None:
        """List in chunks, then watch for ever."""
        params = {"limit": "500"}
        while True:
            async with self._kube.get(self._objects, params=params) as response:
                page = json.loads(await response.read())
            for raw in page["items"]:
                self.see(raw)
            if not page["metadata"].get("continue"):
                break
            params["continue"] = page["metadata"]["continue"]
        version = page["metadata"]["resourceVersion"]
        while True:
            version = await self._follow(version)

    async def _follow(self, version: str) -> str:
        params = {"watch": "true", "resourceVersion": version, "allowWatchBookmarks": "true", "timeoutSeconds": "300"}
        async with self._kube.get(self._objects, params=params) as response:
            rest = b""
            async for chunk in response.content.iter_any():
                *lines, rest = (rest + chunk).split(b"\n")
                for line in lines:
                    event = json.loads(line)
                    version = event["object"]["metadata"]["resourceVersion"]
                    if event["type"] in ("ADDED", "MODIFIED"):
                        self.see(event["object"])
        return version

    async def work(self) -> None:
        """Do what there is to do, one object after the other, for ever."""
        while True:
            raw = await self._queue.get()
            if "deletionTimestamp" in raw["metadata"]:
                await self._delete(raw)
            elif raw["metadata"].get("finalizers"):
                await self._describe(raw)
            else:
                await self._create(raw)

    async def _create(self, raw: Raw) -> None:
        name = raw["metadata"]["name"]
        annotations = {ANNOTATION: f"{self._project}/{name}"}
        metadata = {"resourceVersion": raw["metadata"]["resourceVersion"], "finalizers": [FINALIZER]}
        await self._patch(name, {"metadata": {**metadata, "annotations": annotations}})
        spec = raw["spec"]
        body = {field: spec[field] for field in ("description", "sourceType", "jwkStr") if field in spec}
        answer = await self._call("POST", "", {"name": name, **body})
        await self._report(raw, answer)

    async def _describe(self, raw: Raw) -> None:
        name = raw["metadata"]["name"]
        answer = await self._call("PUT", f"{name}/", {"description": raw["spec"]["description"]})
        await self._report(raw, answer)

    async def _delete(self, raw: Raw) -> None:
        name = raw["metadata"]["name"]
        await self._call("DELETE", f"{name}/", None)
        await self._patch(name, {"metadata": {"finalizers": None}})

    async def _call(self, method: str, path: str, body: Raw | None) -> Raw:
        async with self._calls, self._manager.request(method, self._remote + path, json=body) as response:
            content = await response.read()
            _check(response.status, content)
        return dict(json.loads(content))

    async def _report(self, raw: Raw, answer: Raw) -> None:
        generation = raw["metadata"]["generation"]
        results = [{**item, "lastTransitionTime": _NOW} for item in answer["deploymentResult"]["environmentResults"]]
        condition = {
            "status": "True",
            "reason": "Deployed",
            "observedGeneration": generation,
            "lastTransitionTime": _NOW,
        }
        messages = {"Ready": f"Deployed to {len(results)} environments.", "Synced": "Synced.", "Deployed": "Deployed."}
        status = {
            "observedGeneration": generation,
            "conditions": [{**condition, "type": kind, "message": text} for kind, text in messages.items()],
            "remote": {"projectName": self._project, "name": raw["metadata"]["name"], "observedAt": _NOW},
            "deploymentResult": {**answer["deploymentResult"], "environmentResults": results, "time": _NOW},
            "environments": f"{len(results)}/{len(results)}",
        }
        await self._patch(raw["metadata"]["name"], {"status": status}, "/status")

    async def _patch(self, name: str, body: Raw, subresource: str = "") -> None:
        headers = {"Content-Type": "application/merge-patch+json"}
        path = f"{self._objects}/{name}{subresource}"
        async with self._kube.patch(path, data=json.dumps(body), headers=headers) as response:
            _check(response.status, await response.read())


def _check(status: int, content: bytes) -> None:
    if status != 200:  # the floor has no plan for anything else: such a run is worth nothing
        raise RuntimeError(f"{status}: {content[:300]!r}")


async def run(orders: dict[str, str]) -> None:
    """Work until cancelled. Raises RuntimeError at the first answer that is no success."""
    tls = ssl.create_default_context(cafile=orders["ca"])
    headers = {"Authorization": f"Bearer {orders['token']}"}
    theirs = {"Authorization": f"Bearer {orders['manager_token']}"}
    connector = aiohttp.TCPConnector(ssl=tls, limit=0)
    async with (
        aiohttp.ClientSession(connector=connector, headers=headers, timeout=aiohttp.ClientTimeout()) as kube,
        aiohttp.ClientSession(headers=theirs) as manager,
        asyncio.TaskGroup() as tasks,
    ):
        floor = Floor(kube, manager, orders)
        tasks.create_task(floor.watch())
        for _ in range(WORKERS):
            tasks.create_task(floor.work())


if __name__ == "__main__":
    uvloop.run(run(json.loads(Path(sys.argv[1]).read_text())))
