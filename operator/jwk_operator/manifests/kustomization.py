"""A kustomization's list of resources, made or extended; what else people wrote into the file stays as it is. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

import yaml

from jwk_operator.manifests.yaml_text import yaml_text

NAMES = ("kustomization.yaml", "kustomization.yml", "Kustomization")
"""What kustomize looks for, in its order."""
_COMMENT = "# What jwk-operator import found in Apinizer. A later run adds what is new there to the resources.\n"
_ODD = "its resources are no list with a line for each; write them so"


class KustomizationError(Exception):
    """A kustomization that cannot be extended; the text says why."""


def kustomization_text(resources: Sequence[str]) -> str:
    """Return a kustomization of these files, in their order."""
    head = {"apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization", "resources": list(resources)}
    return _COMMENT + yaml_text(head)


def extended(text: str, resources: Sequence[str]) -> str:
    """Return a kustomization with the files added that it does not list, each before the first listed one after it.

    Raises `KustomizationError`.
    """
    items = _items(text)
    listed = [str(item.value) for item in items]
    missing = [name for name in resources if name.removeprefix("./") not in {own.removeprefix("./") for own in listed}]
    if not missing:
        return text
    if not items:
        return text.rstrip("\n") + "\n" + yaml_text({"resources": missing})
    lines = text.splitlines(keepends=True)
    last = items[-1].end_mark.line
    lines[last] = lines[last].rstrip("\n") + "\n"
    first = lines[items[0].start_mark.line]
    indent = len(first) - len(first.lstrip())
    places = {name: _place(name, items, last + 1) for name in missing}
    for line, names in reversed(list(_by_place(missing, places))):
        lines[line:line] = [yaml_text([name], indent) for name in names]
    made = "".join(lines)
    if len(_items(made)) != len(items) + len(missing):
        raise KustomizationError(_ODD)
    return made


def _by_place(names: Sequence[str], places: dict[str, int]) -> Iterator[tuple[int, list[str]]]:
    for line, group in groupby(sorted(names, key=lambda name: (places[name], name)), key=places.__getitem__):
        yield line, list(group)


def _place(name: str, items: Sequence[yaml.ScalarNode], end: int) -> int:
    """Return the line to insert a file at. The first one stays first, as others depend on it."""
    return next((item.start_mark.line for item in items[1:] if str(item.value) > name), end)


def _items(text: str) -> list[yaml.ScalarNode]:
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError:
        raise KustomizationError("it is not valid YAML; correct it") from None
    if not isinstance(root, yaml.MappingNode):
        raise KustomizationError("it is no mapping; correct it")
    found = next((value for key, value in root.value if key.value == "resources"), None)
    if found is None:
        return []
    items = found.value if isinstance(found, yaml.SequenceNode) else []
    if not items or found.flow_style or not all(isinstance(item, yaml.ScalarNode) for item in items):
        raise KustomizationError(_ODD)
    return list(items)
