"""The rights that the operator needs: the rules of manifests/, which are not in the package. A test compares them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from jwk_operator.api.base import GROUP


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule as a Role has it."""

    group: str
    resources: tuple[str, ...]
    verbs: tuple[str, ...]
    names: tuple[str, ...] = ()

    def as_manifest(self) -> dict[str, list[str]]:
        """Return the rule as it stands in a Role."""
        rule = {"apiGroups": [self.group], "resources": list(self.resources), "verbs": list(self.verbs)}
        return {**rule, "resourceNames": list(self.names)} if self.names else rule


_READ = ("get", "list", "watch")
_OWN = (*_READ, "patch")


def _rules(*connections: str) -> tuple[Rule, ...]:
    return (
        Rule(GROUP, ("jwks",), _OWN),
        Rule(GROUP, ("jwks/status",), ("patch",)),
        Rule(GROUP, connections, _OWN),
        Rule(GROUP, tuple(f"{name}/status" for name in connections), ("patch",)),
        Rule("", ("secrets",), _READ),
        Rule("", ("configmaps",), _READ),
    )


_EVENTS = Rule("", ("events",), ("create", "patch"))
CLUSTER_WIDE = (
    *_rules("apinizerconnections", "clusterapinizerconnections"),
    Rule("", ("namespaces",), ("list", "watch")),
    _EVENTS,
)
"""The ClusterRole of manifests/overlays/cluster-wide."""
SINGLE_NAMESPACE = (*_rules("apinizerconnections"), _EVENTS)
"""The Role of manifests/overlays/single-namespace."""


def lease_rules(name: str) -> tuple[Rule, ...]:
    """Return the Role for leader election by the Lease of this name, in the operator's own namespace."""
    group = "coordination.k8s.io"
    return Rule(group, ("leases",), ("create",)), Rule(group, ("leases",), ("get", "patch"), (name,))


@dataclass(frozen=True, slots=True)
class Right:
    """One right of a rule, where it is needed; a namespace of None is the whole cluster."""

    namespace: str | None
    group: str
    resource: str
    verb: str
    name: str = ""

    def attributes(self) -> dict[str, str]:
        """Return the `resourceAttributes` of a question for it."""
        resource, _, subresource = self.resource.partition("/")
        given = {
            "namespace": self.namespace or "",
            "group": self.group,
            "resource": resource,
            "subresource": subresource,
            "verb": self.verb,
            "name": self.name,
        }
        return {name: value for name, value in given.items() if value}

    def as_rule(self) -> str:
        """Return the rule that grants it, as a line of YAML."""
        names = f", resourceNames: [{self.name}]" if self.name else ""
        group = self.group or '""'
        return f"{{apiGroups: [{group}], resources: [{self.resource}], verbs: [{self.verb}]{names}}}"

    def __str__(self) -> str:
        return f"{self.verb} {self.resource}{f' {self.name}' if self.name else ''}"


def rights(rules: Iterable[Rule], namespace: str | None) -> Iterator[Right]:
    """Yield every right that rules grant."""
    for rule in rules:
        for resource in rule.resources:
            for verb in rule.verbs:
                for name in rule.names or ("",):
                    yield Right(namespace, rule.group, resource, verb, name)
