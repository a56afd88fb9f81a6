"""Names of remote JWKs and the records of them, delays, and the create request's body."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jwk_operator.api.jwk import JWKSpec
from jwk_operator.api.names import Aside, Claim, Phase, RemoteName, aside_name, source_digest
from jwk_operator.reconcile.delays import after, backoff, checkup
from jwk_operator.reconcile.request import create_body
from unit.builders import TARGET, UID, a_claim, a_spec

NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20).filter(
    lambda name: name not in (".", "..")
)
JITTER = st.floats(0, 1, exclude_max=True)


@given(NAMES, NAMES)
def test_a_remote_name_survives_its_annotation(project: str, name: str) -> None:
    remote = RemoteName(project, name)
    text = remote.encode()
    assert text.isascii()
    assert text.count("/") == 1
    assert RemoteName.decode(text) == remote


@pytest.mark.parametrize(
    ("project", "name", "text"),
    [
        ("shop", "signing", "shop/signing"),
        ("a/b", "c d", "a%2Fb/c%20d"),
        ("100%", "%2F", "100%25/%252F"),
        ("çarşaf", "müşteri", "%C3%A7ar%C5%9Faf/m%C3%BC%C5%9Fteri"),
    ],
)
def test_remote_name_in_its_annotation(project: str, name: str, text: str) -> None:
    assert RemoteName(project, name).encode() == text


@pytest.mark.parametrize("text", ["", "/", "a", "a/", "/b", "a/b/c", "shop/..", "shop/.", "../signing", "shop/%2E%2e"])
def test_what_is_no_remote_name(text: str) -> None:
    assert RemoteName.decode(text) is None


def test_a_claim_survives_its_annotations() -> None:
    claim = a_claim(a_spec())
    assert claim.encode() == f"{UID}.{claim.visible}.{claim.source}.-.-.-"
    assert Claim.decode(claim.remote.encode(), claim.encode()) == claim
    aside = Aside("old.name-1 / ü", "", "", "5e", Phase.RETURNING)
    whole = replace(claim, address="ad", key="ke", adopts=True, source="", aside=aside)
    assert aside.encode() == "returning.-.-.5e.old.name-1%20%2F%20%C3%BC"
    assert Claim.decode(whole.remote.encode(), whole.encode(), aside.encode()) == whole


@pytest.mark.parametrize("text", [None, "", "creating", "creating.a.b.c", "sleeping.a.b.c.old", "creating.a.b.c..."])
def test_what_is_no_record_of_a_replacement(text: str | None) -> None:
    assert Aside.decode(text) is None


@given(st.text(min_size=1, max_size=255), st.integers(0, 3))
def test_a_name_aside_is_recognisable_short_enough_and_free(name: str, before: int) -> None:
    taken: set[str] = set()
    for _ in range(before):
        taken.add(aside_name(name, UID, taken))
    found = aside_name(name, UID, taken)
    assert len(found) <= 255
    assert found not in taken
    start, _, digest = found.rpartition("-replaced-")
    assert name.startswith(start)
    assert len(digest) == 8
    assert found != aside_name(name, "another uid", taken)


@pytest.mark.parametrize(
    ("remote", "claim"),
    [
        (None, "u.v.s.a.k.-"),
        ("shop/signing", None),
        ("shop", "u.v.s.a.k.-"),
        ("shop/signing", "u.v"),
        ("shop/signing", "u.v.s.a.k.-.x"),
        ("a/b", ""),
    ],
)
def test_what_is_no_claim(remote: str | None, claim: str | None) -> None:
    assert Claim.decode(remote, claim) is None


@given(st.text(max_size=30), st.text(max_size=30))
def test_reading_a_claim_never_raises(remote: str, claim: str) -> None:
    Claim.decode(remote, claim)


@pytest.mark.parametrize(
    ("fields", "same"),
    [
        ({"description": "x"}, True),
        ({"redeployPolicy": "Never", "deletionPolicy": "Retain", "suspend": True}, True),
        ({"name": "x"}, True),
        ({"url": "https://other"}, False),
        ({"kid": "k"}, False),
        ({"urlOptionReadTimeout": 1}, False),
    ],
)
def test_source_digest_is_about_the_source(fields: dict[str, Any], same: bool) -> None:
    assert (source_digest(a_spec(**fields)) == source_digest(a_spec())) is same


@given(st.integers(0, 10_000), JITTER)
def test_backoff_is_bounded_and_fully_jittered(failures: int, jitter: float) -> None:
    ceiling = min(300.0, 2.0 ** min(failures, 20))
    assert backoff(failures, jitter) == max(1.0, jitter * ceiling)
    assert 1.0 <= backoff(failures, jitter) <= 300.0


@given(st.floats(0, 3600), JITTER)
def test_a_delay_that_was_named_is_never_cut(seconds: float, jitter: float) -> None:
    assert seconds <= after(seconds, jitter) <= seconds + 2.0


@given(st.floats(1, 86_400), JITTER)
def test_check_ups_are_spread_by_a_tenth(interval: float, jitter: float) -> None:
    assert interval * 0.89999 <= checkup(interval, jitter) <= interval * 1.10001


PLACE = {"environmentName": "prod", "useType": "SIGNATURE", "algorithm": "RS256"}


@pytest.mark.parametrize(
    ("fields", "jwk_str", "body"),
    [
        ({"sourceType": "URL", "url": "u"}, None, {"sourceType": "URL", "url": "u"}),
        (
            {
                "sourceType": "URL",
                "url": "u",
                "kid": "k",
                "description": "d",
                "urlOptionConnectTimeout": 1,
                "urlOptionReadTimeout": 2,
                "urlOptionSizeLimit": 3,
            },
            None,
            {
                "sourceType": "URL",
                "url": "u",
                "kid": "k",
                "description": "d",
                "urlOptionConnectTimeout": 1,
                "urlOptionReadTimeout": 2,
                "urlOptionSizeLimit": 3,
            },
        ),
        (
            {"sourceType": "COPY_PASTE", "jwkStr": "inline", "kid": "k"},
            "inline",
            {"sourceType": "COPY_PASTE", "jwkStr": "inline", "kid": "k"},
        ),
        (
            {"sourceType": "COPY_PASTE", "jwkStrFrom": {"secretKeyRef": {"name": "s", "key": "k"}}},
            "read",
            {"sourceType": "COPY_PASTE", "jwkStr": "read"},
        ),
        (
            {"sourceType": "CERTIFICATE", "certificateName": "c", **PLACE},
            None,
            {"sourceType": "CERTIFICATE", "certificateName": "c", **PLACE},
        ),
        *(
            ({"sourceType": kind, "keyName": "k", **PLACE}, None, {"sourceType": kind, "keyName": "k", **PLACE})
            for kind in ("PUBLIC_KEY", "PRIVATE_KEY")
        ),
        (
            {"sourceType": "KEYSTORE", "keyStoreName": "s", "aliasName": "a", **PLACE},
            None,
            {"sourceType": "KEYSTORE", "keyStoreName": "s", "aliasName": "a", **PLACE},
        ),
    ],
)
def test_body_of_the_create_call(fields: dict[str, Any], jwk_str: str | None, body: dict[str, Any]) -> None:
    policies = {"name": "ignored", "projectName": "p", "suspend": True, "requiredEnvironments": ["e"]}
    spec = JWKSpec.model_validate({**policies, **fields})
    assert create_body(spec, TARGET, jwk_str) == {"name": "signing", **body}


TOKEN = {"tokenSecretRef": {"name": "s"}}
