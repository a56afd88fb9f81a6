"""The rights that doctor asks for are those that ship; and what is said of the answers."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from harness.cluster import ROOT
from harness.rbac import CLUSTER_WIDE, SINGLE_NAMESPACE, leader_election, shipped
from jwk_operator.cli.doctor import rights
from jwk_operator.cli.doctor.findings import Finding, Level
from jwk_operator.cli.doctor.rbac import Reviewed, judge_rights
from jwk_operator.cli.doctor.rights import Right, Rule
from jwk_operator.kube.client import ApiError, ApiUnavailableError

ACCOUNT = ("system", "jwk-operator")
SECRETS = Right("team", "", "secrets", "get")
LEASE = Right("system", "coordination.k8s.io", "leases", "patch", "jwk-operator")
STATUS = Right(None, "apiops.apinizer.com", "jwks/status", "patch")


def manifests(rules: tuple[Rule, ...]) -> list[dict[str, Any]]:
    return [rule.as_manifest() for rule in rules]


@pytest.mark.parametrize(
    ("overlay", "copy", "rules"),
    [
        (CLUSTER_WIDE, "rules-cluster.yaml", rights.CLUSTER_WIDE),
        (SINGLE_NAMESPACE, "rules-namespace.yaml", rights.SINGLE_NAMESPACE),
    ],
)
def test_the_rules_are_those_of_the_manifests_and_of_the_chart(
    overlay: str, copy: str, rules: tuple[Rule, ...]
) -> None:
    (role,) = (item for item in shipped(overlay) if "rules" in item)
    assert manifests(rules) == role["rules"]
    assert manifests(rules) == yaml.safe_load((ROOT / "charts/jwk-operator/files" / copy).read_text())


def test_the_rules_for_the_lease_are_those_of_the_manifests() -> None:
    (role,) = (item for item in leader_election() if "rules" in item)
    assert manifests(rights.lease_rules("jwk-operator")) == role["rules"]


def test_a_question_names_what_a_rule_grants() -> None:
    assert LEASE.attributes() == {
        "namespace": "system",
        "group": "coordination.k8s.io",
        "resource": "leases",
        "verb": "patch",
        "name": "jwk-operator",
    }
    assert STATUS.attributes() == {
        "group": "apiops.apinizer.com",
        "resource": "jwks",
        "subresource": "status",
        "verb": "patch",
    }
    for right in (SECRETS, LEASE, STATUS):
        found = yaml.safe_load(right.as_rule())
        rule = Rule(right.group, (right.resource,), (right.verb,), (right.name,) if right.name else ())
        assert found == rule.as_manifest()


def test_every_right_is_there() -> None:
    reviewed = Reviewed(ACCOUNT, {SECRETS: True, LEASE: True})
    assert judge_rights(ACCOUNT, reviewed, fallen_back=False) == [
        Finding(
            "rights",
            Level.OK,
            "ServiceAccount system/jwk-operator has all of the 2 rights that the operator needs",
        )
    ]


def test_a_right_for_the_whole_cluster_is_missing() -> None:
    (missing,) = judge_rights(ACCOUNT, Reviewed(ACCOUNT, {STATUS: False}), fallen_back=False)
    assert missing == Finding(
        "patch jwks/status",
        Level.FAILED,
        "ServiceAccount system/jwk-operator may not patch jwks/status in the whole cluster",
        "add to a ClusterRole that is bound to it: "
        "{apiGroups: [apiops.apinizer.com], resources: [jwks/status], verbs: [patch]}",
    )


@pytest.mark.parametrize("error", [ApiError(403, "Forbidden", "no"), ApiUnavailableError("no answer")])
def test_questions_that_are_not_answered(error: ApiError | ApiUnavailableError) -> None:
    (finding,) = judge_rights(None, error, fallen_back=False)
    assert (finding.check, finding.level) == ("rights", Level.SKIPPED)
    assert str(error) in finding.text
