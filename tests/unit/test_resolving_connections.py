"""Which connection a JWK means, whether it may be used, and who has a remote name."""

from __future__ import annotations

from typing import Any

import aiohttp
import pytest

from jwk_operator.api.base import CLAIM_ANNOTATION, FINALIZER, REMOTE_ANNOTATION
from jwk_operator.api.connection import LabelSelector
from jwk_operator.api.names import RemoteName
from jwk_operator.api.reasons import Reason
from jwk_operator.api.selector import selects
from jwk_operator.kube.client import KubeClient
from jwk_operator.kube.jwks import open_store, trim
from jwk_operator.kube.secrets import Sources
from jwk_operator.kube.store import Raw, Store
from jwk_operator.reconcile.connections import Connections
from jwk_operator.reconcile.gather import Gatherer

R = Reason

OWN = "ApinizerConnection"
CLUSTER = "ClusterApinizerConnection"
AUTH = {"tokenSecretRef": {"name": "token"}}
CLUSTER_AUTH = {"tokenSecretRef": {"name": "token", "namespace": "ops"}}


def a_connection(name: str = "default", namespace: str = "team", **spec: Any) -> Raw:
    fields = {"baseUrl": "https://m.example/apiops", "projectName": "shop", "auth": AUTH, **spec}
    return {
        "metadata": {"name": name, "namespace": namespace, "uid": "c", "resourceVersion": "1"},
        "spec": {key: value for key, value in fields.items() if value is not None},
    }


def for_all(**allowed: Any) -> Raw:
    return a_connection("main", "", auth=CLUSTER_AUTH, allowedNamespaces=allowed)


def a_jwk(
    resource: str = "signing", created: str = "2027-01-01T00:00:00Z", namespace: str = "team", /, **spec: Any
) -> Raw:
    metadata = {
        "name": resource,
        "namespace": namespace,
        "uid": f"{namespace}/{resource}",
        "resourceVersion": "1",
        "creationTimestamp": created,
    }
    return trim({"metadata": metadata, "spec": {"sourceType": "URL", "url": "u", **spec}})


def sources() -> Sources:
    session: Any = aiohttp.ClientSession
    return Sources(KubeClient(session, "https://unused"))


def connections(*known: Raw, clusterwide: bool = True, labels: dict[str, str] | None = None) -> Connections:
    store, namespaces = Store(dict), Store(dict)
    for raw in known:
        store.put(raw)
    namespaces.put({"metadata": {"name": "team", "resourceVersion": "1", "labels": labels}})
    return Connections(store, namespaces if clusterwide else None, sources())


MAIN: dict[str, Any] = {"connectionRef": {"kind": CLUSTER, "name": "main"}}
NOT_ALLOWED = (
    f"{CLUSTER} main does not allow namespace team; add it to spec.allowedNamespaces of the connection or use "
    "another one."
)

Problem = tuple[R, str]
PROBLEMS: list[tuple[str, list[Raw], dict[str, Any], Problem]] = [
    (
        "absent",
        [a_connection(namespace="other")],
        {},
        (
            R.CONNECTION_NOT_FOUND,
            f"{OWN} default does not exist in namespace team; create it or correct spec.connectionRef.",
        ),
    ),
    (
        "absent from the cluster",
        [a_connection("main")],
        MAIN,
        (R.CONNECTION_NOT_FOUND, f"{CLUSTER} main does not exist; create it or correct spec.connectionRef."),
    ),
    ("unreadable", [a_connection(baseUrl=None)], {}, (R.INVALID_SPEC, f"{OWN} default: spec.baseUrl: Field required.")),
    ("nobody is allowed", [for_all()], MAIN, (R.CONNECTION_NOT_ALLOWED, NOT_ALLOWED)),
    ("others are allowed", [for_all(names=["x"])], MAIN, (R.CONNECTION_NOT_ALLOWED, NOT_ALLOWED)),
    (
        "others are selected",
        [for_all(selector={"matchLabels": {"tier": "gold"}})],
        MAIN,
        (R.CONNECTION_NOT_ALLOWED, NOT_ALLOWED),
    ),
    (
        "other project",
        [a_connection()],
        {"projectName": "bank"},
        (
            R.INVALID_SPEC,
            f'spec.projectName is "bank", but {OWN} default is for project "shop"; leave spec.projectName out.',
        ),
    ),
    (
        "no project",
        [a_connection(projectName=None)],
        {},
        (R.PROJECT_NOT_SET, f"Neither spec.projectName nor {OWN} default names a project; set one of them."),
    ),
]


@pytest.mark.parametrize(("known", "spec", "problem"), [pytest.param(*rest, id=name) for name, *rest in PROBLEMS])
def test_connection_that_cannot_be_used(known: list[Raw], spec: dict[str, Any], problem: Problem) -> None:
    found = connections(*known).resolve(a_jwk(**spec)).problem
    assert found is not None
    assert (found.reason, found.message, found.retry_after) == (*problem, None)


def test_cluster_wide_kind_where_single_namespaces_are_served() -> None:
    found = connections(for_all(selector={}), clusterwide=False).resolve(a_jwk(**MAIN)).problem
    assert found is not None
    assert found.reason is R.CONNECTION_NOT_FOUND
    assert found.message == (
        f"{CLUSTER} main cannot be used: this operator serves single namespaces; use an ApinizerConnection."
    )


@pytest.mark.parametrize(
    ("known", "spec", "target"),
    [
        (a_connection(), {}, RemoteName("shop", "signing")),
        (a_connection(), {"name": "other"}, RemoteName("shop", "other")),
        (a_connection(), {"projectName": "shop"}, RemoteName("shop", "signing")),
        (a_connection(projectName=None), {"projectName": "bank"}, RemoteName("bank", "signing")),
        (for_all(names=["team"]), MAIN, RemoteName("shop", "signing")),
        (for_all(selector={}), MAIN, RemoteName("shop", "signing")),
        (for_all(names=["x"], selector={"matchLabels": {"tier": "silver"}}), MAIN, RemoteName("shop", "signing")),
    ],
)
def test_connection_that_can_be_used(known: Raw, spec: dict[str, Any], target: RemoteName) -> None:
    resolved = connections(known, labels={"tier": "silver"}).resolve(a_jwk(**spec))
    assert (resolved.problem, resolved.target, resolved.address) == (None, target, "https://m.example")


def test_referring_connections() -> None:
    known = connections(a_connection(tls={"caRef": {"kind": "ConfigMap", "name": "ca"}}), for_all(selector={}))
    assert list(known.referring("Secret", "team", "token")) == [(OWN, "team", "default")]
    assert list(known.referring("Secret", "ops", "token")) == [(CLUSTER, "", "main")]
    assert list(known.referring("ConfigMap", "team", "ca")) == [(OWN, "team", "default")]
    assert list(known.referring("Secret", "team", "ca")) == []


IN = {"key": "tier", "operator": "In", "values": ["gold", "silver"]}
NOT_IN = {**IN, "operator": "NotIn"}
EXISTS = {"key": "tier", "operator": "Exists"}
ABSENT = {"key": "tier", "operator": "DoesNotExist"}
GOLD, LEAD, NONE = {"tier": "gold"}, {"tier": "lead"}, {"x": "y"}


@pytest.mark.parametrize(
    ("selector", "selected", "not_selected"),
    [
        ({}, [GOLD, LEAD, NONE, {}], []),
        ({"matchLabels": {"tier": "gold"}}, [GOLD, GOLD | NONE], [LEAD, NONE, {}]),
        ({"matchLabels": {"tier": "gold", "x": "y"}}, [GOLD | NONE], [GOLD, NONE]),
        ({"matchExpressions": [IN]}, [GOLD], [LEAD, NONE]),
        ({"matchExpressions": [NOT_IN]}, [LEAD, NONE, {}], [GOLD]),
        ({"matchExpressions": [EXISTS]}, [GOLD, LEAD], [NONE]),
        ({"matchExpressions": [ABSENT]}, [NONE, {}], [GOLD, LEAD]),
        ({"matchLabels": {"x": "y"}, "matchExpressions": [EXISTS, NOT_IN]}, [LEAD | NONE], [LEAD, GOLD | NONE, NONE]),
        ({"matchExpressions": [EXISTS, ABSENT]}, [], [GOLD, NONE]),
    ],
)
def test_label_selector(
    selector: dict[str, Any], selected: list[dict[str, str]], not_selected: list[dict[str, str]]
) -> None:
    read = LabelSelector.model_validate(selector)
    assert [labels for labels in (*selected, *not_selected) if selects(read, labels)] == selected


def claims(raw: Raw, remote: str = "shop/signing") -> Raw:
    """The same resource with its claim on a remote name."""
    marks = {REMOTE_ANNOTATION: remote, CLAIM_ANNOTATION: f"{raw['metadata']['uid']}.v.s.-.-.-"}
    return {**raw, "metadata": {**raw["metadata"], "annotations": marks, "finalizers": [FINALIZER]}}


def goes(raw: Raw) -> Raw:
    return {**raw, "metadata": {**raw["metadata"], "deletionTimestamp": "2027-01-02T00:00:00Z"}}


OLD, NEW = "2026-01-01T00:00:00Z", "2028-01-01T00:00:00Z"
ELSEWHERE: dict[str, Any] = {"connectionRef": {"name": "elsewhere"}}
SAME_PLACE: dict[str, Any] = {"connectionRef": {"name": "same"}}
TWIN = {"name": "signing"}


@pytest.mark.parametrize(
    ("own", "others", "rival"),
    [
        (a_jwk(), [], None),
        (a_jwk(), [a_jwk("twin", OLD, **TWIN)], "team/twin"),
        (a_jwk(), [a_jwk("twin", NEW, **TWIN)], None),
        (a_jwk(), [a_jwk("twin", **TWIN)], None),
        (a_jwk(), [a_jwk("a", **TWIN)], "team/a"),
        (a_jwk(), [claims(a_jwk("twin", NEW, **TWIN))], "team/twin"),
        (claims(a_jwk()), [a_jwk("twin", OLD, **TWIN)], None),
        (claims(a_jwk()), [claims(a_jwk("twin", OLD, **TWIN))], "team/twin"),
        (a_jwk(), [a_jwk("b", OLD, **TWIN), claims(a_jwk("c", NEW, **TWIN))], "team/c"),
        (a_jwk(), [a_jwk("twin", OLD)], None),
        (a_jwk(), [claims(a_jwk("twin", NEW, name="renamed"))], "team/twin"),
        (a_jwk(), [claims(a_jwk("twin", OLD, **TWIN), "shop/old")], None),
        (a_jwk(), [goes(a_jwk("twin", OLD, **TWIN))], None),
        (a_jwk(), [goes(claims(a_jwk("twin", NEW, **TWIN)))], "team/twin"),
        (a_jwk(), [a_jwk("twin", OLD, **TWIN, **ELSEWHERE)], None),
        (a_jwk(), [a_jwk("twin", OLD, **TWIN, **SAME_PLACE)], "team/twin"),
        (a_jwk(), [a_jwk("twin", OLD, "nowhere", **TWIN)], None),
    ],
    ids=[
        "alone",
        "older",
        "younger",
        "same age, later name",
        "same age, earlier name",
        "younger owner",
        "owner keeps it",
        "older of two owners",
        "owner before older",
        "other name",
        "owner by record",
        "owner of another name",
        "older, going",
        "owner, going",
        "other manager",
        "same manager by another connection",
        "without a connection",
    ],
)
def test_who_has_a_remote_name(own: Raw, others: list[Raw], rival: str | None) -> None:
    store = open_store()
    for raw in (own, *others):
        store.put(raw)
    known = connections(
        a_connection(),
        a_connection("elsewhere", baseUrl="https://other"),
        a_connection("same", baseUrl="https://M.example:443/"),
    )
    assert Gatherer(store, known, sources()).rival(own, known.resolve(own)) == rival
