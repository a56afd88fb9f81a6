"""Which keys are made: each is one that the operator takes, and that can be used as it says."""

from __future__ import annotations

import itertools
import json
from datetime import UTC, datetime
from functools import cache
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc.jwk import import_key

from jwk_operator.api.algorithms import DEPRECATED
from jwk_operator.cli.keys.making import as_text, dress, make, public_part
from jwk_operator.cli.keys.recipes import RSA_SIZES, TYPES, Recipe, RecipeError, choose
from jwk_operator.reconcile import keyuse
from jwk_operator.reconcile.keymaterial import PRIVATE_MEMBERS, inspect_key, keys_in
from jwk_operator.reconcile.keyreview import bits, review

NOW = datetime(2026, 11, 26, tzinfo=UTC)
SIZES = (None, 128, 192, 256, 384, 512, 1024, *RSA_SIZES)
CURVES = (None, *keyuse.CURVES["EC"], *keyuse.CURVES["OKP"])
USES = (None, "sig", "enc")
ALGORITHMS = (None, *keyuse.EVERY_ALGORITHM)


def accepted() -> list[Recipe]:
    found = dict.fromkeys(
        recipe
        for wish in itertools.product(TYPES, SIZES, CURVES, USES, ALGORITHMS)
        if (recipe := _chosen(*wish)) is not None
    )
    return list(found)


def _chosen(*wish: Any) -> Recipe | None:
    try:
        return choose(*wish)
    except RecipeError:
        return None


@cache
def material(kty: str, size: int | None, curve: str | None) -> dict[str, Any]:
    """A key of this form; RSA keys take their time, so each is made once."""
    made = make(Recipe(kty, size, curve, "sig", None))
    return {name: value for name, value in made.items() if name not in ("kid", "use", "alg")}


RECIPES = accepted()
CHECKED = [recipe for recipe in RECIPES if recipe.kty != "RSA" or recipe.size == RSA_SIZES[0] or recipe.alg is None]
"""To check a long RSA key takes its time, and its algorithm changes nothing about it."""


def test_every_algorithm_use_size_and_curve_can_be_had() -> None:
    assert {(recipe.kty, recipe.alg) for recipe in RECIPES if recipe.alg} == {
        (kty, alg) for kty in TYPES for alg in keyuse.algorithms(kty)
    }
    assert {recipe.curve for recipe in RECIPES} == set(CURVES)
    assert {recipe.size for recipe in RECIPES if recipe.kty == "RSA"} == set(RSA_SIZES)
    assert {(recipe.kty, recipe.use) for recipe in RECIPES} == set(itertools.product(TYPES, ("sig", "enc")))


@pytest.mark.parametrize("recipe", CHECKED, ids=str)
def test_what_is_made_is_taken_and_says_what_it_is(recipe: Recipe) -> None:
    key = dress(recipe, material(recipe.kty, recipe.size, recipe.curve), None)
    facts = inspect_key(json.dumps(key), None)
    assert (facts.type, facts.kid) == (recipe.kty.upper(), key["kid"])
    assert (facts.thumbprint is None) if recipe.kty == "oct" else (facts.thumbprint == facts.kid)
    assert bits(key) == recipe.size
    found = (key["kty"], key.get("crv"), key["use"], key.get("alg"))
    assert found == (recipe.kty, recipe.curve, recipe.use, recipe.alg)
    wanted = ["deprecated-alg"] if recipe.alg in DEPRECATED else []
    assert [remark.id for remark in review(key, NOW)] == wanted
    assert keys_in(as_text([key], as_set=False)) == keys_in(as_text([key], as_set=True)) == [key]
    if recipe.kty != "oct":
        shared = public_part(key)
        assert not PRIVATE_MEMBERS & shared.keys()
        assert inspect_key(json.dumps(shared), key["kid"]).thumbprint == facts.thumbprint
        assert import_key(shared).thumbprint() == facts.thumbprint


@given(*map(st.sampled_from, (TYPES, SIZES, CURVES, USES, ALGORITHMS)))
def test_what_was_said_is_what_is_made(
    kty: str, size: int | None, curve: str | None, use: str | None, alg: str | None
) -> None:
    said_by_option = {"--size": size, "--curve": curve, "--use": use, "--alg": alg}
    wrong, recipe = None, None
    try:
        recipe = choose(kty, size, curve, use, alg)
    except RecipeError as error:
        wrong = error.option
    if recipe is None:
        assert said_by_option[str(wrong)] is not None, f"{wrong} was left out, and cannot be wrong"
        return
    for said, made in ((size, recipe.size), (curve, recipe.curve), (use, recipe.use), (alg, recipe.alg)):
        assert said in (None, made)


@pytest.mark.parametrize(
    ("wish", "recipe"),
    [
        (("RSA", None, None, None, None), Recipe("RSA", 3072, None, "sig", None)),
        (("RSA", None, None, None, "RSA-OAEP-256"), Recipe("RSA", 3072, None, "enc", "RSA-OAEP-256")),
        (("EC", None, None, None, None), Recipe("EC", None, "P-256", "sig", "ES256")),
        (("EC", None, None, "enc", None), Recipe("EC", None, "P-256", "enc", None)),
        (("EC", None, None, None, "ES512"), Recipe("EC", None, "P-521", "sig", "ES512")),
        (("EC", None, "secp256k1", None, None), Recipe("EC", None, "secp256k1", "sig", "ES256K")),
        (("OKP", None, None, None, None), Recipe("OKP", None, "Ed25519", "sig", "EdDSA")),
        (("OKP", None, None, "enc", None), Recipe("OKP", None, "X25519", "enc", None)),
        (("OKP", None, "X448", None, None), Recipe("OKP", None, "X448", "enc", None)),
        (("OKP", None, None, None, "ECDH-ES"), Recipe("OKP", None, "X25519", "enc", "ECDH-ES")),
        (("oct", None, None, None, None), Recipe("oct", 256, None, "sig", "HS256")),
        (("oct", None, None, None, "HS384"), Recipe("oct", 384, None, "sig", "HS384")),
        (("oct", 512, None, None, None), Recipe("oct", 512, None, "sig", None)),
        (("oct", None, None, None, "A128KW"), Recipe("oct", 128, None, "enc", "A128KW")),
        (("oct", None, None, None, "dir"), Recipe("oct", 256, None, "enc", "dir")),
        (("oct", None, None, "enc", None), Recipe("oct", 256, None, "enc", None)),
    ],
)
def test_what_is_left_out_is_filled_in(wish: Any, recipe: Recipe) -> None:
    assert choose(*wish) == recipe


@pytest.mark.parametrize(
    ("wish", "option", "message"),
    [
        (("RSA", 1024, None, None, None), "--size", "an RSA key has 2048 or 3072 or 4096 bits"),
        (("RSA", None, "P-256", None, None), "--curve", "--type RSA has no curves; give --size"),
        (("EC", 256, None, None, None), "--size", "--type EC has no sizes; give --curve"),
        (("EC", None, "Ed25519", None, None), "--curve", "--type EC has P-256, P-384, P-521, secp256k1"),
        (("EC", None, "P-384", None, "ES256"), "--alg", "ES256 needs --curve P-256"),
        (("EC", None, "secp256k1", "enc", None), "--use", "a key on secp256k1 can only be for sig"),
        (("OKP", None, "X25519", "sig", None), "--use", "a key on X25519 can only be for enc"),
        (("OKP", None, None, "enc", "EdDSA"), "--alg", None),
        (("RSA", None, None, None, "ES256"), "--alg", None),
        (("EC", None, None, None, "rs256"), "--alg", None),
        (("oct", 100, None, None, None), "--size", "a symmetric key has 128 to 4096 bits in whole bytes"),
        (("oct", 128, None, None, None), "--size", "HS256 needs a key of 256 bits or more"),
        (("oct", 256, None, None, "HS512"), "--size", "HS512 needs a key of 512 bits or more"),
        (("oct", 256, None, None, "A128KW"), "--size", "A128KW takes a key of 128 bits"),
    ],
)
def test_what_does_not_fit_is_refused_with_the_remedy(wish: Any, option: str, message: str | None) -> None:
    with pytest.raises(RecipeError) as caught:
        choose(*wish)
    assert caught.value.option == option
    if message is not None:
        assert str(caught.value) == message
    else:
        assert all(name in str(caught.value) for name in keyuse.algorithms(wish[0], wish[3]))
