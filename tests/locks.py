"""`make check`: do the locks work on any day? Resolves each lock as if all its packages had a newer release since.

It uses the pip of the oldest supported Python. That pip needs a pin for each package with all extras that others want;
a later pip accepts a pin without them.
"""

import re
import subprocess
import sys
import tempfile
import venv
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

LOCKS = (Path("requirements.lock"), Path("tests/requirements.lock"))
# Python 3.11.0 came with pip 22.3, which does not start on Python 3.12; 3.12.0 came with 23.2.1.
PIP = (
    "pip==22.3 --hash=sha256:1daab4b8d3b97d1d763caeb01a4640a2250a0ea899e257b1e44b9eded91e15ab"
    if sys.version_info < (3, 12)
    else "pip==23.2.1 --hash=sha256:7ccf472345f20d35bdc9d1841ff5f313260c2c33fe417f48c30ac46cccabf5be"
)
PINNED = re.compile(r"^([\w.-]+)(?:\[.*?\])?==([\w.!]+)", re.MULTILINE)


def main() -> str:
    """What is wrong; empty if all is well."""
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor() as pool:
        python = old_pip(Path(folder) / "venv")
        return "".join(pool.map(lambda lock: refusal(python, lock), LOCKS))


def old_pip(folder: Path) -> Path:
    """The Python of a new environment that has only that pip."""
    venv.create(folder)
    python, wanted = folder / "bin" / "python", folder / "pip.txt"
    wanted.write_text(PIP, "utf-8")
    options = ("-qq", "--disable-pip-version-check", "--require-hashes")
    subprocess.run([sys.executable, "-m", "pip", "--python", python, "install", *options, "-r", wanted], check=True)
    return python


def refusal(python: Path, lock: Path) -> str:
    """pip's error for this lock; empty if it would install it. Only wheels: to build one takes the newest tools."""
    with tempfile.TemporaryDirectory() as tomorrow:
        for name, version in PINNED.findall(lock.read_text("utf-8")):
            release(Path(tomorrow), name, f"{version.partition('.post')[0]}.post999")
        options = ("--dry-run", "--ignore-installed", "--only-binary=:all:", "--find-links", tomorrow)
        command = [str(python), "-m", "pip", "install", "-qq", *options, "--require-hashes", "-r", str(lock)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    return f"{lock} does not hold on any day:\n{done.stderr}" if done.returncode else ""


def release(folder: Path, name: str, version: str) -> None:
    """Writes an empty wheel, as if it was published today."""
    stem = f"{name.replace('-', '_')}-{version}"
    with zipfile.ZipFile(folder / f"{stem}-py3-none-any.whl", "w") as wheel:
        wheel.writestr(f"{stem}.dist-info/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        wheel.writestr(f"{stem}.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{stem}.dist-info/RECORD", "")


if __name__ == "__main__":
    sys.exit(main() or None)
