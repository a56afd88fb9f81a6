"""Makes the root that the operator runs on from its base image: Python, what it links to, and hardly more.

Neither a shell nor any other program gets into it: whoever takes the process over finds nothing to go on with.
"""

from __future__ import annotations

import compileall
import os
import py_compile
import re
import ssl
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath

from image import debian
from image.copying import Root, is_program

# Left out of the standard library: tests, what installs packages, what needs a terminal or a screen (and libraries for
# it), what builds are configured with. The operator, its packages and the simulator import nothing of it.
UNWANTED_FOLDERS = {
    *("__phello__", "__pycache__", "curses", "dist-packages", "ensurepip", "idlelib", "lib2to3", "pydoc_data"),
    *("site-packages", "test", "tests", "tkinter", "turtledemo", "venv"),
}
UNWANTED_FILES = re.compile(
    r"config-3\..*|EXTERNALLY-MANAGED|sitecustomize\.py|turtle\.py|.*\.(a|exe|o|pyc)"
    r"|lib-dynload/(_(ctypes_|xx)?test.*|_curses.*|_dbm.*|_gdbm.*|_tkinter.*|readline.*|xx.*)"
)
# The C library loads it by name when a thread ends early, so that nothing need link to it.
LOADED_BY_NAME = "libgcc_s.so.1"
# The bundle of certificates is made when its package is installed, so that no list of files has it; this one is listed.
CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt"
PACKAGE_OF_CERTIFICATES = PurePosixPath("/usr/sbin/update-ca-certificates")
# Scanners tell by them which Debian the packages are from.
RELEASE = (PurePosixPath("/etc/debian_version"), PurePosixPath("/etc/os-release"))
LOCAL = PurePosixPath("/usr/local")

# kopf asks for the user's name: without an entry in passwd the container would end at its start in Kubernetes (podman
# adds one of its own, so it would not show there). The home folder belongs to root: nothing is to be written.
USERS = """\
root:x:0:0:root:/root:/usr/sbin/nologin
nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin
jwk-operator:x:65532:65532:jwk-operator:/home/jwk-operator:/usr/sbin/nologin
"""
GROUPS = "root:x:0:\nnogroup:x:65534:\njwk-operator:x:65532:\n"
NSSWITCH = "passwd: files\ngroup: files\nhosts: files dns\n"


def assemble(target: Path, application: Path) -> None:
    """Fill the target with what the application, a virtual environment, needs of this system."""
    root = Root(Path("/"), target)
    library = PurePosixPath(os.__file__).parent
    for path in interpreters(application):
        root.take(path)
    root.take_tree(library, unwanted)
    programs = [root.here(path) for path in sorted(root.files)]
    needed = sorted(libraries([*programs, *sorted(application.rglob("*.so*"))], application))
    for path in needed:
        root.take(path)
    root.take_tree(PurePosixPath("/usr/share/zoneinfo"), lambda path: path.parts[0] in {"posix", "right"})
    for path in RELEASE:
        root.take(path)
    note_packages(root)
    configure(root, sorted({str(path.parent) for path in needed}))
    compile_library(root, library)


def interpreters(application: Path) -> Iterator[PurePosixPath]:
    """Return the names of the interpreter that the virtual environment leads to, and those beside it."""
    link = application / "bin" / "python"
    first = PurePosixPath(link.readlink())
    if not first.is_absolute():
        raise ValueError(f"{link} is no link to the base image's Python")
    yield first
    for name in ("python", "python3"):
        if (Path(first.parent) / name).exists():
            yield first.parent / name


def unwanted(path: PurePosixPath) -> bool:
    """Whether a path of the standard library is left out."""
    return path.name in UNWANTED_FOLDERS or UNWANTED_FILES.fullmatch(str(path)) is not None


def libraries(files: Iterable[Path], application: Path) -> set[PurePosixPath]:
    """Return the shared libraries that the files link to, but for those that the application brings with it."""
    programs = [str(path) for path in files if path.is_file() and is_program(path)]
    done = subprocess.run(["/usr/bin/ldd", *programs], capture_output=True, text=True, check=False)
    missing = sorted({line.strip() for line in done.stdout.splitlines() if "not found" in line})
    if missing:
        raise FileNotFoundError(f"libraries that are not there: {missing}")
    found = {PurePosixPath(path) for path in re.findall(r"^\s+(?:\S+ => )?(/\S+) \(0x", done.stdout, re.MULTILINE)}
    if not found:
        raise FileNotFoundError(f"ldd found no library at all: {done.stdout}{done.stderr}")
    system = {path for path in found if not path.is_relative_to(application)}
    (c_library,) = {path.parent for path in system if path.name == "libc.so.6"}
    return system | {c_library / LOADED_BY_NAME}


def note_packages(root: Root) -> None:
    """Note which of Debian's packages the files are from, and take their licences.

    Without that scanners would take the image for empty and miss every known weakness of its libraries.
    """
    packages, rest = debian.owners(root.source, [*root.files, PACKAGE_OF_CERTIFICATES])
    unknown = [path for path in rest if not path.is_relative_to(LOCAL)]
    if unknown:
        raise ValueError(f"no package owns {[str(path) for path in unknown]}")
    for package in packages:
        root.write(str(debian.NOTED / package.name), package.paragraph + "\n")
        copyright_file = PurePosixPath("/usr/share/doc") / package.name / "copyright"
        if root.exists(copyright_file):
            root.take(copyright_file)


def configure(root: Root, library_folders: list[str]) -> None:
    """Write what the C library, OpenSSL and the operator expect to find, each with just what is needed."""
    root.write("/etc/passwd", USERS)
    root.write("/etc/group", GROUPS)
    root.write("/etc/nsswitch.conf", NSSWITCH)
    root.folder("/home/jwk-operator")
    root.folder("/run")
    root.folder("/tmp", 0o1777)  # noqa: S108 - where temporary files go when somebody mounts a volume there
    root.link("/var/run", "/run")
    # The Dockerfile copies the bundle itself, from the base: while this runs, another one may be mounted in its place.
    defaults = ssl.get_default_verify_paths()
    root.link(defaults.openssl_cafile, CERTIFICATES)
    root.link(defaults.openssl_capath, str(PurePosixPath(CERTIFICATES).parent))
    root.write("/etc/ld.so.conf", "".join(f"{folder}\n" for folder in library_folders))
    subprocess.run(["/sbin/ldconfig", "-r", str(root.target)], check=True)


def compile_library(root: Root, library: PurePosixPath) -> None:
    """Compile the standard library, since the container cannot write; not checked against its sources when loaded."""
    done = compileall.compile_dir(
        root.here(library),
        maxlevels=20,
        quiet=1,
        workers=0,
        stripdir=str(root.target),
        prependdir="/",
        invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
    )
    if not done:
        raise ValueError("the standard library does not compile")
