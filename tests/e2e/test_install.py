"""From an empty cluster to the demo's outcomes and back to an empty cluster, by kustomize and by the Helm chart."""

from __future__ import annotations

import pytest
import yaml

from demo import acts, scenario
from demo.scenario import Addresses
from e2e.backend import KEYSET, MANAGER, TOKEN
from e2e.installs import INSTALLERS, Chart, remove_own
from e2e.inventory import Inventory, inventory, left_is
from e2e.target import NAME, PATIENCE, SYSTEM, Target, names, restarts

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

_CONFINED = "import os, pwd; print(os.getuid(), pwd.getpwuid(os.getuid()).pw_name, os.access('/', os.W_OK))"
_KEPT = frozenset(
    # So that no uninstall deletes every JWK. By them there is an API.
    [
        f"apiextensions.k8s.io/v1 CustomResourceDefinition /{kind}.apiops.apinizer.com"
        for kind in ("jwks", "apinizerconnections", "clusterapinizerconnections")
    ]
    + ["apiregistration.k8s.io/v1 APIService /v1alpha1.apiops.apinizer.com"]
    # Made by `helm --create-namespace`, and not part of the release.
    + [
        f"v1 Namespace /{SYSTEM}",
        f"v1 ServiceAccount {SYSTEM}/default",
        f"v1 ConfigMap {SYSTEM}/kube-root-ca.crt",
    ]
    # Made by the operator, not by Helm; it goes with its namespace.
    + [f"coordination.k8s.io/v1 Lease {SYSTEM}/{NAME}"]
)


@pytest.fixture
def before(target: Target) -> Inventory:
    """What is on the cluster before anything of the operator is."""
    found = inventory(target)
    assert not [line for line in found if "apinizer.com" in line or NAME in line.rpartition("/")[2]]
    return found


@pytest.mark.parametrize("way", INSTALLERS)
def test_the_demo_comes_out_as_everywhere_and_nothing_is_left(target: Target, before: Inventory, way: str) -> None:
    installer = INSTALLERS[way](target)
    try:
        installer.install()
        play(target)
        assert target.control.jwks() == [], "deleted JWKs are gone from Apinizer, too"
        if isinstance(installer, Chart):
            installer.uninstall_release()
            left_is(target, before, _KEPT)
    finally:
        installer.uninstall()
    left_is(target, before)


def play(target: Target) -> None:
    """Do what the demo does, see that it comes out as there, and delete the JWKs again."""
    cluster = target.demo()
    addresses = Addresses(MANAGER, KEYSET, TOKEN)

    def alive() -> None:
        assert [restarts(pod) for pod in target.pods()] == [0, 0]

    try:
        for _ in acts.deploy_examples(cluster, addresses, PATIENCE, alive):
            pass
        for _ in acts.cause_problems(cluster, target.control, PATIENCE, alive):
            pass
        assert acts.conclude(cluster) == []
        for pod in names(target.pods()):
            assert target.python(pod, _CONFINED).strip() == "65532 jwk-operator False"
    finally:
        target.control.fail_environment(scenario.PROJECT, scenario.FAILING, failing=False)
        remove_own(target)
        applied = [*scenario.connections(addresses), *scenario.examples(addresses)]
        rest = [item for item in applied if item["kind"] in ("Namespace", "Secret")]
        target.kubectl("delete", "--timeout=120s", "--ignore-not-found", "-f", "-", stdin=yaml.safe_dump_all(rest))
