"""Files of manifests for the tests of `validate`, and what it prints of them."""

from __future__ import annotations

import base64
import json
import re
from pathlib import Path

import yaml

from cli.tool import Done
from harness.objects import Object

API = "apiops.apinizer.com/v1alpha1"
URL = {"sourceType": "URL", "url": "https://idp.example/jwks"}


def an_object(name: str, spec: object, kind: str = "JWK", namespace: str | None = "shop", **more: object) -> Object:
    metadata = {"name": name} if namespace is None else {"name": name, "namespace": namespace}
    return {"apiVersion": API, "kind": kind, "metadata": metadata, "spec": spec, **more}


def pasted(name: str, key: object, **more: object) -> Object:
    return an_object(name, {"sourceType": "COPY_PASTE", "jwkStr": json.dumps(key), **more})


def from_secret(name: str, secret: str, key: str = "jwk") -> Object:
    reference = {"secretKeyRef": {"name": secret, "key": key}}
    return an_object(name, {"sourceType": "COPY_PASTE", "jwkStrFrom": reference})


def a_secret(name: str, **entries: object) -> Object:
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name, "namespace": "shop"}, **entries}


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def write(folder: Path, name: str, *objects: Object) -> None:
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(yaml.safe_dump_all(objects, sort_keys=False, width=10_000))


def unwrapped(text: str) -> list[str]:
    """Return lines; one that is indented goes on with the line before it."""
    return re.sub(r"\n +", " ", text.strip()).splitlines()


def lines(done: Done) -> list[str]:
    assert done.err == ""
    return done.out.splitlines()
