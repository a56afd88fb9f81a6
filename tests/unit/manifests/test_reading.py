"""Where manifests are found, what is passed over, and which line everything stands on."""

from __future__ import annotations

import errno
import io
import json
import os
from pathlib import Path

import pytest

from jwk_operator.manifests import Manifest, Unreadable, read_manifests

JWK = """\
apiVersion: apiops.apinizer.com/v1alpha1
kind: JWK
metadata:
  name: {name}
spec:
  sourceType: URL # where the key comes from
  url:
    https://idp.example/jwks
  requiredEnvironments:
    - prod
    - test
"""


def _read(text: str) -> tuple[list[Manifest], list[Unreadable]]:
    return read_manifests(["-"], io.StringIO(text))


def _names(manifests: list[Manifest]) -> list[str]:
    return [manifest.content["metadata"]["name"] for manifest in manifests]


def _put(folder: Path, **files: str) -> None:
    for name, text in files.items():
        path = folder / name.replace("__", "/").replace("_dot_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def test_lines_are_those_of_the_file() -> None:
    (first, second), _ = _read(f"# a comment\n{JWK.format(name='a')}---\n\n{JWK.format(name='b')}")
    assert (first.source, first.line, second.line) == ("-", 2, 15)
    assert {path: first.line_of(path) for path in ("spec", "spec.url", "spec.requiredEnvironments[1]", "")} == {
        "spec": 6,
        "spec.url": 8,
        "spec.requiredEnvironments[1]": 12,
        "": 2,
    }
    assert second.line_of("spec.url") == 21


def test_what_is_not_there_has_the_line_of_what_is_around_it() -> None:
    (manifest,), _ = _read(JWK.format(name="a"))
    paths = ("spec.generate.rsa.keySize", "spec.requiredEnvironments[7].x", "status", "metadata.labels.a.b/c")
    assert [manifest.line_of(path) for path in paths] == [5, 9, 1, 3]


def test_a_list_is_unfolded() -> None:
    items = "".join(f"  - kind: JWK\n    metadata:\n      name: {name}\n" for name in "ab")
    (first, second), _ = _read(f"apiVersion: v1\nkind: List\nitems:\n{items}")
    assert _names([first, second]) == ["a", "b"]
    assert (first.line, first.line_of("metadata.name"), second.line, second.line_of("metadata.name")) == (4, 6, 7, 9)


def test_json_has_lines_too() -> None:
    objects = [{"kind": "JWK", "metadata": {"name": name}, "spec": {"suspend": True}} for name in "ab"]
    (first, second), unreadable = _read("\n".join(json.dumps(content, indent=1) for content in objects))
    assert (_names([first, second]), unreadable) == (["a", "b"], [])
    assert (first.line_of("spec.suspend"), second.line, second.line_of("spec.suspend")) == (7, 10, 16)


def test_json_that_yaml_cannot_read_is_read_as_json() -> None:
    for space in ("\t", " "):
        (manifest,), unreadable = _read(f'{{"kind":"JWK",{space}"metadata":{{"name":"\\ud83d\\udd11\\/\\ud83d"}}}}')
        assert (_names([manifest]), unreadable) == (["\U0001f511/\ufffd"], [])


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("kind: JWK\nspec:\n  url: a\n  url: b\n", 4, 'key "url" already set in map'),
        ('{"kind": "JWK",\n "spec": {"url": "a",\n "url": "b"}}', 3, 'key "url" already set in map'),
        ("a: 1\n---\nkind: JWK\nspec: {\n", 5, "did not find expected node content"),
        ("kind: JWK\n\tspec: x\n", 2, "found a tab character that violates indentation"),
        ("kind: JWK\nspec: *unknown\n", 2, "an alias refers to an anchor that is not there"),
        ("kind: JWK\nspec: \x00\n", 1, "a character cannot be part of YAML"),
        ("kind: JWK\nspec: .inf\n", 2, "infinity and NaN do not exist in JSON"),
        ('{"a":\t' + '{"a":' * 900 + "1" + "}" * 901, 1, "it is nested too deeply"),
        ("apiVersion: v1\nkind: List\nitems:\n  - a\n", 4, "is no Kubernetes object"),
        ("just a text\n", 1, "is no Kubernetes object"),
        ("a: 1\n---\n# more\n\njust a text\n", 5, "is no Kubernetes object"),
        ("a: 1\n--- {a: 1}\n", 2, "invalid Yaml document separator: only a comment may follow --- on its line"),
        ("a: 1\n----\n", 2, "invalid Yaml document separator: only a comment may follow --- on its line"),
        ("[" * 200_000, 1, "it is nested too deeply"),
        ('{"a":' * 200_000, 1, "it is nested too deeply"),
    ],
)
def test_faults_have_a_line_and_no_value(text: str, line: int, message: str) -> None:
    found, unreadable = _read(text)
    assert (unreadable, len(found)) == ([Unreadable("-", line, message)], text.startswith("a: 1"))


def test_aliases_of_aliases_do_not_fill_the_memory() -> None:
    levels = "".join(f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 10)}]\n" for n in range(1, 10))
    _, (unreadable,) = _read(f"l0: &l0 [x, x]\n{levels}")
    assert unreadable.message == "its aliases make it too large"


def test_a_fault_in_one_document_leaves_the_others() -> None:
    manifests, unreadable = _read(f"{JWK.format(name='a')}---\n  x: ]\n---\n{JWK.format(name='b')}")
    assert (_names(manifests), [item.line for item in unreadable]) == (["a", "b"], [13])


def test_separators_may_have_comments() -> None:
    manifests, unreadable = _read(f"--- # one\n{JWK.format(name='a')}--- \n{JWK.format(name='b')}---\t#\n---\r\n")
    assert (_names(manifests), unreadable) == (["a", "b"], [])


def test_what_is_beside_the_operators_resources_in_a_file_must_be_objects(tmp_path: Path) -> None:
    _put(tmp_path, a_dot_yaml=f"{JWK.format(name='a')}---\ntext\n", b_dot_yaml="a\n---\n- b\n--- !tag\n{}\n")
    _, unreadable = read_manifests([str(tmp_path)], None)
    assert unreadable == [Unreadable(str(tmp_path / "a.yaml"), 13, "is no Kubernetes object")]


def test_folders_are_searched_in_order(tmp_path: Path) -> None:
    text = JWK.format
    _put(tmp_path, b_dot_yaml=text(name="b"), a_dot_yml=text(name="a"), c_dot_json='{"metadata": {"name": "c"}}')
    _put(tmp_path, sub__d_dot_yaml=text(name="d"), _dot_hidden__e_dot_yaml=text(name="e"), notes_dot_txt="x: ]")
    _put(tmp_path, empty_dot_yaml="", values_dot_yaml="- a\n- b\n")
    manifests, unreadable = read_manifests([str(tmp_path)], None)
    assert (_names(manifests), unreadable) == (["a", "b", "c", "d"], [])
    assert manifests[3].source == str(tmp_path / "sub" / "d.yaml")


def test_a_path_given_twice_is_read_once(tmp_path: Path) -> None:
    _put(tmp_path, a_dot_yaml=JWK.format(name="a"))
    path = str(tmp_path / "a.yaml")
    assert len(read_manifests([path, path], None)[0]) == 1


def test_what_kustomize_takes_for_itself_is_passed_over_further_down(tmp_path: Path) -> None:
    kustomization = (
        "resources: [jwk.yaml]\npatches:\n- path: patch.yaml\n- patch: 'a: b'\npatchesStrategicMerge: [old.yaml]\n"
    )
    _put(tmp_path, base__kustomization_dot_yaml=kustomization, base__jwk_dot_yaml=JWK.format(name="a"))
    _put(tmp_path, base__patch_dot_yaml=JWK.format(name="p"), base__old_dot_yaml=JWK.format(name="o"))
    assert _names(read_manifests([str(tmp_path)], None)[0]) == ["a"]


def test_a_folder_for_kustomize_is_built(tmp_path: Path) -> None:
    _put(tmp_path, Kustomization="namePrefix: new-\nresources: [jwk.yaml]\n", jwk_dot_yaml=JWK.format(name="a"))
    manifests, unreadable = read_manifests([str(tmp_path)], None)
    assert (_names(manifests), unreadable) == (["new-a"], [])


def test_a_kustomization_of_flux_is_none_of_kustomize(tmp_path: Path) -> None:
    flux = "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: flux}\n"
    _put(tmp_path, kustomization_dot_yaml=flux, jwk_dot_yaml=JWK.format(name="a"))
    assert _names(read_manifests([str(tmp_path)], None)[0]) == ["a", "flux"]


def test_a_build_that_fails_says_why(tmp_path: Path) -> None:
    _put(tmp_path, Kustomization="resources: [jwk.yaml]\n")
    _, (unreadable,) = read_manifests([str(tmp_path)], None)
    assert unreadable.message.startswith("kubectl cannot build it: accumulating resources")


def test_without_a_program_that_builds_the_remedy_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _put(tmp_path, Kustomization="resources: []\n")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert read_manifests([str(tmp_path)], None) == (
        [],
        [
            Unreadable(
                str(tmp_path),
                1,
                "this folder is for kustomize, and neither kubectl nor kustomize is on the PATH to build it: install "
                "one of them, or pipe the output of `kubectl kustomize` in and give - as path",
            )
        ],
    )


def test_a_folder_that_cannot_be_read_is_told_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", str(tmp_path))

    monkeypatch.setattr(os, "scandir", refuse)
    assert read_manifests([str(tmp_path)], None)[1] == [
        Unreadable(str(tmp_path), 1, "cannot be read: Permission denied")
    ]


def test_what_is_no_text_or_not_there(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_bytes(b"kind: \xff\n")
    paths = [str(tmp_path / name) for name in ("a.yaml", "b.yaml")]
    assert read_manifests(paths, None)[1] == [
        Unreadable(paths[0], 1, "cannot be read: it is not UTF-8"),
        Unreadable(paths[1], 1, "cannot be read: No such file or directory"),
    ]


def test_a_number_that_python_refuses_is_a_fault_of_the_file() -> None:
    found, unreadable = _read('{"a":' + "9" * 5000 + "}")
    assert not found
    assert [item.line for item in unreadable] == [1]
