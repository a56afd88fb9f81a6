"""The policy that warns of private keys in specs."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from http import HTTPStatus
from pathlib import Path

import pytest

from crd.server import Answer, Object, Server, resource

BINDING = (
    "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings/jwk-private-members.apiops.apinizer.com"
)
FOLDER = Path(__file__).parents[2] / "manifests" / "admission"
WARNING = (
    "spec.jwkStr holds private key material, which everyone who may read this JWK sees: put it into a Secret and "
    "refer to it with spec.jwkStrFrom.secretKeyRef"
)

PRIVATE = {
    **{f"member-{name}": f'{{"kty":"X","{name}":"v"}}' for name in ("d", "p", "q", "dp", "dq", "qi", "oth", "k")},
    "first": '{"d":"v"}',
    "spaced": '{ "kty" : "RSA" ,\n\t"d"\n:\t"v" }',
    "in-a-set": '{"keys":[{"kty":"RSA","n":"v"},{"kty":"oct","k":"v"}]}',
    "escaped": r'{"kty":"RSA","\u0064":"v"}',
    "escaped-upper": r'{"kty":"oct","\u006B":"v"}',
    "escaped-later": r'{"kty":"RSA","o\u0074h":[]}',
}
PUBLIC = {
    "rsa": '{"kty":"RSA","n":"v","e":"AQAB","kid":"d","use":"sig","alg":"RS256"}',
    "ec": '{"kty":"EC","crv":"P-256","x":"d","y":"k"}',
    "operations": '{"kty":"RSA","key_ops":["verify","d","k"],"n":"v","e":"AQAB"}',
    "quoted-in-a-value": r'{"kty":"RSA","kid":"a,\"d\":b","n":"{\"k\":","e":"AQAB"}',
    "value-ends-like-a-start": '{"kty":"RSA","kid":"a,","n":"{"}',
    "similar-names": '{"kty":"RSA","kd":"v","dd":"v","key":"v","D":"v"}',
    "escape-in-a-value": r'{"kty":"RSA","kid":"\u0064"}',
    "largest": '{"kty":"RSA","n":"' + '{,d"'.replace('"', "") * 87_370 + '"}',
}


def _paste(text: str) -> Object:
    return resource("JWK", {"sourceType": "COPY_PASTE", "jwkStr": text}, "pasted")


def _act(server: Server, action: str) -> None:
    """Set what the policy does, and wait until the API server goes by it."""
    patch = {"spec": {"validationActions": [action]}}
    answer = server.request("PATCH", BINDING, patch, content_type="application/merge-patch+json")
    assert answer.status == HTTPStatus.OK, answer.message
    _until(lambda: server.create(_paste(PRIVATE["first"])), lambda answer: _acted(answer, action))


def _acted(answer: Answer, action: str) -> bool:
    if action == "Deny":
        return answer.status == HTTPStatus.UNPROCESSABLE_ENTITY or answer.status == HTTPStatus.FORBIDDEN
    return answer.status == HTTPStatus.CREATED and bool(answer.warnings)


def _until(attempt: Callable[[], Answer], satisfied: Callable[[Answer], bool]) -> None:
    deadline = time.monotonic() + 30
    while not satisfied(attempt()):
        assert time.monotonic() < deadline, "the policy did not take effect"
        time.sleep(0.1)


@pytest.fixture(scope="module")
def warning(server: Server, kubectl: Callable[..., str]) -> Iterator[Server]:
    """The API server with the policy as it ships."""
    kubectl("apply", "--server-side", "--force-conflicts", "-k", str(FOLDER))
    _act(server, "Warn")
    yield server
    kubectl("delete", "-k", str(FOLDER))


@pytest.fixture
def denying(warning: Server) -> Iterator[Server]:
    """The API server with the policy switched to Deny."""
    _act(warning, "Deny")
    yield warning
    _act(warning, "Warn")


@pytest.mark.parametrize("text", PRIVATE.values(), ids=PRIVATE)
def test_private_members_are_warned_of(warning: Server, text: str) -> None:
    answer = warning.create(_paste(text))
    assert answer.status == HTTPStatus.CREATED
    assert [WARNING in line for line in answer.warnings] == [True]


@pytest.mark.parametrize("text", PUBLIC.values(), ids=PUBLIC)
def test_public_keys_pass_in_silence(warning: Server, text: str) -> None:
    answer = warning.create(_paste(text))
    assert (answer.status, answer.warnings, answer.message) == (HTTPStatus.CREATED, (), "")


def test_shipped_binding_says_how_to_deny() -> None:
    assert "validationActions: [Warn] # [Deny] refuses" in (FOLDER / "binding.yaml").read_text()


def test_private_members_can_be_denied(denying: Server) -> None:
    answer = denying.create(_paste(PRIVATE["first"]))
    assert answer.message == (
        'jwks.apiops.apinizer.com "pasted" is forbidden: ValidatingAdmissionPolicy '
        "'jwk-private-members.apiops.apinizer.com' with binding 'jwk-private-members.apiops.apinizer.com' denied "
        f"request: {WARNING}"
    )
    assert denying.create(_paste(PUBLIC["rsa"])).status == HTTPStatus.CREATED


def test_an_object_from_before_can_still_lose_its_finalizer(warning: Server) -> None:
    private = _paste(PRIVATE["first"])
    private["metadata"]["finalizers"] = ["apiops.apinizer.com/jwk"]
    created = warning.create(private, dry_run=False).body
    _act(warning, "Deny")
    try:
        answer = warning.replace({**created, "metadata": {**created["metadata"], "finalizers": []}}, dry_run=False)
        assert (answer.status, answer.warnings) == (HTTPStatus.OK, ())
    finally:
        warning.delete(created)
        _act(warning, "Warn")
