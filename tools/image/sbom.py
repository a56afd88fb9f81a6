"""The list of what is in the image (SBOM), as CycloneDX JSON; the same image gives the same bytes.

Made of what is installed, not of what was asked for: the packages of the virtual environment, the interpreter, and the
packages of Debian that own files of the image.
"""

from __future__ import annotations

import hashlib
import json
import sys
import uuid
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from importlib.metadata import Distribution, distributions
from pathlib import Path
from typing import Any
from urllib.parse import quote

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from image import debian

Component = dict[str, Any]
PRODUCT = "jwk-operator"
LONGEST_LICENSE = 100  # older packages give the whole text where others give the name


def document(application: Path, system: Path, report: Mapping[str, Any], epoch: int) -> dict[str, Any]:
    """Return the list for a virtual environment on a system; `report` is pip's, of what it installed and from what.

    `epoch` is the list's time; with 0 it has none.
    """
    found: dict[str, Distribution] = {
        canonicalize_name(item.name): item for item in distributions(path=_site_packages(application))
    }
    hashes = _hashes(report)
    python = {name: _python_package(name, found[name], hashes) for name in sorted(found)}
    release = _release(system)
    packages = [_debian_package(package, release) for package in debian.noted(system)]
    interpreter = _interpreter(application)
    product = python.pop(PRODUCT) | {"type": "application"}
    components = [_operating_system(release), interpreter, *python.values(), *packages]
    python[PRODUCT] = product
    needs: dict[str, list[str]] = {item["bom-ref"]: [] for item in (product, *components)}
    for name, component in python.items():
        needs[component["bom-ref"]] = sorted(python[other]["bom-ref"] for other in _needs(found[name], python))
    needs[product["bom-ref"]].append(interpreter["bom-ref"])
    needs[interpreter["bom-ref"]] = [package["bom-ref"] for package in packages]
    metadata: dict[str, Any] = {"component": product}
    if epoch:
        metadata["timestamp"] = datetime.fromtimestamp(epoch, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    body = {
        "metadata": metadata,
        "components": components,
        "dependencies": [{"ref": reference, "dependsOn": needs[reference]} for reference in sorted(needs)],
    }
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_OID, json.dumps(body, sort_keys=True))}",
        "version": 1,
        **body,
    }


def _site_packages(application: Path) -> list[str]:
    return [str(path) for path in sorted(application.glob("lib/python3*/site-packages"))]


def _hashes(report: Mapping[str, Any]) -> dict[str, str]:
    """Return the SHA-256 of the wheel that each package was installed from, by the package's name."""
    return {
        canonicalize_name(item["metadata"]["name"]): item["download_info"]["archive_info"]["hashes"]["sha256"]
        for item in report["install"]
    }


def _python_package(name: str, distribution: Distribution, hashes: Mapping[str, str]) -> Component:
    purl = f"pkg:pypi/{name}@{_quoted(distribution.version)}"
    component: Component = {"type": "library", "bom-ref": purl, "name": name, "version": distribution.version}
    checksum = hashes.get(name) or _hash_of_local_wheel(distribution)
    if checksum:
        component["hashes"] = [{"alg": "SHA-256", "content": checksum}]
    licenses = _licenses(distribution)
    if licenses:
        component["licenses"] = licenses
    return {**component, "purl": purl}


def _hash_of_local_wheel(distribution: Distribution) -> str | None:
    """The operator's own wheel is not in pip's report of the lock file's packages; pip notes where it had it from."""
    text = distribution.read_text("direct_url.json")
    if text is None:
        return None
    found = json.loads(text).get("archive_info", {}).get("hashes", {}).get("sha256")
    return str(found) if found else None


def _licenses(distribution: Distribution) -> list[dict[str, Any]]:
    """Return an expression where the package gives one, else the names that it gives, which may be nobody else's."""
    metadata = distribution.metadata
    if "License-Expression" in metadata:
        return [{"expression": metadata["License-Expression"]}]
    heading = metadata["License"].strip() if "License" in metadata else ""
    if heading and "\n" not in heading and len(heading) <= LONGEST_LICENSE:
        return [{"license": {"name": heading}}]
    classifiers = [item.split(" :: ") for item in metadata.get_all("Classifier") or []]
    names = sorted({parts[-1] for parts in classifiers if parts[0] == "License" and len(parts) > 2})
    return [{"license": {"name": name}} for name in names]


def _needs(distribution: Distribution, installed: Iterable[str]) -> set[str]:
    """Return which of the installed packages a package requires here, without its extras."""
    requirements = [Requirement(line) for line in distribution.requires or []]
    wanted = [item for item in requirements if item.marker is None or item.marker.evaluate({"extra": ""})]
    names: set[str] = {canonicalize_name(item.name) for item in wanted}
    return names & set(installed)


def _interpreter(application: Path) -> Component:
    """Return the interpreter, with the hash of its program: the official base image has it from no package."""
    version = ".".join(str(part) for part in sys.version_info[:3])
    program = (application / "bin" / "python").resolve()
    purl = f"pkg:generic/python@{version}"
    return {
        "type": "platform",
        "bom-ref": purl,
        "name": "python",
        "version": version,
        "hashes": [{"alg": "SHA-256", "content": hashlib.sha256(program.read_bytes()).hexdigest()}],
        "licenses": [{"license": {"id": "PSF-2.0"}}],
        "cpe": f"cpe:2.3:a:python:python:{version}:*:*:*:*:*:*:*",
        "purl": purl,
    }


def _release(system: Path) -> dict[str, str]:
    lines = (system / "usr/lib/os-release").read_text(encoding="utf-8").splitlines()
    return {key: value.strip('"') for key, _, value in (line.partition("=") for line in lines)}


def _operating_system(release: Mapping[str, str]) -> Component:
    name, version = release["ID"], release["VERSION_ID"]
    return {"type": "operating-system", "bom-ref": f"os:{name}@{version}", "name": name, "version": version}


def _debian_package(package: debian.Package, release: Mapping[str, str]) -> Component:
    """Return the component; `upstream` is how scanners learn of the source package, which warnings are about."""
    source, source_version = package.source
    distribution = f"{release['ID']}-{release['VERSION_ID']}"
    upstream = source if source_version == package.version else f"{source}@{source_version}"
    qualifiers = {"arch": package["Architecture"], "distro": distribution}
    if upstream != package.name:
        qualifiers["upstream"] = upstream
    query = "&".join(f"{key}={_quoted(value)}" for key, value in sorted(qualifiers.items()))
    purl = f"pkg:deb/{release['ID']}/{_quoted(package.name)}@{_quoted(package.version)}?{query}"
    return {"type": "library", "bom-ref": purl, "name": package.name, "version": package.version, "purl": purl}


def _quoted(text: str) -> str:
    """Return the text as package URLs have it."""
    return quote(text, safe="-._~:")
