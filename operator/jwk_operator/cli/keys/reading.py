"""Where key material stands: in a file or on standard input, plain or in a manifest, in a Secret, or behind a JWK.

No message quotes what was read.
"""

from __future__ import annotations

import base64
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from jwk_operator.api.base import GROUP
from jwk_operator.cli.cluster import Cluster
from jwk_operator.cli.keys import pem
from jwk_operator.kube.client import JWKS, SECRETS, ApiError, Raw
from jwk_operator.reconcile.keymaterial import InvalidKeyError, keys_in

STDIN = "-"


class NothingReadError(ValueError):
    """There is no key material to be had; the text says where and what helps."""


@dataclass(frozen=True, slots=True)
class Material:
    """The text of a JWK, a JWK Set or a PEM, and where it comes from.

    `secret` is the Secret's metadata when it was in one, `key` its key there, and `kid` what a JWK says of a set.
    """

    where: str
    text: str
    secret: Raw | None = None
    key: str | None = None
    kid: str | None = None

    @property
    def is_pem(self) -> bool:
        """Whether it is PEM, perhaps with words around it, as openssl writes them."""
        return pem.START in self.text and not self.text.lstrip().startswith("{")


def keys_of(material: Material) -> list[dict[str, Any]]:
    """Return the keys as they stand there, unchecked. Raises `NothingReadError`."""
    try:
        return pem.keys_of(material.text) if material.is_pem else keys_in(material.text)
    except InvalidKeyError as error:
        raise NothingReadError(f"{material.where}: {error}") from None


def from_file(path: str) -> list[Material]:
    """Return what a file, or standard input for `-`, holds. Raises `NothingReadError`."""
    where = "standard input" if path == STDIN else path
    try:
        content = sys.stdin.buffer.read() if path == STDIN else Path(path).read_bytes()
        text = content.decode("utf-8-sig")
    except OSError as error:
        raise NothingReadError(f"{where} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise NothingReadError(f"{where} is no text; give a JWK, a JWK Set, a PEM or a manifest") from None
    return list(_from_text(text, where))


async def from_cluster(cluster: Cluster, kind: str, name: str) -> list[Material]:
    """Return what is behind `secret/NAME`, `secret/NAME:KEY` or `jwk/NAME`. Raises `NothingReadError`."""
    if kind == "secret":
        name, _, key = name.partition(":")
        return _chosen(await _get(cluster, name, key), f"secret/{name}", key)
    raw = await cluster.client.get(JWKS, cluster.namespace, name)
    spec = raw["spec"]
    if "jwkStr" in spec:
        return [Material(f"jwk/{name}", spec["jwkStr"], kid=spec.get("kid"))]
    if "jwkStrFrom" not in spec:
        source = spec.get("sourceType")
        raise NothingReadError(f"jwk/{name} has sourceType {source}: its key is in Apinizer and not in the cluster")
    source = spec["jwkStrFrom"]["secretKeyRef"]
    (found_one,) = await from_cluster(cluster, "secret", f"{source['name']}:{source['key']}")
    return [replace(found_one, kid=spec.get("kid"))]


async def _get(cluster: Cluster, name: str, key: str) -> Raw:
    try:
        return await cluster.client.get(SECRETS, cluster.namespace, name)
    except ApiError as error:
        if error.status != 404:
            raise
        what = f", which should have the key {key}" if key else ""
        raise NothingReadError(f"namespace {cluster.namespace} has no Secret {name}{what}") from None


def _chosen(document: Raw, where: str, key: str) -> list[Material]:
    """Return what stands under a key, whatever it is, or without one all that looks like key material."""
    if not key:
        found = list(_from_secret(document, where))
        if not found:
            raise NothingReadError(f"{where} has no key material")
        return found
    values = _values(document)
    if key not in values:
        raise NothingReadError(f"{where} has no text under key {key}; there are {', '.join(values) or 'none'}")
    return [Material(f"{where}, key {key}", values[key], document["metadata"], key)]


def _from_text(text: str, where: str) -> Iterator[Material]:
    if text.lstrip().startswith(pem.START):
        yield Material(where, text)
        return
    documents = _documents(text, where)
    if not all(isinstance(item, dict) and "kind" in item for item in documents):
        yield Material(where, text)  # a JWK or a JWK Set, or what is neither: its reader says why
        return
    found = [material for document in documents for material in _from_manifest(document, where)]
    if not found:
        raise NothingReadError(f"{where} holds no key material; give a JWK, a JWK Set, a PEM or a Secret's manifest")
    yield from found


def _documents(text: str, where: str) -> list[Any]:
    """Return what stands in a text of JSON or YAML."""
    if text.lstrip().startswith(("{", "[")):
        try:
            return [json.loads(text)]
        except (ValueError, RecursionError):
            return [None]
    try:
        return [item for item in yaml.safe_load_all(text) if item is not None]
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        if pem.START in text:
            return [None]
        mark = getattr(error, "problem_mark", None)
        at = f" at line {mark.line + 1}" if mark else ""
        raise NothingReadError(f"{where} is neither JSON nor PEM nor YAML{at}") from None


def _from_manifest(document: Raw, where: str) -> Iterator[Material]:
    metadata, spec = _object(document.get("metadata")), _object(document.get("spec"))
    name, kind, group = metadata.get("name"), document.get("kind"), str(document.get("apiVersion")).partition("/")[0]
    if kind == "List":
        items = document.get("items")
        for item in items if isinstance(items, list) else ():
            yield from _from_manifest(_object(item), where)
    elif (kind, group) == ("Secret", "v1"):
        yield from _from_secret(document, f"{where}, secret/{name}")
    elif (kind, group) == ("JWK", GROUP) and isinstance(spec.get("jwkStr"), str):
        yield Material(f"{where}, jwk/{name}", spec["jwkStr"], kid=spec.get("kid"))
    elif kind == "SealedSecret":
        raise NothingReadError(f"{where} is sealed: only the controller in the cluster can read it")


def _object(value: object) -> Raw:
    """Return a part of a manifest, in which anything may stand, as an object: an empty one where it is none."""
    return value if isinstance(value, dict) else {}


def _from_secret(document: Raw, where: str) -> Iterator[Material]:
    """Yield what looks like key material among a Secret's values."""
    for key, value in _values(document).items():
        if value.lstrip().startswith(("{", pem.START)):
            yield Material(f"{where}, key {key}", value, _object(document.get("metadata")), key)


def _values(document: Raw) -> dict[str, str]:
    found: dict[str, str] = {}
    for key, value in _object(document.get("data")).items():
        try:
            found[str(key)] = base64.b64decode(value).decode()
        except (TypeError, ValueError):
            continue  # binary, and so no key material
    return found | {str(key): str(value) for key, value in _object(document.get("stringData")).items()}
