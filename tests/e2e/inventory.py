"""Everything that is on the cluster, of every type that can be listed."""

from __future__ import annotations

from e2e.target import Target
from harness.waiting import until

_PASSING = {
    "Event": "Events expire by themselves, after an hour",
}
_COLUMNS = '{range .items[*]}{.apiVersion} {.kind} {.metadata.namespace}/{.metadata.name}{"\\n"}{end}'

Inventory = frozenset[str]


def inventory(target: Target) -> Inventory:
    """Return a line for each object: its version, kind, namespace and name."""

    def look() -> Inventory | None:
        types = target.kubectl("api-resources", "--verbs=list", "--output=name").split()
        try:
            found = target.kubectl("get", ",".join(types), "--all-namespaces", "--output", f"jsonpath={_COLUMNS}")
        except AssertionError as error:
            if "doesn't have a resource type" in str(error) or "could not find the requested resource" in str(error):
                return None  # a CRD went between the two
            raise
        return frozenset(line for line in found.splitlines() if line.split()[1] not in _PASSING)

    return until(look, "a list of everything")


def left_is(target: Target, before: Inventory, expected: Inventory = frozenset()) -> None:
    """Wait until what came to the cluster is exactly what is expected, and nothing is missing."""
    until(
        lambda: inventory(target) ^ before == expected,
        lambda: f"wanted {sorted(expected)}, but left is {sorted(inventory(target) ^ before)}",
        60,
    )
