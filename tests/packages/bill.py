"""A CycloneDX list of what is in a package: Python packages with the hash of their wheel, and Debian's packages."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from email.parser import HeaderParser
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

Component = dict[str, Any]


def bill(name: str, version: str, moment: int, components: list[Component]) -> str:
    """The list as JSON; the same components give the same bytes."""
    text = json.dumps(components, sort_keys=True)
    found = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid5(NAMESPACE_URL, name + version + text)}",
        "version": 1,
        "metadata": {
            "timestamp": datetime.fromtimestamp(moment, UTC).isoformat().replace("+00:00", "Z"),
            "component": {"type": "application", "bom-ref": name, "name": name, "version": version},
        },
        "components": sorted(components, key=lambda one: str(one["bom-ref"])),
    }
    return json.dumps(found, indent=1, sort_keys=True) + "\n"


def python_packages(site: Path, wheels: list[Path]) -> Iterator[Component]:
    """What is installed in a folder of packages, with the hashes of the wheels that it came from."""
    hashes = {_wheels_name(file): sha256(file.read_bytes()).hexdigest() for file in wheels}
    for file in sorted(site.glob("*.dist-info/METADATA")):
        about = HeaderParser().parsestr(file.read_text("utf-8"))
        name, version = re.sub(r"[-_.]+", "-", about["Name"]).lower(), about["Version"]
        found = _component(f"pkg:pypi/{name}@{version}", name, version)
        if licence := about["License-Expression"]:
            found["licenses"] = [{"expression": licence}]
        elif licences := [one.rpartition(" :: ")[2] for one in about.get_all("Classifier", []) if "License ::" in one]:
            found["licenses"] = [{"license": {"name": one}} for one in licences]
        elif (licence := about["License"]) and len(licence) < 80:
            found["licenses"] = [{"license": {"name": licence}}]
        if digest := hashes.get((name, version)):
            found["hashes"] = [{"alg": "SHA-256", "content": digest}]
        yield found


def _wheels_name(file: Path) -> tuple[str, str]:
    name, version, *_ = file.name.split("-")
    return re.sub(r"[-_.]+", "-", name).lower(), version


def debian_packages(root: Path, release: str) -> Iterator[Component]:
    """What dpkg knows as installed in a root."""
    for entry in (root / "var/lib/dpkg/status").read_text("utf-8").split("\n\n"):
        about = HeaderParser().parsestr(entry)
        if about["Status"] == "install ok installed":
            name, version = about["Package"], about["Version"]
            where = f"pkg:deb/debian/{name}@{version.replace(':', '%3A').replace('+', '%2B')}"
            yield _component(f"{where}?arch={about['Architecture']}&distro={release}", name, version)


def _component(purl: str, name: str, version: str) -> Component:
    return {"type": "library", "bom-ref": purl, "purl": purl, "name": name, "version": version}
