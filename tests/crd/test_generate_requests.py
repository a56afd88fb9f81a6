"""What the API server lets through in `spec.generate`, Apinizer's generate call can take."""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus
from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apinizer_simulator.errors import ApiError
from apinizer_simulator.schema import check_generate
from crd.server import Object, Server, resource
from jwk_operator.api.algorithms import GENERATE_ALGORITHMS, KeyType, UseType
from jwk_operator.api.jwk import JWKSpec
from jwk_operator.api.names import RemoteName
from jwk_operator.reconcile.request import generate_body

TARGET = RemoteName("shop", "signing")
OPTIONS: dict[KeyType, tuple[str, tuple[int | str, ...]]] = {
    KeyType.RSA: ("keySize", (2048, 3072, 4096)),
    KeyType.EC: ("curveType", ("P256", "P384", "P521", "SECP256K1")),
    KeyType.OCT: ("keySize", (128, 192, 256)),
    KeyType.OKP: ("curveType", ("ED25519", "X25519")),
}
NAMES = {
    key_type: [None, *(name for by_type in GENERATE_ALGORITHMS.values() for name in by_type[key_type])]
    for key_type in KeyType
}
COMBINATIONS = [
    pytest.param(
        key_type,
        {"type": key_type.value, key_type.value.lower(): {option: value}},
        use,
        id=f"{value}-{use or 'default'}",
    )
    for key_type, (option, values) in OPTIONS.items()
    for value, use in product(values, (None, *UseType))
]


def accepted_by_the_api_server(server: Server, generate: Object) -> bool:
    answer = server.create(resource("JWK", {"sourceType": "GENERATE", "generate": generate}))
    assert answer.status in (HTTPStatus.CREATED, HTTPStatus.UNPROCESSABLE_ENTITY), answer.message
    return answer.status == HTTPStatus.CREATED


def refused_by_apinizer(generate: Object) -> str | None:
    spec = JWKSpec.model_validate({"sourceType": "GENERATE", "generate": generate})
    try:
        check_generate(generate_body(spec, TARGET))
    except ApiError as error:
        return str(error)
    return None


@pytest.mark.parametrize(("key_type", "generate", "use"), COMBINATIONS)
def test_every_combination_of_key_use_and_algorithm(
    server: Server, key_type: KeyType, generate: Object, use: UseType | None
) -> None:
    """Apinizer refuses nothing that was let through, and something was let through for each key and use."""
    combinations = [
        {**generate, **({"keyUseType": use.value} if use else {}), **({"algorithm": name} if name else {})}
        for name in NAMES[key_type]
    ]
    passed = [combination for combination in combinations if accepted_by_the_api_server(server, combination)]
    assert [(combination, why) for combination in passed if (why := refused_by_apinizer(combination))] == []
    assert passed


@st.composite
def times(draw: st.DrawFn) -> str:
    """ISO 8601 times with and without fraction and zone, and now and then something else."""
    moment = draw(st.datetimes(datetime(1990, 1, 1), datetime(2090, 1, 1)))  # noqa: DTZ001 - the zone is drawn below
    fraction, zone = draw(st.sampled_from(["", ".5", ".000001"])), draw(st.sampled_from(["", "Z", "+00:00", "-11:30"]))
    text = moment.replace(microsecond=0).isoformat() + fraction + zone
    return draw(st.sampled_from([text] * 8 + [text.replace("T", " "), text[:10], ""]))


@st.composite
def generates(draw: st.DrawFn) -> Object:
    """Specs of every type; most of them fit together."""
    key_type = draw(st.sampled_from(KeyType))
    option, values = OPTIONS[key_type]
    options: dict[str, Any] = {option: draw(st.sampled_from(values))}
    if key_type is KeyType.OCT:
        options |= draw(
            st.fixed_dictionaries(
                {}, optional={name: st.integers(0, 2000) for name in ("passwordSaltLength", "passwordIterationCount")}
            )
        )
    use = draw(st.sampled_from(UseType))
    flat: dict[str, st.SearchStrategy[str]] = {
        "kid": st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
        "algorithm": st.sampled_from(GENERATE_ALGORITHMS[use][key_type]) | st.sampled_from(NAMES[key_type][1:]),
        "keyIdType": st.sampled_from(["TIMESTAMP", "SHA256", "SHA1", "ISO_DATE", "NONE"]),
        "notBeforeTime": times(),
        "expirationTime": times(),
    }
    chosen = draw(st.fixed_dictionaries({}, optional=flat))
    shown = {"keyUseType": use.value} if use is UseType.ENCRYPTION or draw(st.booleans()) else {}
    return {"type": key_type.value, key_type.value.lower(): options, **shown, **chosen}


@settings(max_examples=300, deadline=None)
@given(generate=generates())
def test_what_the_api_server_accepts_apinizer_can_take(server: Server, generate: Object) -> None:
    if accepted_by_the_api_server(server, generate):
        assert refused_by_apinizer(generate) is None
