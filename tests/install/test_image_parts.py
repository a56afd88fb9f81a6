"""What makes the image's parts, on small roots of the tests' own; test_image_contents.py looks at the real one."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path, PurePosixPath

import pytest

from image import debian, sbom, system
from image.copying import Root

ELF = b"\x7fELF and so on"
STATUS = """\
Package: libfoo1
Status: install ok installed
Architecture: amd64
Source: foo (1.0)
Version: 1.0+b1
Description: a library
 Package: in its text

Package: bar
Status: deinstall ok config-files
Architecture: all
Version: 2

Package: baz
Status: install ok installed
Architecture: all
Version: 1:3~rc1

Package: ca-certificates
Status: install ok installed
Architecture: all
Version: 2025
"""


def file(path: Path, content: bytes = b"", mode: int = 0o644) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    path.chmod(mode)


@pytest.fixture
def root(tmp_path: Path) -> Root:
    """A source with merged folders, as Debian's, and an empty target."""
    source = tmp_path / "source"
    file(source / "usr/lib/x/libfoo.so.1.0", ELF, 0o4777)
    (source / "usr/lib/x/libfoo.so.1").symlink_to("libfoo.so.1.0")
    (source / "lib").symlink_to("usr/lib")
    return Root(source, tmp_path / "target")


def test_a_file_is_found_under_its_old_name(root: Root) -> None:
    assert root.take(PurePosixPath("/lib/x/libfoo.so.1")) == PurePosixPath("/usr/lib/x/libfoo.so.1.0")
    assert (root.target / "lib/x/libfoo.so.1").read_bytes() == ELF
    assert (root.target / "lib").readlink() == Path("usr/lib")
    assert (root.target / "usr/lib/x/libfoo.so.1").readlink() == Path("libfoo.so.1.0")
    assert root.files == {PurePosixPath("/usr/lib/x/libfoo.so.1.0")}


def test_links_of_all_kinds_stay_in_the_root(root: Root) -> None:
    file(root.source / "usr/local/lib/libown.so")
    file(root.source / "usr/bin/python3.13", ELF, 0o755)
    (root.source / "usr/local/bin").mkdir(parents=True)
    (root.source / "usr/local/bin/python").symlink_to("/usr/bin/python3.13")
    root.take(PurePosixPath("/usr/local/bin/python"))
    root.take(PurePosixPath("/usr/local/bin/../lib/libown.so"))
    assert root.files == {PurePosixPath("/usr/bin/python3.13"), PurePosixPath("/usr/local/lib/libown.so")}
    assert (root.target / "usr/local/bin/python").readlink() == Path("/usr/bin/python3.13")


def test_links_in_a_circle_are_an_error(root: Root) -> None:
    (root.source / "a").symlink_to("b")
    (root.source / "b").symlink_to("/a")
    with pytest.raises(OSError, match="too many links"):
        root.take(PurePosixPath("/a"))


def test_only_programs_can_be_run_and_none_as_somebody_else(root: Root) -> None:
    file(root.source / "script.py", b"#!/usr/bin/python", 0o777)
    for path in ("/script.py", "/lib/x/libfoo.so.1.0"):
        root.take(PurePosixPath(path))
    assert (root.target / "script.py").stat().st_mode & 0o7777 == 0o644
    assert (root.target / "usr/lib/x/libfoo.so.1.0").stat().st_mode & 0o7777 == 0o755


def test_a_tree_is_taken_without_what_is_unwanted(root: Root) -> None:
    for path in ("os.py", "ssl.py", "test/a.py", "lib-dynload/_ssl.so", "lib-dynload/_curses.so", "ensurepip/b.whl"):
        file(root.source / "usr/lib/python3.13" / path)
    (root.source / "usr/lib/python3.13/LICENSE").symlink_to("/usr/share/doc/nowhere")
    root.take_tree(PurePosixPath("/usr/lib/python3.13"), system.unwanted)
    library = root.target / "usr/lib/python3.13"
    found = {str(path.relative_to(library)) for path in library.rglob("*") if not path.is_dir()}
    assert found == {"os.py", "ssl.py", "lib-dynload/_ssl.so"}


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("asyncio/base_events.py", False),
        ("unittest/mock.py", False),
        ("lib-dynload/_sqlite3.cpython-313-x86_64-linux-gnu.so", False),
        ("lib-dynload/_ctypes.cpython-313-x86_64-linux-gnu.so", False),
        ("lib-dynload/_ctypes_test.cpython-313-x86_64-linux-gnu.so", True),
        ("lib-dynload/_testcapi.cpython-313-x86_64-linux-gnu.so", True),
        ("lib-dynload/readline.cpython-313-x86_64-linux-gnu.so", True),
        ("config-3.13-x86_64-linux-gnu", True),
        ("site-packages", True),
        ("venv", True),
        ("EXTERNALLY-MANAGED", True),
    ],
)
def test_what_of_the_standard_library_is_unwanted(path: str, expected: bool) -> None:
    assert system.unwanted(PurePosixPath(path)) is expected


@pytest.fixture
def debian_root(root: Root) -> Root:
    database = root.source / "var/lib/dpkg"
    file(database / "status", STATUS.encode())
    file(database / "info/libfoo1:amd64.list", b"/.\n/lib/x/libfoo.so.1.0\n")
    file(database / "info/bar.list", b"/usr/share/bar\n")
    file(database / "info/baz.list", b"/usr/share/baz\n")
    file(database / "info/ca-certificates.list", f"{system.PACKAGE_OF_CERTIFICATES}\n".encode())
    return root


def test_packages_own_files_wherever_their_lists_say_they_are(debian_root: Root) -> None:
    """The list says /lib, the file is in /usr/lib."""
    foo, strange = PurePosixPath("/usr/lib/x/libfoo.so.1.0"), PurePosixPath("/usr/share/strange")
    packages, rest = debian.owners(debian_root.source, [foo, strange])
    assert [package.name for package in packages] == ["libfoo1"]
    assert packages[0].version == "1.0+b1"
    assert packages[0].source == ("foo", "1.0")
    assert rest == [strange]


def test_removed_packages_own_nothing(debian_root: Root) -> None:
    path = PurePosixPath("/usr/share/bar")
    assert debian.owners(debian_root.source, [path]) == ([], [path])


def test_a_file_of_nobody_stops_the_build(debian_root: Root) -> None:
    """But for those in /usr/local, where the official base image has its Python."""
    file(debian_root.source / "usr/local/bin/python3.13")
    file(debian_root.source / "usr/share/strange")
    debian_root.take(PurePosixPath("/usr/local/bin/python3.13"))
    system.note_packages(debian_root)
    debian_root.take(PurePosixPath("/usr/share/strange"))
    with pytest.raises(ValueError, match=r"no package owns \['/usr/share/strange'\]"):
        system.note_packages(debian_root)


def application(folder: Path, metadata: dict[str, list[str]]) -> Path:
    """A virtual environment with the packages' metadata."""
    folder.joinpath("bin").mkdir(parents=True)
    folder.joinpath("bin/python").symlink_to(sys.executable)
    for name, lines in metadata.items():
        text = "\n".join(["Metadata-Version: 2.4", f"Name: {name}", "Version: 1.0", *lines, "", "Its description."])
        file(folder / f"lib/python3.13/site-packages/{name}-1.0.dist-info/METADATA", text.encode())
    return folder


def test_sbom_of_a_small_image(debian_root: Root, tmp_path: Path) -> None:
    file(debian_root.source / "usr/share/baz")
    for path in ("/usr/share/baz", "/lib/x/libfoo.so.1"):
        debian_root.take(PurePosixPath(path))
    system.note_packages(debian_root)
    debian_root.write("/usr/lib/os-release", 'ID=debian\nVERSION_ID="13"\n')
    own = ["License-Expression: Apache-2.0", "Requires-Dist: Dep_A>=1", 'Requires-Dist: missing; extra == "x"']
    old = ["License: " + "long " * 100, "Classifier: License :: OSI Approved :: MIT License"]
    environment = application(tmp_path / "venv", {"jwk_operator": own, "Dep.A": old})
    archive = {"archive_info": {"hashes": {"sha256": "ab" * 32}}, "url": "https://index.example.com/dep_a.whl"}
    report = {"install": [{"metadata": {"name": "dep-a"}, "download_info": archive}]}
    found = sbom.document(environment, debian_root.target, report, 1_700_000_000)
    assert found == sbom.document(environment, debian_root.target, report, 1_700_000_000)
    assert "index.example.com" not in json.dumps(found)
    assert found["metadata"]["timestamp"] == "2023-11-14T22:13:20Z"
    assert found["metadata"]["component"]["licenses"] == [{"expression": "Apache-2.0"}]
    components = {item["name"]: item for item in found["components"]}
    assert components["dep-a"] == {
        "type": "library",
        "bom-ref": "pkg:pypi/dep-a@1.0",
        "name": "dep-a",
        "version": "1.0",
        "hashes": [{"alg": "SHA-256", "content": "ab" * 32}],
        "licenses": [{"license": {"name": "MIT License"}}],
        "purl": "pkg:pypi/dep-a@1.0",
    }
    assert components["libfoo1"]["purl"] == (
        "pkg:deb/debian/libfoo1@1.0%2Bb1?arch=amd64&distro=debian-13&upstream=foo%401.0"
    )
    assert components["baz"]["purl"] == "pkg:deb/debian/baz@1:3~rc1?arch=all&distro=debian-13"
    needs = {item["ref"]: item["dependsOn"] for item in found["dependencies"]}
    interpreter = components["python"]["bom-ref"]
    assert needs["pkg:pypi/jwk-operator@1.0"] == ["pkg:pypi/dep-a@1.0", interpreter]
    assert needs[interpreter] == [components[name]["bom-ref"] for name in ("baz", "ca-certificates", "libfoo1")]


def test_a_library_that_is_missing_stops_the_build(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no library at all"):
        system.libraries([Path(os.__file__)], tmp_path)


def test_an_environment_that_leads_to_no_base_is_refused(tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/python").symlink_to("python3")
    with pytest.raises(ValueError, match="no link to the base image's Python"):
        list(system.interpreters(tmp_path))
