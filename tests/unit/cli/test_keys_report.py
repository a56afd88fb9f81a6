"""No report of a key, and no message about what is none, shows a private value, however broken the key is."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey

from jwk_operator.cli.keys.reading import Material, NothingReadError, keys_of
from jwk_operator.cli.keys.report import report_all
from jwk_operator.reconcile.keymaterial import PRIVATE_MEMBERS

NOW = datetime(2026, 11, 26, tzinfo=UTC)
PIECE = 8
KEYS: list[dict[str, Any]] = [
    dict(key.as_dict(private=True))
    for key in (
        RSAKey.generate_key(2048),
        ECKey.generate_key("P-256"),
        OKPKey.generate_key("Ed448"),
        OctKey.generate_key(256),
    )
]
ELSEWHERE = ("crv", "use", "alg", "key_ops", "x5c", "x5t", "kty", "unknown", "x", "n")
"""Members in whose place a private value may stand. A kid is told whatever it is."""


@given(
    st.sampled_from(KEYS), st.data(), st.sampled_from(["", "}", '"', ',"d":', "\x00", "-----BEGIN PRIVATE KEY-----"])
)
def test_nothing_private_is_told(key: dict[str, Any], data: st.DataObject, broken: str) -> None:
    private = {name: value for name, value in key.items() if name in PRIVATE_MEMBERS}
    wrong = data.draw(
        st.dictionaries(st.sampled_from(ELSEWHERE), st.sampled_from(sorted(private.values())), max_size=3)
    )
    within = {name: [value] if name in ("key_ops", "x5c") else value for name, value in wrong.items()}
    text = json.dumps({"keys": [{**key, **within}, key]}) + broken
    told = _told(text)
    pieces = {value[at : at + PIECE] for value in private.values() for at in range(len(value) - PIECE + 1)}
    assert not [piece for piece in pieces if piece in told]


def _told(text: str) -> str:
    try:
        keys = keys_of(Material("here", text))
    except NothingReadError as error:
        return str(error)
    reports = report_all("here", keys, NOW)
    return json.dumps([[report.as_json(), list(report.lines())] for report in reports])
