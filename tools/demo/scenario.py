"""What the demo shows: the objects that it applies, and what is to become of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from demo.manifests import EXAMPLES, Manifest, in_namespace, load
from demo.outcomes import Expected

HERE = Path(__file__).parent

PROJECT = "MyProject"
ENVIRONMENTS = ("development", "staging", "production")
FAILING = "staging"
FAILURE = "Connection refused by gateway"

TEAM_A = "team-a"
TEAM_B = "team-b"
SHOWN = Expected(TEAM_A, "staging-fails", "False", "DeploymentFailed")

SOURCES = (
    "url",
    "copy-paste",
    "copy-paste-secret",
    "certificate",
    "public-key",
    "private-key",
    "keystore",
    "generate",
    "replace",
)

GOOD = (
    Expected(TEAM_A, "from-url", "True", "Deployed"),
    Expected(TEAM_A, "from-text", "True", "Deployed"),
    Expected(TEAM_A, "from-secret", "True", "Deployed"),
    Expected(TEAM_A, "from-certificate", "True", "Deployed"),
    Expected(TEAM_A, "from-public-key", "True", "Deployed"),
    Expected(TEAM_A, "from-private-key", "True", "Deployed"),
    Expected(TEAM_A, "from-keystore", "True", "Deployed"),
    Expected(TEAM_A, "generated", "True", "Deployed"),
    Expected(TEAM_A, "rotating", "True", "Deployed"),
    Expected(TEAM_B, "from-shared-connection", "True", "Deployed"),
)
BAD = (
    SHOWN,
    Expected(TEAM_A, "no-such-certificate", "False", "Rejected"),
    Expected(TEAM_B, "name-taken", "False", "NameConflict"),
)

ABOUT_AUTO = """\
staging-fails has redeployPolicy: Never, so it stays as it is. With Auto, the default, it would be
DeploymentIncomplete, and the operator would deploy it again, with growing delays, until staging works."""


@dataclass(frozen=True, slots=True)
class Addresses:
    """What stands in the examples' place of Apinizer and of the identity provider, and the token that is valid."""

    manager: str
    keyset: str
    token: str


def connections(addresses: Addresses) -> list[Manifest]:
    """Return two namespaces with the examples' connections."""
    namespaces = [_namespace(name) for name in (TEAM_A, TEAM_B)]
    items = in_namespace(TEAM_A, _example("connection")) + _example("connection-cluster-wide")
    return namespaces + _substituted(items, addresses)


def examples(addresses: Addresses) -> list[Manifest]:
    """Return the examples of JWKs."""
    sources = [item for name in SOURCES for item in _example(f"jwk-{name}")]
    items = in_namespace(TEAM_A, sources) + in_namespace(TEAM_B, _example("jwk-cluster-wide-connection"))
    return _substituted(items, addresses)


def problems() -> list[Manifest]:
    """Return the JWKs that cannot work."""
    return load(HERE / "problems.yaml")


def _example(name: str) -> list[Manifest]:
    return load(EXAMPLES / f"{name}.yaml")


def _namespace(name: str) -> Manifest:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}


def _substituted(items: Iterable[Manifest], addresses: Addresses) -> list[Manifest]:
    """Return the objects with the three things that are different here: both addresses and the token."""
    found = list(items)
    for item in found:
        if item["kind"] == "Secret" and "token" in item["stringData"]:
            item["stringData"]["token"] = addresses.token
        for field, value in (("baseUrl", addresses.manager), ("url", addresses.keyset)):
            if field in item.get("spec", {}):
                item["spec"][field] = value
    return found
