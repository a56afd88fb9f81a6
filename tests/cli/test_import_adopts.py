"""`jwk-operator import` of a large project: what it writes adopts every JWK and changes nothing in Apinizer."""

from __future__ import annotations

import itertools
import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

from cli.tool import Tool
from harness.fixtures import MakeSpace
from harness.keys import ec, octets, rsa
from harness.operator import OperatorProcess
from harness.simulator import READER, SimulatorProcess
from install.support import kubectl
from jwk_operator.admission.verdict import admit
from jwk_operator.manifests.reading import read_manifests

COUNT = 500
SOURCE_TYPES = ("URL", "COPY_PASTE", "CERTIFICATE", "PUBLIC_KEY", "PRIVATE_KEY", "KEYSTORE", "GENERATE")
AWKWARD = (
    *("Key", "key", "KEY", "kEy"),
    *("a/b", "a b", "a_b", "a.b", "a-b"),
    *("connection", "kustomization", "con", "COM1", "..."),
    *("yes", "No", "null", "~", "1e3", "0o17", "0x1F", "12:30", "2024-01-01", ".5", "-", "--"),
    *(
        "Kimlik Anahtar\N{LATIN SMALL LETTER DOTLESS I}",
        "Schlüssel",
        "鍵",
        "ключ",
        "🔑",
        "a\u200bb",
        "\u202edrowssap",
        "e\u0301",
        "é",
    ),
    *("quote'\"`", "back\\slash", "#comment", "a: b", "{a}", "[a]", "*a", "&a", "!a", "%41", "a%2Fb", "?q=1", "a;b"),
    *("x" * 255, "x" * 254 + "y", "ü" * 255, "-leading", "trailing-", "a" * 63, "a" * 64),
)
DESCRIPTIONS = (
    *(None, "", "Of old", " lead and trail ", "line\nbreak\r\n", "tab\t", "yes", "1e3", "0o17", "12:30"),
    *("é 🔑 \u2028 \x1b \x00 \ufeff", "a\x85b", "a\x7f", "\uffff", "x" * 4096, "x" * 4097),
)
KEY_IDS = ("1e3", "é 🔑", "a/b", "k" * 255, "k" * 300, "yes", "line\nbreak")
ADDRESSES = (
    *(None, "https://login.example.com/jwks?kid=%20&a=b#c", "http://[::1]:8080", "https://h/" + "p" * 2048),
    *("https://user:password-in-url@login.example.com/jwks", "ftp://login.example.com", "/relative", "https://h/a b"),
)


def names() -> Iterator[str]:
    """Yield names of JWKs, the awkward ones first."""
    yield from AWKWARD
    yield from (f"Partner {number} Key" for number in itertools.count())


def kinds() -> Iterator[dict[str, Any]]:
    """Yield what JWKs are made of: every source type with every kind of key and of what the list shows besides."""
    keys = [json.dumps(key()) for key in (ec, octets, rsa)]
    rounds = (itertools.cycle(values) for values in (SOURCE_TYPES, keys, DESCRIPTIONS, KEY_IDS, ADDRESSES))
    for source_type, key, description, kid, address in zip(*rounds, strict=False):
        yield {
            "sourceType": source_type,
            "jwkStr": key,
            "description": description,
            "kid": kid,
            "sourceUrl": address if source_type == "URL" else None,
        }


def test_everything_is_adopted_and_nothing_changes(
    tool: Tool, simulator: SimulatorProcess, make_space: MakeSpace, operator: OperatorProcess
) -> None:
    space = make_space()
    remote = dict(zip(itertools.islice(names(), COUNT), kinds(), strict=False))
    assert len(remote) == COUNT
    for name, fields in remote.items():
        simulator.control.tamper("create", space.project, name, **fields)
    before = simulator.remote(space.project)
    assert set(before) == set(remote)
    assert {jwk["sourceType"] for jwk in before.values()} == set(SOURCE_TYPES)
    arguments = ("import", "--into", "imported", "--url", space.url, "--project", space.project, "-n", space.name)
    done = tool(*arguments, JWK_OPERATOR_TOKEN=READER)
    assert (done.status, done.err) == (0, "")
    assert {record["call"] for record in simulator.requests(space.project)} == {"list"}

    folder = tool.folder / "imported"
    manifests, unreadable = read_manifests([str(folder)], None)
    assert unreadable == []
    assert [item.content for item in manifests if not admit(item.content).accepted] == []
    jwks = [item.content for item in manifests if item.content["kind"] == "JWK"]
    assert {jwk["spec"].get("name", jwk["metadata"]["name"]) for jwk in jwks} == set(remote)
    assert {path.name for path in folder.iterdir()} == {
        *(f"{jwk['metadata']['name']}.yaml" for jwk in jwks),
        "connection.yaml",
        "kustomization.yaml",
    }

    checked = tool("validate", "imported", "--strict")
    assert (checked.status, checked.err) == (0, ""), checked.out
    space.secret("apinizer", token=space.token)
    kubectl("apply", "-k", str(folder), kubeconfig=space.cluster.plane.kubeconfig)
    adopted = space.wait_all([jwk["metadata"]["name"] for jwk in jwks], "Adopted", 60)
    assert Counter(jwk.ready.status for jwk in adopted.values()) == {"True": COUNT}
    assert {jwk.status["remote"]["name"] for jwk in adopted.values()} == set(remote)
    assert simulator.remote(space.project) == before
    assert simulator.writes(space.project) == []
