"""`make fuzz`: each target for SECONDS in a process of its own. What it finds lies in var/fuzz.

python -m tests.fuzz SECONDS [TARGET …]
"""

import importlib
import re
import subprocess
import sys
from pathlib import Path

HOME = Path("var/fuzz")
MAX_BYTES, SECONDS_FOR_ONE = 4096, 5  # longest input; an input that takes longer is a finding


def main(seconds: int, chosen: list[str]) -> int:
    """A line for each target; 1 if one found something."""
    from tests.fuzz.targets import TARGETS

    found = [name for name in chosen or TARGETS if not _report(name, _run(name, seconds))]
    print(f"found by: {', '.join(found)}" if found else "nothing found")
    return 1 if found else 0


def _run(name: str, seconds: int) -> subprocess.CompletedProcess[str]:
    """A process that fuzzes one target; libFuzzer keeps inputs that reach new code in the folder."""
    from tests.fuzz.targets import SEEDS

    corpus = HOME / name
    corpus.mkdir(parents=True, exist_ok=True)
    for n, seed in enumerate(SEEDS[name]):
        (corpus / f"seed{n}").write_bytes(seed)
    limits = [f"-max_total_time={seconds}", f"-max_len={MAX_BYTES}", f"-timeout={SECONDS_FOR_ONE}"]
    options = [*limits, "-rss_limit_mb=1024", f"-artifact_prefix={HOME}/{name}-", str(corpus)]
    command = [sys.executable, "-m", "tests.fuzz", "--target", name, *options]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def _report(name: str, done: subprocess.CompletedProcess[str]) -> bool:
    runs = re.findall(r"^Done (\d+) runs|^#(\d+)", done.stderr, re.MULTILINE)
    last = "".join(runs[-1]) if runs else "0"
    cover = re.findall(r"cov: (\d+)", done.stderr)
    print(f"{name:16} {int(last):>12,} inputs, {cover[-1] if cover else 0:>6} places in the code reached", flush=True)
    if done.returncode:
        print(done.stderr[-3000:], file=sys.stderr)
    return done.returncode == 0


def _fuzz(name: str, options: list[str]) -> None:
    """Never returns."""
    atheris = importlib.import_module("atheris")
    with atheris.instrument_imports(include=["petition", "email", "email_validator", "idna", "altcha", "itsdangerous"]):
        targets = importlib.import_module("tests.fuzz.targets")
    atheris.Setup([sys.argv[0], *options], targets.TARGETS[name])
    atheris.Fuzz()


if __name__ == "__main__":
    if sys.argv[1:2] == ["--target"]:
        _fuzz(sys.argv[2], sys.argv[3:])
    sys.exit(main(int(sys.argv[1]), sys.argv[2:]))
