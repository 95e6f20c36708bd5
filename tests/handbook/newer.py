"""A newer version with one more step of the schema, under a tag that somebody signed."""

import os
import subprocess
from pathlib import Path

from petition.core.database import migrations

TAG = "v99.0.0"
_STEP = "create index signatures_newer on signatures (country);\n"


def release(code: Path) -> str:
    """Adds the tag to the published code; returns the public key of the person who signed it."""
    key, index = code.parent / "signer", code.parent / "index"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)

    def git(*words: str | Path, text: str = "") -> str:
        who = ("-c", "user.name=Signer", "-c", "user.email=signer@mailbox.example", "-c", "gpg.format=ssh")
        command = ["git", "-C", code, *who, "-c", f"user.signingkey={key}", *words]
        environment = {**os.environ, "GIT_INDEX_FILE": str(index)}
        done = subprocess.run(command, input=text, env=environment, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    git("read-tree", "main")
    step = git("hash-object", "-w", "--stdin", text=_STEP)
    name = f"sql/migrations/{migrations.latest_version() + 1:04}_newer.sql"
    git("update-index", "--add", "--cacheinfo", f"100644,{step},{name}")
    commit = git("commit-tree", git("write-tree"), "-p", "main", "-m", "A newer version")
    git("tag", "-s", "-m", TAG, TAG, commit)
    return " ".join(key.with_suffix(".pub").read_text("ascii").split()[:2])
