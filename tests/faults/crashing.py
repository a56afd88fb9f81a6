"""The operator, killed with SIGKILL at one chosen write: `python -m faults.crashing POINT run ...`.

POINT is `N:before` or `N:after`: the N-th request of this process that can change something, be it at the API server or
at Apinizer, just before it is sent or as soon as its answer is there. Events are not counted, and neither are statuses
of connections, which are written beside the passes at no certain point. The product has no switch for this: the two
functions that every request goes through are wrapped from outside.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Awaitable, Callable
from typing import Any

import jwk_operator.apinizer.client
from jwk_operator.cli.main import main
from jwk_operator.kube.client import KubeClient


def crash_at(point: str) -> None:
    """Wrap both clients so that this process dies at a point."""
    number, _, moment = point.partition(":")
    writes = 0

    async def counted(send: Callable[[], Awaitable[Any]]) -> Any:
        nonlocal writes
        writes += 1
        here = writes == int(number)
        if here and moment == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        try:
            return await send()
        finally:
            if here:
                os.kill(os.getpid(), signal.SIGKILL)

    apinizer: Any = jwk_operator.apinizer.client
    exchange, request = apinizer.exchange, KubeClient._request

    async def crashing_exchange(client: Any, message: Any, *how: Any) -> Any:
        if message.method == "GET":
            return await exchange(client, message, *how)
        return await counted(lambda: exchange(client, message, *how))

    async def crashing_request(self: KubeClient, method: str, path: str, **options: Any) -> Any:
        if method == "GET" or "/events" in path or ("connections/" in path and path.endswith("/status")):
            return await request(self, method, path, **options)
        return await counted(lambda: request(self, method, path, **options))

    apinizer.exchange = crashing_exchange
    KubeClient._request = crashing_request  # type: ignore[method-assign]


if __name__ == "__main__":
    crash_at(sys.argv.pop(1))
    main()
