"""Where the key of a create request comes from."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import aiohttp

from . import keys
from .algorithms import jose_name
from .config import Keystore, Material, Project
from .errors import ApiError, bad_request
from .schema import check_algorithm
from .store import Store

Body = Mapping[str, Any]
Named = TypeVar("Named", Material, Keystore)


@dataclass(frozen=True)
class Source:
    """A key with what the list says of its origin."""

    key: keys.ParsedKey
    source_id: str | None = None
    source_url: str | None = None


class Sources:
    """Resolves the six source types of the create call."""

    def __init__(self, store: Store, session: Callable[[], aiohttp.ClientSession]) -> None:
        self._store = store
        self._session = session

    async def resolve(self, project: Project, body: Body) -> Source:
        """The key that a checked create request speaks of."""
        source_type = body["sourceType"]
        if source_type == "URL":
            text = await self._fetch(body)
            return Source(keys.parse(text, body.get("kid")), source_url=body["url"])
        if source_type == "COPY_PASTE":
            return Source(keys.parse(body["jwkStr"], body.get("kid")))
        return await self._look_up(project, source_type, body)

    async def _fetch(self, body: Body) -> bytes:
        url, limit = body["url"], body.get("urlOptionSizeLimit", 1048576)
        timeout = aiohttp.ClientTimeout(
            connect=body.get("urlOptionConnectTimeout", 5000) / 1000,
            sock_read=body.get("urlOptionReadTimeout", 10000) / 1000,
        )
        try:
            async with self._session().get(url, timeout=timeout) as response:
                if response.status != 200:
                    raise _unfetched(url, f"it answered {response.status}")
                return await _read(response, limit, url)
        except TimeoutError as error:
            raise _unfetched(url, "it timed out") from error
        except aiohttp.InvalidURL as error:
            raise _unfetched(url, "it is not a http or https address") from error
        except (aiohttp.ClientError, ValueError) as error:
            raise _unfetched(url, "the connection failed") from error

    async def _look_up(self, project: Project, source_type: str, body: Body) -> Source:
        environment = body["environmentName"]
        if environment not in {known.name for known in project.environments}:
            raise bad_request(f"Environment (name: {environment}) is not found!")
        path, found, private = _locate(project, source_type, body, environment)
        check_algorithm(found.type, body["useType"], body["algorithm"])
        jwk = await self._material(path, found)
        wanted = {
            "use": "sig" if body["useType"] == "SIGNATURE" else "enc",
            "alg": jose_name(body["algorithm"]),
        }
        shown = jwk if private else keys.public_part(jwk)
        return Source(keys.understand({**shown, **wanted}), source_id=keys.fingerprint(path))

    async def _material(self, path: tuple[str, ...], found: Material) -> keys.JwkDict:
        if found.jwk is not None:
            return dict(found.jwk)
        if self._store.material(path) is None:
            made = await asyncio.to_thread(keys.material, found.type)
            self._store.add_material(path, made)
        return self._store.material(path) or {}


def _locate(project: Project, source_type: str, body: Body, environment: str) -> tuple[tuple[str, ...], Material, bool]:
    if source_type == "CERTIFICATE":
        name = body["certificateName"]
        return (
            (project.name, environment, "certificate", name),
            _named(project.certificates, name, "Certificate", environment),
            False,
        )
    if source_type == "KEYSTORE":
        name, alias = body["keyStoreName"], body["aliasName"]
        keystore = _named(project.keystores, name, "Keystore", environment)
        path = (project.name, environment, "keystore", name, alias)
        return path, _named(keystore.aliases, alias, "Alias", ""), True
    name, private = body["keyName"], source_type == "PRIVATE_KEY"
    kinds = (None, "PRIVATE" if private else "PUBLIC")
    fitting = [key for key in project.keys if key.kind in kinds]
    return (project.name, environment, "key", name), _named(fitting, name, "Key", environment), private


def _named(things: Iterable[Named], name: str, label: str, environment: str) -> Named:
    for thing in things:
        if thing.name == name and thing.environment == environment:
            return thing
    raise bad_request(f"{label} (name: {name}) is not found!")


async def _read(response: aiohttp.ClientResponse, limit: int, url: str) -> bytes:
    found = bytearray()
    async for chunk in response.content.iter_chunked(65536):
        found += chunk
        if len(found) > limit:
            raise _unfetched(url, f"it is larger than {limit} bytes")
    return bytes(found)


def _unfetched(url: str, why: str) -> ApiError:
    return bad_request(f"JWK can not be fetched from URL ({url}): {why}!")
