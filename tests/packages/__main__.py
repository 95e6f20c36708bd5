"""Makes all packages of this checkout in a folder: python -m tests.packages [FOLDER]"""

import sys
from hashlib import sha256
from pathlib import Path

import petition
from tests import ROOT
from tests.debian import PYTHONS, RELEASES, roots
from tests.packages import application, bill, deb, image

SUMS = "SHA256SUMS"


def make_all(folder: Path) -> list[Path]:
    """Wheel, sdist, a .deb for each release, the image, a list of what is in each, and SHA256SUMS to sign."""
    folder.mkdir(parents=True, exist_ok=True)
    wheel, moment = application.build(folder), application.epoch()
    for debian in RELEASES:
        with application.installed(debian, wheel) as root:
            site = root / f"opt/petition/.venv/lib/python{PYTHONS[debian]}/site-packages"
            parts = list(bill.python_packages(site, [wheel, *roots.wheels(debian).glob("*.whl")]))
            made = []
            if debian == image.DEBIAN:
                made.append((image.make(root, moment, folder), parts + image.debian_packages()))
            made.append((deb.make(root, debian, moment, folder), parts))
        for file, components in made:
            text = bill.bill(file.name, petition.__version__, moment, components)
            file.with_name(f"{file.name}.cdx.json").write_text(text, "utf-8")
    files = sorted(file for file in folder.iterdir() if file.name != SUMS)
    sums = [f"{sha256(file.read_bytes()).hexdigest()}  {file.name}\n" for file in files]
    (folder / SUMS).write_text("".join(sums), "utf-8")
    return [*files, folder / SUMS]


if __name__ == "__main__":
    for file in make_all(Path(sys.argv[1]) if sys.argv[1:] else ROOT / "var" / "packages"):
        print(f"{file.stat().st_size / 1_000_000:8.1f} MB  {file}")
