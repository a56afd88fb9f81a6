"""What is in the image, seen from outside: no program but Python, and a list of contents (SBOM) that is true."""

from __future__ import annotations

import email
import hashlib
import json
import os
import re
import stat
import subprocess
import sys
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packageurl import PackageURL
from packaging.utils import canonicalize_name

from install.images import SBOM_LABEL, Contents, Image
from install.support import NAME, ROOT

pytestmark = pytest.mark.timeout(900)  # the first build loads all wheels

SBOM = "/usr/share/sbom/jwk-operator.cdx.json"
PYTHON = "/opt/jwk-operator/bin/python"
# Names of what an attacker, or a curious colleague, would look for first.
SHELLS = {"ash", "bash", "busybox", "dash", "ksh", "sh", "zsh"}
INSTALLERS = {"apt", "apt-get", "dpkg", "easy_install", "ensurepip", "hatchling", "pip", "pip3", "setuptools", "uv"}
COMPILERS = {"as", "c++", "cc", "clang", "g++", "gcc", "ld", "make"}
HELPERS = {"curl", "mount", "perl", "su", "sudo", "tar", "wget"}
UNWANTED = SHELLS | INSTALLERS | COMPILERS | HELPERS

Component = dict[str, Any]


@pytest.fixture
def contents(built: Image) -> Contents:
    return built.contents


@pytest.fixture
def sbom(contents: Contents) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(contents.read(SBOM))
    return found


def of_kind(sbom: dict[str, Any], kind: str) -> dict[str, Component]:
    """Return the components with package URLs of a kind, by name."""
    components = [sbom["metadata"]["component"], *sbom["components"]]
    return {item["name"]: item for item in components if item.get("purl", "").startswith(f"pkg:{kind}/")}


def test_the_only_programs_are_python_and_the_operator(contents: Contents) -> None:
    runs = {
        path: entry
        for path, entry in contents.entries.items()
        if entry.isfile() and entry.mode & 0o111 and not re.search(r"\.so(\.\d+)*$", path)
    }
    python = {path for path, entry in runs.items() if re.fullmatch(r"python3\.\d+", PurePosixPath(path).name)}
    assert len(python) == 1
    assert set(runs) - python == {f"/opt/jwk-operator/bin/{NAME}"}
    # without the right to be run, a program could still be copied and given it; there is none
    programs = {path for path, entry in contents.entries.items() if contents.starts(entry, 4) == b"\x7fELF"}
    assert {path for path in programs if ".so" not in PurePosixPath(path).name} == python


def test_nothing_of_what_would_be_looked_for_is_there(contents: Contents) -> None:
    names = {PurePosixPath(path).name for path in contents.entries if path != "/var/lib/dpkg"}
    assert names & UNWANTED == set()


def test_everything_is_roots_and_nobody_else_may_write(contents: Contents) -> None:
    entries = {path: entry for path, entry in contents.entries.items() if not entry.issym()}
    if os.geteuid() == 0:  # rootless engines show the files with ids of their own
        assert {path for path, entry in entries.items() if (entry.uid, entry.gid) != (0, 0)} == set()
    assert {path for path, entry in entries.items() if entry.mode & (stat.S_ISUID | stat.S_ISGID)} == set()
    writable = {path: oct(entry.mode & 0o7777) for path, entry in entries.items() if entry.mode & 0o022}
    assert writable == {"/tmp": "0o1777"}  # noqa: S108 - a folder of the image
    assert all(entry.isfile() or entry.isdir() or entry.islnk() for entry in entries.values())


def test_the_sbom_is_found_and_valid(built: Image) -> None:
    assert built.engine.inspect(built.tag)["Labels"][SBOM_LABEL] == SBOM
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(built.contents.read(SBOM).decode()) is None


def test_the_sbom_has_every_python_package_and_no_other(contents: Contents, sbom: dict[str, Any]) -> None:
    paths = [path for path in contents.entries if path.endswith(".dist-info/METADATA")]
    metadata = [email.message_from_bytes(contents.read(path)) for path in paths]
    installed = {canonicalize_name(item["Name"]): item["Version"] for item in metadata}
    listed = of_kind(sbom, "pypi")
    assert {name: item["version"] for name, item in listed.items()} == installed
    assert NAME in installed
    assert len(installed) > 30


def test_the_sbom_names_wheels_that_the_lock_file_allows(sbom: dict[str, Any]) -> None:
    lock = (ROOT / "requirements" / "runtime.lock").read_text()
    pinned = {
        (name, version): set(re.findall(r"sha256:([0-9a-f]{64})", rest))
        for name, version, rest in re.findall(r"^(\S+)==(\S+)(.*?)(?=^\S|\Z)", lock, re.MULTILINE | re.DOTALL)
    }
    listed = of_kind(sbom, "pypi")
    for name, component in listed.items():
        (checksum,) = component["hashes"]
        if name != NAME:
            assert checksum["content"] in pinned[name, component["version"]], name


def test_the_operator_in_it_is_the_one_of_these_sources(sbom: dict[str, Any], tmp_path: Path) -> None:
    """Who builds the wheel from the sources gets the very bytes that the image was made from."""
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    environment = {**os.environ, "SOURCE_DATE_EPOCH": "0"}
    subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True, timeout=60)
    (wheel,) = tmp_path.glob("*.whl")
    (checksum,) = sbom["metadata"]["component"]["hashes"]
    assert checksum["content"] == hashlib.sha256(wheel.read_bytes()).hexdigest()


def test_the_pages_comparison_with_the_lock_file(contents: Contents, tmp_path: Path) -> None:
    """Nothing is printed where all is well; a wheel that the lock file does not have is."""
    page = (ROOT / "docs" / "operations" / "image.md").read_text()
    found = re.search(r"^python3 - <<'END'\n(.*?)^END$", page, re.MULTILINE | re.DOTALL)
    assert found is not None
    lock = (ROOT / "requirements" / "runtime.lock").read_text()
    (tmp_path / "requirements").mkdir()
    (tmp_path / PurePosixPath(SBOM).name).write_bytes(contents.read(SBOM))

    def compared(lock: str) -> str:
        (tmp_path / "requirements" / "runtime.lock").write_text(lock)
        command = [sys.executable, "-c", found[1]]
        return subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, text=True, timeout=60).stdout

    assert compared(lock) == ""
    assert "pkg:pypi/kopf@" in compared(re.sub(r"^kopf==.*?(?=^\S)", "", lock, flags=re.MULTILINE | re.DOTALL))


def test_the_sbom_has_debians_packages_that_scanners_find(contents: Contents, sbom: dict[str, Any]) -> None:
    notes = [path for path in contents.entries if PurePosixPath(path).parent.name == "status.d"]
    paragraphs = [contents.read(path).decode() for path in notes]
    noted = {field(text, "Package"): field(text, "Version") for text in paragraphs}
    assert {name: item["version"] for name, item in of_kind(sbom, "deb").items()} == noted
    assert {"ca-certificates", "libc6", "libssl3t64", "tzdata"} <= set(noted)
    assert set(noted).isdisjoint({"apt", "bash", "coreutils", "dash", "dpkg", "libc-bin", "python3-pip"})


def field(paragraph: str, name: str) -> str:
    found = re.search(rf"^{name}: (.*)$", paragraph, re.MULTILINE)
    assert found is not None
    return found[1]


def test_the_sbom_names_the_interpreter_that_is_there(contents: Contents, sbom: dict[str, Any]) -> None:
    (interpreter,) = of_kind(sbom, "generic").values()
    (checksum,) = interpreter["hashes"]
    assert checksum == {"alg": "SHA-256", "content": hashlib.sha256(contents.read(PYTHON)).hexdigest()}


def test_package_urls_are_in_their_normal_form_and_name_no_registry(sbom: dict[str, Any]) -> None:
    for component in [sbom["metadata"]["component"], *sbom["components"]]:
        if "purl" in component:
            purl = PackageURL.from_string(component["purl"])
            assert purl.to_string() == component["purl"]
            assert not {"repository_url", "download_url"} & set(purl.qualifiers)


def test_everything_in_the_sbom_is_there_for_the_operator(sbom: dict[str, Any]) -> None:
    """Each component is needed, by whatever many steps."""
    needs = {item["ref"]: item["dependsOn"] for item in sbom["dependencies"]}
    reached: set[str] = set()
    rest = [sbom["metadata"]["component"]["bom-ref"]]
    while rest:
        reference = rest.pop()
        if reference not in reached:
            reached.add(reference)
            rest.extend(needs[reference])
    others = {item["bom-ref"] for item in sbom["components"] if item["type"] != "operating-system"}
    assert others - reached == set()


def test_the_sbom_says_the_same_each_time(sbom: dict[str, Any]) -> None:
    """Neither a time, unless SOURCE_DATE_EPOCH gives one, nor a random number."""
    assert "timestamp" not in sbom["metadata"]
    assert re.fullmatch(r"urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}", sbom["serialNumber"])
