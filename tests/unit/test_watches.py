"""Watches that die silently are found."""

from __future__ import annotations

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from jwk_operator.kube.client import JWKS, SECRETS, ApiError, KubeClient
from jwk_operator.kube.watches import SILENT, Watches
from jwk_operator.runtime.metrics import Metrics


def test_a_watch_that_is_not_asked_for_any_more_is_dead() -> None:
    now = 100.0
    watches = Watches(lambda: now)
    assert watches.dead() is None
    watches.asked("/apis/apiops.apinizer.com/v1alpha1/namespaces/a/jwks")
    watches.asked("/apis/apiops.apinizer.com/v1alpha1/namespaces/b/jwks")
    watches.asked("/api/v1/secrets")
    now += SILENT - 1
    watches.asked("/apis/apiops.apinizer.com/v1alpha1/namespaces/b/jwks")
    assert watches.dead() is None
    now += 2
    assert watches.dead() == "the watch of jwks, secrets is dead", "one of two namespaces is enough"
    assert watches.ages() == {"jwks": SILENT + 1, "secrets": SILENT + 1}
    watches.asked("/apis/apiops.apinizer.com/v1alpha1/namespaces/a/jwks")
    watches.asked("/api/v1/secrets")
    assert watches.dead() is None
    now += 10 * SILENT
    watches.forget()
    assert watches.dead() is None
    assert watches.ages() == {}


async def test_only_watches_are_noted() -> None:
    async def answer(_: web.Request) -> web.Response:
        return web.Response()

    watches = Watches()
    application = web.Application()
    application.router.add_get("/{rest:.*}", answer)
    async with TestServer(application) as server, aiohttp.ClientSession(trace_configs=[watches.trace()]) as session:
        for path in ("/api/v1/pods", "/api/v1/secrets?watch=true&resourceVersion=1", "/api/v1/nodes?watch=false"):
            await session.get(server.make_url(path))
    assert set(watches.ages()) == {"secrets"}


async def test_our_own_watches_are_noted_as_they_are_asked_for() -> None:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(status=410)

    watches = Watches()
    application = web.Application()
    application.router.add_get("/{rest:.*}", answer)
    async with TestServer(application) as server, aiohttp.ClientSession() as session:
        client = KubeClient(session, str(server.make_url("/")), asked=watches.asked)
        with pytest.raises(ApiError):
            await anext(client.watch(JWKS, "team", "1"))
        with pytest.raises(ApiError):
            await client.get(SECRETS, "team", "one")
    assert set(watches.ages()) == {"jwks"}


def test_the_age_of_watches_is_a_metric() -> None:
    metrics = Metrics()
    metrics.watched({"jwks": 12.0, "secrets": 3.0})
    metrics.watched({"jwks": 13.0})
    text = metrics.render().decode()
    assert 'jwk_operator_watch_age_seconds{resource="jwks"} 13.0' in text
    assert 'resource="secrets"' not in text
