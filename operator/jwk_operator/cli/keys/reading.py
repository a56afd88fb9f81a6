"""Where key material stands: in a file or on standard input, plain or in a manifest, in a Secret, or behind a JWK.

No message quotes what was read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from jwk_operator.api.base import GROUP
from jwk_operator.cli.cluster import Cluster
from jwk_operator.cli.inputs import STDIN, read_text
from jwk_operator.cli.keys import pem
from jwk_operator.kube.client import JWKS, SECRETS, ApiError, Raw
from jwk_operator.manifests import Manifest, Unreadable, manifests_in
from jwk_operator.manifests.fields import mapping, secret_texts, text
from jwk_operator.reconcile.keymaterial import InvalidKeyError, keys_in


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
        content = read_text(path)
    except OSError as error:
        raise NothingReadError(f"{where} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise NothingReadError(f"{where} is no text; give a JWK, a JWK Set, a PEM or a manifest") from None
    return list(_from_text(content, where))


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
    values = {name: value for name, value in secret_texts(document).items() if value is not None}
    if key not in values:
        raise NothingReadError(f"{where} has no text under key {key}; there are {', '.join(values) or 'none'}")
    return [Material(f"{where}, key {key}", values[key], document["metadata"], key)]


def _from_text(content: str, where: str) -> Iterator[Material]:
    if content.lstrip().startswith(pem.START):
        yield Material(where, content)
        return
    found = list(manifests_in(content, where))
    manifests = [item for item in found if isinstance(item, Manifest) and "kind" in item.content]
    if content.strip() and not (manifests and len(manifests) == len(found)):
        _refuse_what_is_nothing(content, where, found)
        yield Material(where, content)  # a JWK or a JWK Set, or what is neither: its reader says why
        return
    materials = [material for manifest in manifests for material in _from_manifest(manifest, where)]
    if not materials:
        raise NothingReadError(f"{where} holds no key material; give a JWK, a JWK Set, a PEM or a Secret's manifest")
    yield from materials


def _refuse_what_is_nothing(content: str, where: str, found: Iterable[Manifest | Unreadable]) -> None:
    fault = next((item for item in found if isinstance(item, Unreadable)), None)
    if fault is not None and pem.START not in content and not content.lstrip().startswith(("{", "[")):
        raise NothingReadError(f"{where} is neither JSON nor PEM nor YAML at line {fault.line}")


def _from_manifest(manifest: Manifest, where: str) -> Iterator[Material]:
    content = manifest.content
    kind, group = content["kind"], text(content, "apiVersion").partition("/")[0]
    name, spec = text(mapping(content, "metadata"), "name"), mapping(content, "spec")
    if (kind, group) == ("Secret", "v1"):
        yield from _from_secret(content, f"{where}, secret/{name}")
    elif (kind, group) == ("JWK", GROUP) and text(spec, "jwkStr"):
        yield Material(f"{where}, jwk/{name}", text(spec, "jwkStr"), kid=text(spec, "kid") or None)
    elif kind == "SealedSecret":
        raise NothingReadError(f"{where} is sealed: only the controller in the cluster can read it")


def _from_secret(secret: Raw, where: str) -> Iterator[Material]:
    """Yield what looks like key material among a Secret's values."""
    for key, value in secret_texts(secret).items():
        if value is not None and value.lstrip().startswith(("{", pem.START)):
            yield Material(f"{where}, key {key}", value, mapping(secret, "metadata"), key)
