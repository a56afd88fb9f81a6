"""Texts from outside as they are shown, and the type that shows nothing."""

from __future__ import annotations

import logging
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jwk_operator.apinizer.scrub import Secret, presentable

SECRETS = st.text("abcXYZ019-_.+/=%", min_size=8, max_size=40)
WINDOW = 8
UUID = "123e4567-e89b-12d3-a456-426614174000"


@given(st.text(max_size=600), SECRETS, st.text(max_size=20), st.data())
def test_no_piece_of_a_secret_gets_through(before: str, secret: str, after: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(secret) - WINDOW))
    end = data.draw(st.integers(start + WINDOW, len(secret)))
    shown = presentable(before + secret[start:end] + after, [secret])
    assert not [at for at in range(len(secret) - WINDOW + 1) if secret[at : at + WINDOW] in shown]


@given(SECRETS)
def test_no_encoded_secret_gets_through(secret: str) -> None:
    assert quote(secret, safe="") not in presentable(f"GET /?token={quote(secret, safe='')}", [secret])


@given(st.text(min_size=3, max_size=7, alphabet="abcxyz"))
def test_a_short_secret_is_masked_where_it_stands_whole(secret: str) -> None:
    assert presentable(f"1 {secret} 2", [secret]) == "1 *** 2"


@given(st.text(), st.lists(st.text(max_size=20), max_size=3))
def test_what_is_shown_is_short_and_printable(text: str, secrets: list[str]) -> None:
    shown = presentable(text, secrets)
    assert len(shown) <= 500
    assert shown.isprintable()
    assert "  " not in shown


@given(st.text(max_size=100))
def test_showing_twice_changes_nothing(text: str) -> None:
    assert presentable(presentable(text)) == presentable(text)


@pytest.mark.parametrize("member", ["d", "p", "q", "dp", "dq", "qi", "k"])
@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ('got {"kid":"one","NAME":"c2VjcmV0","n":"abc"}', 'got {"kid":"one","NAME":"***","n":"abc"}'),
        ('{ "NAME" :\n "c2VjcmV0" }', '{ "NAME" : "***" }'),
        (r'"jwkStr":"{\"NAME\":\"c2VjcmV0\"}"', r'"jwkStr":"{\"NAME\":\"***"}"'),
        (r'"{\\\"NAME\\\":\\\"c2VjcmV0\\\"}"', r'"{\\\"NAME\\\":\\\"***"}"'),
        ('cut off: {"NAME":"c2Vj', 'cut off: {"NAME":"***'),
        ('{"NAME":"a\nb"}', '{"NAME":"***"}'),
        ('{"xNAME":"a"}', '{"xNAME":"a"}'),
    ],
)
def test_private_members_of_an_unknown_key_are_masked(text: str, shown: str, member: str) -> None:
    assert presentable(text.replace("NAME", member)) == shown.replace("NAME", member)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("all is well", "all is well"),
        (f"request {UUID} failed", "request … failed"),
        (f"request {UUID.upper()} failed", "request … failed"),
        ("trace 0af7651916cd43dd8448eb211c80319c", "trace …"),
        ("at 2027-01-01T12:00:00Z", "at …"),
        ("at 2027-01-01 12:00:00,123 it broke", "at … it broke"),
        ("at 2027-01-01T12:00:00.5+03:00", "at …"),
        ("one\r\ntwo\tthree\x00four\x1b[31m", "one two three four [31m"),
        (" around ", "around"),
        ("x" * 501, "x" * 499 + "…"),
        ("x" * 500, "x" * 500),
        ("", ""),
        ("JWK (name: my-jwk) is not found!", "JWK (name: my-jwk) is not found!"),
        ("Geçersiz: müşteri yok", "Geçersiz: müşteri yok"),
    ],
)
def test_examples(text: str, shown: str) -> None:
    assert presentable(text) == shown


@pytest.mark.parametrize("secret", ["", "a", "ab"])
def test_what_is_too_short_for_a_secret_masks_nothing(secret: str) -> None:
    assert presentable("abba", [secret]) == "abba"


@pytest.mark.parametrize(
    "show",
    [
        repr,
        str,
        format,
        "{}".format,
        "{!r}".format,
        lambda secret: f"{secret}",
        lambda secret: f"{secret!s:>5}",
        lambda secret: "%s %r" % (secret, secret),  # noqa: UP031 - this very form is tested
        lambda secret: str([secret]),
        lambda secret: str({secret: secret}),
        lambda secret: logging.LogRecord("a", 10, "b", 1, "%s", (secret,), None).getMessage(),
    ],
)
def test_a_secret_shows_nothing(show: object) -> None:
    assert callable(show)
    assert "hunter2" not in show(Secret("hunter2"))
    assert "***" in show(Secret("hunter2"))


def test_secrets_compare_by_value() -> None:
    assert Secret("a") == Secret("a")
    assert len({Secret("a"), Secret("a"), Secret("b")}) == 2
    assert Secret("a") != "a"
    assert Secret("a").reveal() == "a"
