"""What doctor says of facts that no test can bring about with real servers, or not in little time."""

from __future__ import annotations

import copy
import json
import socket
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import yaml

from harness.cluster import ROOT
from jwk_operator.api.crd import RESOURCES, crd
from jwk_operator.cli.doctor.certificates import Certificate, Handshake, judge_certificate, read_certificate
from jwk_operator.cli.doctor.clocks import Dated, judge_clock
from jwk_operator.cli.doctor.cluster import MINIMUM, ServerAnswer, judge_cluster
from jwk_operator.cli.doctor.crds import Found, judge_crds
from jwk_operator.cli.doctor.findings import Finding, Level, Section, advice, some
from jwk_operator.cli.doctor.installation import Installation, judge_installation
from jwk_operator.cli.doctor.show import as_json, show_text
from jwk_operator.kube.client import ApiError, ApiUnavailableError
from jwk_operator.kube.session import AccessError

NOW = datetime(2026, 5, 6, 7, 8, 9, tzinfo=UTC)
DATE = "Wed, 06 May 2026 07:08:09 GMT"
FORBIDDEN = ApiError(403, "Forbidden", "no")


def levels(findings: list[Finding]) -> dict[str, Level]:
    return {finding.check: finding.level for finding in findings}


# --- words ------------------------------------------------------------------------------------------------------------


def test_of_many_names_the_first_ones_are_told() -> None:
    assert some(["a", "b", "c", "d"]) == "a, b, c, d"
    assert some(["a", "b", "c", "d", "e"]) == "a, b, c and 2 more"


def test_a_message_is_parted_from_its_advice() -> None:
    assert advice("it is broken; mend it.") == ("it is broken", "mend it")
    assert advice("it is broken.") == ("it is broken", "")


def test_nothing_plays_with_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    section = Section("a", (Finding("b", Level.OK, "CN=\x1b[2J[red]x"),))
    show_text([section])
    assert capsys.readouterr().out == "a\nok       b  CN=?[2J[red]x\n\n1 ok\n"
    assert json.loads(as_json([section]))["findings"][0]["text"] == "CN=\x1b[2J[red]x"


# --- clocks -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-30, None),
        (30, None),
        (-90, "the clock of it is 90 s ahead of this machine's; harm"),
        (3600, "the clock of it is 3600 s behind this machine's; harm"),
    ],
)
def test_clocks(seconds: int, text: str | None) -> None:
    received = NOW + timedelta(seconds=seconds + 0.5)
    found = judge_clock(Dated(DATE, received), "it", "harm")
    assert found.level is (Level.OK if text is None else Level.WARNING)
    assert text is None or found.text == text


@pytest.mark.parametrize("dated", [None, Dated(None, NOW), Dated("yesterday", NOW)])
def test_a_clock_that_nobody_tells(dated: Dated | None) -> None:
    assert judge_clock(dated, "it", "harm").level is Level.SKIPPED


# --- cluster ----------------------------------------------------------------------------------------------------------


def answer(status: int = 200, version: object = "v1.33.4+k3s1") -> ServerAnswer:
    return ServerAnswer(status, json.dumps({"gitVersion": version}).encode(), Dated(DATE, NOW))


def test_the_oldest_version_is_that_of_the_chart() -> None:
    chart = yaml.safe_load((ROOT / "charts/jwk-operator/Chart.yaml").read_text())
    assert chart["kubeVersion"] == f">={'.'.join(map(str, MINIMUM))}.0-0"


@pytest.mark.parametrize(
    ("given", "check", "level", "text"),
    [
        (answer(), "version", Level.OK, "v1.33.4+k3s1; 1.30 and newer are supported"),
        (answer(version="v1.29.9"), "version", Level.FAILED, "v1.29.9 is not supported"),
        (answer(version=None), "version", Level.FAILED, "None is not supported"),
        (ServerAnswer(200, b"<html>", Dated(DATE, NOW)), "version", Level.WARNING, "the answer names no version"),
        (answer(403), "server", Level.WARNING, "403: it accepts the login, which has no right to ask for /version"),
        (answer(503), "server", Level.FAILED, "it answers 503"),
        (TimeoutError(), "server", Level.FAILED, "it does not answer in time"),
        (socket.gaierror(), "server", Level.FAILED, "its host name cannot be resolved"),
        (AccessError("the plug-in failed"), "server", Level.FAILED, "the plug-in failed"),
        (ConnectionResetError(), "server", Level.FAILED, "it closes the connection without an answer"),
    ],
)
def test_what_a_server_answers(given: ServerAnswer | Exception, check: str, level: Level, text: str) -> None:
    (found,) = (item for item in judge_cluster("kubeconfig", "https://server", given) if item.check == check)
    assert (found.level, found.text) == (level, text)
    assert bool(found.remedy) == (level is not Level.OK)


# --- CRDs -------------------------------------------------------------------------------------------------------------


def installed() -> list[dict[str, Any]]:
    conditions = {"conditions": [{"type": "Established", "status": "True"}]}
    return [{**copy.deepcopy(crd(resource)), "status": conditions} for resource in RESOURCES]


def test_crds_as_they_should_be() -> None:
    assert {finding.level for finding in judge_crds([*installed()])} == {Level.OK}


def first_of(found: Found) -> Finding:
    _, *others = installed()
    return judge_crds([found, *others])[0]


def test_a_crd_that_is_of_no_use() -> None:
    going, unestablished, other_version, newer, changed = (installed()[0] for _ in range(5))
    going["metadata"]["deletionTimestamp"] = "2026-05-06T07:08:09Z"
    unestablished["status"]["conditions"] = [{"type": "Established", "status": "False", "reason": "NotAccepted"}]
    other_version["spec"]["versions"][0]["name"] = "v1beta1"
    schema = newer["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    schema["properties"]["spec"]["properties"]["colour"] = {"type": "string"}
    changed["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["description"] = "other"
    own = "its schema is not this program's own:"
    for raw, level, text in (
        (going, Level.FAILED, "the CRD is being deleted, and every object with it"),
        (unestablished, Level.FAILED, "the CRD is not established (NotAccepted)"),
        (other_version, Level.FAILED, "the CRD serves v1beta1 and not v1alpha1"),
        (newer, Level.WARNING, f"{own} it is newer and has spec.colour"),
        (changed, Level.WARNING, f"{own} the fields are the same, their rules or descriptions are not"),
    ):
        found = first_of(raw)
        assert (found.check, found.level, found.text) == ("jwks", level, text)
        assert "jwk-operator crds | kubectl apply --server-side -f -" in found.remedy


def test_a_crd_that_cannot_be_read() -> None:
    assert first_of(FORBIDDEN).level is Level.SKIPPED
    assert first_of(ApiUnavailableError("later")).level is Level.FAILED


# --- the operator -----------------------------------------------------------------------------------------------------


def deployment(wanted: int, available: int, **variables: str) -> dict[str, Any]:
    env = [{"name": name, "value": value} for name, value in variables.items()]
    pod = {"containers": [{"image": "operator:1", "env": env}]}
    return {
        "metadata": {"namespace": "system", "name": "jwk-operator"},
        "spec": {"replicas": wanted, "template": {"spec": pod}},
        "status": {"availableReplicas": available},
    }


def lease(holder: str = "pod", age: float = 3, duration: int = 15) -> dict[str, Any]:
    renewed = (NOW - timedelta(seconds=age)).isoformat()
    spec = {"holderIdentity": holder, "renewTime": renewed, "leaseDurationSeconds": duration}
    return {"metadata": {"namespace": "system", "name": "jwk-operator"}, "spec": spec}


def test_pods_that_wait_say_for_what() -> None:
    waiting = {"state": {"waiting": {"reason": "ImagePullBackOff"}}}
    pod = {"metadata": {"namespace": "system", "name": "one"}, "status": {"containerStatuses": [waiting]}}
    found = judge_installation(Installation(None, [deployment(2, 0)], [pod], [lease()]), NOW)
    assert levels(found) == {"Deployment": Level.FAILED, "Lease": Level.OK}
    assert found[0].text == (
        "system/jwk-operator: 0 of 2 replicas available, image operator:1; pod one waits: ImagePullBackOff"
    )


def test_a_deployment_that_is_scaled_down() -> None:
    (found, _) = judge_installation(Installation(None, [deployment(0, 0)], [], [lease()]), NOW)
    assert (found.level, found.remedy) == (
        Level.FAILED,
        "kubectl scale deployment -n system jwk-operator --replicas=2",
    )


@pytest.mark.parametrize(
    ("given", "level", "text"),
    [
        (lease(), Level.OK, "system/jwk-operator: held by pod, which renews it"),
        (lease(age=16), Level.WARNING, "pod renewed it last 16 s ago, so no operator seems to act"),
        (lease(age=7200), Level.WARNING, "pod renewed it last 2 h ago, so no operator seems to act"),
        (lease(holder=""), Level.WARNING, "nobody holds it, so no operator acts"),
    ],
)
def test_leases(given: dict[str, Any], level: Level, text: str) -> None:
    (_, found) = judge_installation(Installation("system", [deployment(1, 1)], [], [given]), NOW)
    assert found.level is level
    assert found.text.endswith(text)


def test_an_operator_outside_of_the_cluster_shows_by_its_lease() -> None:
    found = judge_installation(Installation(None, [], [], [lease()]), NOW)
    assert levels(found) == {"Deployment": Level.OK, "Lease": Level.OK}


def test_the_lease_and_the_account_are_those_of_the_deployment() -> None:
    raw = deployment(1, 1, JWK_OPERATOR_LEASE_NAME="mine")
    found = Installation(None, [raw], [], [])
    assert (found.lease_name, found.account) == ("mine", ("system", "default"))
    assert Installation(None, FORBIDDEN, FORBIDDEN, FORBIDDEN).account is None


def test_what_may_not_be_listed_is_skipped() -> None:
    found = judge_installation(Installation(None, FORBIDDEN, FORBIDDEN, ApiUnavailableError("later")), NOW)
    assert levels(found) == {"Deployment": Level.SKIPPED, "Lease": Level.SKIPPED}
    assert "--service-account NAMESPACE/NAME" in found[0].remedy


# --- certificates -----------------------------------------------------------------------------------------------------


def certificate(days: float, subject: str = "CN=manager", issuer: str = "CN=authority") -> Certificate:
    return Certificate(subject, issuer, NOW - timedelta(days=1), NOW + timedelta(days=days), ("manager.example.com",))


def test_a_certificate_that_lasts() -> None:
    chain = (certificate(31), certificate(400, "CN=authority", "CN=root"))
    (found,) = judge_certificate(Handshake("manager.example.com", chain), NOW, own_ca=False, unchecked=False)
    assert found == Finding(
        "TLS",
        Level.OK,
        "CN=manager for manager.example.com, signed by CN=authority, valid until 2026-06-06, then CN=authority",
    )


def test_a_certificate_that_ends_soon() -> None:
    (found,) = judge_certificate(Handshake("host", (certificate(29),)), NOW, own_ca=False, unchecked=False)
    assert (found.level, found.text.rpartition("; ")[2]) == (Level.WARNING, "the certificate ends in 29 days")
    chain = (certificate(100), certificate(5, "CN=authority", "CN=root"))
    (found,) = judge_certificate(Handshake("host", chain), NOW, own_ca=False, unchecked=False)
    assert found.text.endswith("; the certificate of CN=authority ends in 5 days")


def test_a_certificate_that_has_ended_and_is_accepted_all_the_same() -> None:
    found = judge_certificate(Handshake("host", (certificate(-1),)), NOW, own_ca=False, unchecked=True)
    assert found[0].text.endswith("the certificate has ended")
    assert [finding.level for finding in found] == [Level.WARNING, Level.WARNING]


def test_what_is_no_certificate() -> None:
    assert read_certificate(b"nothing") is None
    (found,) = judge_certificate(Handshake("host", (), 20, "why"), NOW, own_ca=True, unchecked=False)
    assert found.text == "why (no certificate that can be read)"
