"""The tables of algorithms, in both spellings and both directions."""

from __future__ import annotations

import pytest

from apinizer_simulator.algorithms import ALGORITHMS as CREATE_TABLE
from apinizer_simulator.algorithms import GENERATE_ALGORITHMS as GENERATE_TABLE
from jwk_operator.api.algorithms import (
    ALGORITHMS,
    DEPRECATED,
    GENERATE_ALGORITHMS,
    KeyType,
    UseType,
    algorithms_for,
    create_spelling,
    generate_spelling,
    key_types_of,
)

ALL = sorted({name for use in UseType for name in algorithms_for(use)})
PAIRS = [(use, key_type) for use in UseType for key_type in KeyType]


@pytest.mark.parametrize(("use", "key_type"), PAIRS)
def test_every_algorithm_of_a_key_type_leads_back_to_it(use: UseType, key_type: KeyType) -> None:
    assert all(key_type in key_types_of(name) for name in ALGORITHMS[use][key_type])


@pytest.mark.parametrize("name", ALL)
def test_every_key_type_of_an_algorithm_has_it(name: str) -> None:
    owners = {key_type for use, key_type in PAIRS if name in ALGORITHMS[use][key_type]}
    assert key_types_of(name) == owners != set()


@pytest.mark.parametrize("name", ["", "RSA", "rs256", "none"])
def test_unknown_algorithm_has_no_key_type(name: str) -> None:
    assert key_types_of(name) == frozenset()
    assert create_spelling(name) is None


def test_uses_share_no_algorithm() -> None:
    assert not set(algorithms_for(UseType.SIGNATURE)) & set(algorithms_for(UseType.ENCRYPTION))


def test_deprecated_ones_exist() -> None:
    assert set(ALL) >= DEPRECATED


@pytest.mark.parametrize("name", ALL)
def test_spellings_translate_both_ways(name: str) -> None:
    assert create_spelling(generate_spelling(name)) == name


@pytest.mark.parametrize(
    ("create", "generate"),
    [
        ("RS256", "RSA256"),
        ("PS256", "PS256"),
        ("RSA1_5", "RSA1_5"),
        ("RSA-OAEP-256", "RSA_OAEP_256"),
        ("ES256K", "ES256K"),
        ("ECDH-ES+A128KW", "ECDH_ES_A128KW"),
        ("ECDH-1PU", "ECDH_1PU"),
        ("PBES2-HS512+A256KW", "PBES2_HS512_A256KW"),
        ("DIR", "DIR"),
        ("EdDSA", "EdDSA"),
    ],
)
def test_spelling_of_the_generate_call(create: str, generate: str) -> None:
    assert generate_spelling(create) == generate


@pytest.mark.parametrize(("use", "key_type"), PAIRS)
def test_generate_table_has_the_same_algorithms(use: UseType, key_type: KeyType) -> None:
    names = GENERATE_ALGORITHMS[use][key_type]
    assert tuple(create_spelling(name) for name in names) == ALGORITHMS[use][key_type]


@pytest.mark.parametrize(("use", "key_type"), PAIRS)
def test_tables_are_those_that_apinizer_goes_by(use: UseType, key_type: KeyType) -> None:
    assert ALGORITHMS[use][key_type] == CREATE_TABLE[key_type.value, use.value]
    table = GENERATE_TABLE[key_type.value, use.value]
    assert GENERATE_ALGORITHMS[use][key_type] == tuple(table)
    assert {name: create_spelling(name) for name in table} == table
    assert {generate_spelling(name) for name in table.values()} == set(table)


@pytest.mark.parametrize("name", sorted(name for name in ALL if generate_spelling(name) != name))
def test_a_name_of_the_create_call_is_none_of_the_generate_call(name: str) -> None:
    assert create_spelling(name) is None
