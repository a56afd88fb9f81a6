"""Manifests of a listed project: names, what adopts, what is a gap, and what a folder holds already."""

from __future__ import annotations

import random
import re

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from jwk_operator.admission import admit
from jwk_operator.api.jwk import ConnectionRef, JWKSpec, SourceType
from jwk_operator.api.remote import RemoteEntry
from jwk_operator.manifests.documents import read_yaml
from jwk_operator.manifests.importing import FolderError, plan_import
from jwk_operator.manifests.kustomization import KustomizationError, extended, kustomization_text
from jwk_operator.manifests.naming import resource_names
from jwk_operator.manifests.writing import NoManifestError, Place, connection_text, jwk_text, read_entry
from jwk_operator.manifests.yaml_text import quoted, yaml_text
from jwk_operator.reconcile.matching import lacking, mismatch

PLACE = Place(ConnectionRef())
TEXTS = st.text(max_size=30)
WORDS = st.sampled_from(
    ["yes", "No", "null", "~", "1e3", "0o17", "0x1F", "12:30", "2024-01-01", ".5", "-", "a: b", "a #"]
)
ENTRIES = st.builds(
    RemoteEntry,
    description=TEXTS | WORDS,
    source_type=st.sampled_from(list(SourceType)),
    source_url=st.none() | TEXTS | st.sampled_from(["https://host/jwks", "http://[::1]:8080/?a=b", "https://a:b@host"]),
    type=st.none() | st.sampled_from(["RSA", "EC", "OCT", "OKP", "new"]),
    kid=st.none() | TEXTS.filter(bool) | WORDS,
)
LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")


# --- names --------------------------------------------------------------------------------------------------------


@given(st.sets(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=80)), st.randoms())
def test_names_are_labels_of_their_own_whatever_the_order(remote: set[str], chance: random.Random) -> None:
    names = resource_names(sorted(remote), {})
    assert all(LABEL.fullmatch(name) for name in names.values())
    assert len(set(names.values())) == len(remote)
    shuffled = sorted(remote)
    chance.shuffle(shuffled)
    assert resource_names(shuffled, {}) == names


@pytest.mark.parametrize(
    ("remote", "name"),
    [
        ("partner", "partner"),
        ("Partner Key 2024", "partner-key-2024"),
        ("İSTANBUL/ş.ğ", "istanbul-s-g"),
        ("--a--", "a"),
        ("x" * 64, "x" * 63),
        ("鍵", "jwk-1c59564e"),
        ("con", "con-1143da2b"),
        ("Connection", "connection-639a40e8"),
    ],
)
def test_names_are_recognised(remote: str, name: str) -> None:
    assert resource_names([remote], {}) == {remote: name}


def test_of_those_that_come_to_one_label_the_one_that_is_it_has_it() -> None:
    names = resource_names(["a b", "a-b", "A B", "c"], {})
    assert names == {"A B": "a-b-fea4c5ce", "a b": "a-b-c8687a08", "a-b": "a-b", "c": "c"}


def test_names_that_are_given_stay_and_are_nobody_elses() -> None:
    names = resource_names(["a", "b", "c"], {"a": "b", "gone": "c"}, ["other"])
    assert names == {"a": "b", "b": "b-3e23e816", "c": "c-2e7d2c03"}
    assert resource_names(["other"], {}, ["other"]) == {"other": "other-d9298a10"}


# --- text ---------------------------------------------------------------------------------------------------------


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x85"), max_size=40) | WORDS)
def test_strings_are_read_as_they_were(value: str) -> None:
    text = yaml_text({"key": value})
    assert text.count("\n") == 1
    assert yaml.safe_load(text) == {"key": value}
    assert read_yaml(text).content == {"key": value}  # as kubectl reads it
    assert quoted(value).isprintable()


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20), ENTRIES)
def test_what_is_written_is_admitted_and_adopts(remote_name: str, entry: RemoteEntry) -> None:
    try:
        jwk = read_entry(remote_name, entry)
    except NoManifestError:
        return
    content = read_yaml(jwk_text("name", jwk, PLACE)).content
    assert admit(content).message == ""
    spec = JWKSpec.model_validate(content["spec"])
    assert (spec.name or "name") == remote_name
    assert mismatch(spec, None, entry) is None
    assert (lacking(spec) is not None) == any(gap.needed for gap in jwk.gaps)


@pytest.mark.parametrize(
    ("entry", "spec"),
    [
        (RemoteEntry("x" * 4097, "URL", "https://h/j", "EC", "k"), {"url": "https://h/j", "kid": "k"}),
        (RemoteEntry("a\x85b", "URL", "https://h/j", "EC", "k" * 256), {"url": "https://h/j"}),
        (RemoteEntry("", "URL", "https://user:password@h/j", "EC", "\ud800"), {}),
        (RemoteEntry("", "URL", "ftp://h/j", "EC", "k" * 300), {}),
        (RemoteEntry("", "URL", None, None, None), {}),
        (RemoteEntry("", "CERTIFICATE", "https://h/j", "EC", "k"), {}),
    ],
    ids=["description", "kid", "credentials", "address", "nothing", "other source"],
)
def test_what_a_spec_cannot_hold_is_left_out(entry: RemoteEntry, spec: dict[str, str]) -> None:
    jwk = read_entry("one", entry)
    assert jwk.spec == {"name": "one", "sourceType": entry.source_type, **spec}
    shown = {field for field, value in (("description", entry.description), ("url", entry.source_url)) if value}
    if entry.source_type == "URL":
        assert shown - spec.keys() <= {gap.field for gap in jwk.gaps}
    assert "password" not in jwk_text("one", jwk, PLACE).replace("a user name or password", "")


# --- the folder ---------------------------------------------------------------------------------------------------

CONNECTION = connection_text(ConnectionRef(), None, {"baseUrl": "https://host"}, [])
LISTED = {"a": RemoteEntry("", "GENERATE", None, "EC", None), "B": RemoteEntry("", "GENERATE", None, "EC", None)}


def test_a_later_import_finds_what_an_earlier_one_has_written() -> None:
    first = plan_import(LISTED, PLACE, CONNECTION, {})
    assert sorted(first.write) == ["a.yaml", "b.yaml", "connection.yaml", "kustomization.yaml"]
    listed = {**LISTED, "b": LISTED["a"]}  # the label of B
    later = plan_import(listed, PLACE, CONNECTION, first.write)
    assert sorted(later.write) == ["b-3e23e816.yaml", "kustomization.yaml"]
    assert sorted(later.same) == ["a.yaml", "b.yaml", "connection.yaml"]


def test_jwks_of_another_connection_or_project_are_others() -> None:
    there = plan_import(LISTED, Place(ConnectionRef(), "Other"), CONNECTION, {}).write
    outcome = plan_import({"a": LISTED["a"]}, Place(ConnectionRef(), "Ours"), CONNECTION, there)
    assert sorted(outcome.write) == ["a-ca978112.yaml", "kustomization.yaml"]
    assert outcome.gone == {}


def test_a_file_that_cannot_be_read_is_no_reason_to_describe_a_jwk_twice() -> None:
    with pytest.raises(FolderError, match=r"^a.yaml, line 1: it is not valid YAML"):
        plan_import(LISTED, PLACE, CONNECTION, {"a.yaml": "a: b: c"})


HEAD = "kind: Kustomization\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("resources:\n- connection.yaml\n- m.yaml\n", "resources:\n- connection.yaml\n- a.yaml\n- m.yaml\n- z.yaml\n"),
        (
            "resources:\n  - m.yaml # ours\n  - b.yaml\n",
            "resources:\n  - m.yaml # ours\n  - a.yaml\n  - b.yaml\n  - z.yaml\n",
        ),
        ("resources:\n- ./z.yaml\nnamespace: x\n", "resources:\n- ./z.yaml\n- a.yaml\nnamespace: x\n"),
        ("resources:\n- m.yaml", "resources:\n- m.yaml\n- a.yaml\n- z.yaml\n"),
        ("namespace: x\n", "namespace: x\nresources:\n- a.yaml\n- z.yaml\n"),
        ("resources:\n- a.yaml\n- z.yaml\n# end", "resources:\n- a.yaml\n- z.yaml\n# end"),
    ],
    ids=["ours", "indented", "dotted", "no line break", "no resources", "all there"],
)
def test_a_kustomization_is_extended_and_otherwise_left_alone(before: str, after: str) -> None:
    assert extended(HEAD + before, ["a.yaml", "z.yaml"]) == HEAD + after


@pytest.mark.parametrize(
    "text", ["resources: [b.yaml]\n", "resources: none\n", "[]\n", "a: b: c\n", "resources:\n-\n  b\n"]
)
def test_a_kustomization_that_cannot_be_extended_is_told(text: str) -> None:
    with pytest.raises(KustomizationError):
        extended(text, ["a.yaml"])


@given(st.sets(st.from_regex(r"[a-z0-9]{1,8}\.yaml", fullmatch=True), min_size=2), st.data())
def test_extending_comes_to_what_would_be_written_at_once(files: set[str], data: st.DataObject) -> None:
    wanted = ["connection.yaml", *sorted(files - {"connection.yaml"})]
    some = data.draw(st.sets(st.sampled_from(wanted)))
    earlier = kustomization_text(["connection.yaml", *sorted(some - {"connection.yaml"})])
    assert extended(earlier, wanted) == kustomization_text(wanted)
