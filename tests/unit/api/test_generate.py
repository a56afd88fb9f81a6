"""The generated files are what the models say."""

from __future__ import annotations

from pathlib import Path

import pytest

from jwk_operator.api.crd import RESOURCES, Resource, openapi_schema
from jwk_operator.api.generate import generated_files, main
from jwk_operator.api.jwk import SourceType
from jwk_operator.api.reasons import Reason
from jwk_operator.api.schema import Schema

PROJECT = Path(__file__).parents[3]


def test_nothing_has_drifted() -> None:
    assert main(["--check", "--root", str(PROJECT)]) == 0


def test_check_lists_what_drifted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--root", str(tmp_path)]) == 0
    (tmp_path / "docs/reference/jwk.md").write_text("edited")
    (tmp_path / "crds/Kustomization").unlink()
    (tmp_path / "crds/left-over.yaml").touch()
    assert main(["--check", "--root", str(tmp_path)]) == 1
    assert [line.split(" ")[0] for line in capsys.readouterr().err.splitlines()] == [
        "crds/Kustomization",
        "crds/left-over.yaml",
        "docs/reference/jwk.md",
    ]


def test_every_refusal_is_in_the_reference() -> None:
    pages = {path.name: text for path, text in generated_files().items()}
    missing = [
        rule.message
        for resource in RESOURCES
        for rule in resource.rules
        if rule.message not in pages[f"{resource.kind.lower()}.md"]
    ]
    assert missing == []


@pytest.mark.parametrize("resource", RESOURCES, ids=lambda resource: resource.kind)
def test_messages_are_distinct_for_a_field(resource: Resource) -> None:
    spoken = [(rule.path, rule.message) for rule in resource.rules if "key type" not in rule.message]
    assert len(spoken) == len(set(spoken))


@pytest.mark.parametrize("resource", RESOURCES, ids=lambda resource: resource.kind)
def test_every_message_names_its_field_and_is_one_sentence(resource: Resource) -> None:
    odd = [
        rule.message for rule in resource.rules if not rule.message.startswith("spec.") or rule.message.endswith(".")
    ]
    assert odd == []


def test_schema_is_structural_and_described() -> None:
    for text in generated_files().values():
        assert "$ref" not in text
        assert "anyOf" not in text
        assert "title:" not in text


@pytest.mark.parametrize("resource", RESOURCES, ids=lambda resource: resource.kind)
def test_every_field_has_a_description(resource: Resource) -> None:
    properties = openapi_schema(resource)["properties"]
    assert _undescribed("spec", properties["spec"]) == []
    assert _undescribed("status", properties["status"]) == []


def _undescribed(path: str, schema: Schema) -> list[str]:
    missing = [] if schema.get("description") or path.endswith("[]") else [path]
    for name, child in schema.get("properties", {}).items():
        missing += _undescribed(f"{path}.{name}", child)
    if "items" in schema:
        missing += _undescribed(f"{path}[]", schema["items"])
    return missing


def test_columns_fit_a_terminal() -> None:
    """With names of up to 16 characters the default table takes 100, and before its last column the wide one 140."""
    (jwk,) = (resource for resource in RESOURCES if resource.kind == "JWK")
    widest = {
        "Ready": len("Unknown"),
        "Reason": max(map(len, Reason)),
        "Source": max(map(len, SourceType)),
        "Project": 12,
        "Environments": len("10/10"),
        "Age": len("2d3h"),
        "Remote Name": 16,
        "Kid": 12,
    }
    *short, last = jwk.columns
    assert (last.name, last.wide) == ("Message", True)
    widths = {column.name: max(len(column.name), widest[column.name]) + len("   ") for column in short}
    wide = len("sixteen-long-key   ") + sum(widths.values())
    assert wide - sum(widths[column.name] for column in short if column.wide) - len("   ") <= 100
    assert wide <= 140
