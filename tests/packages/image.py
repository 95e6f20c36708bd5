"""An OCI image as one tar, written without a daemon: a layer of a bare Debian with Python, and one of /opt/petition."""

import gzip
import io
import json
import os
import subprocess
import tarfile
from collections.abc import Iterator
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, BinaryIO

import petition
from tests.debian import RELEASES, roots
from tests.packages import bill

DEBIAN = 13
# A number and no name: no root is needed, and who starts it can give the folders below to the same number.
USER = "5000:5000"
WHERE = ("/var/lib/petition", "/var/lib/petition-keys")
LEFT_OUT = (
    "./usr/share/doc/",
    "./usr/share/man/",
    "./usr/share/locale/",
    "./usr/share/info/",
    "./var/log/",
    "./var/cache/",
)
CHANGING = ("./etc/machine-id", "./etc/hostname", "./etc/resolv.conf", "./dev/")  # of the machine that runs it
KINDS = "application/vnd.oci.image"


def make(root: Path, moment: int, into: Path) -> Path:
    """The image of what is installed in a root."""
    _add_folders(root)
    base = _layer(_of_tar(_bare()), moment)
    ours = _layer(_of_folder(root, ("opt/petition", *(where.lstrip("/") for where in WHERE))), moment)
    config = _json(_config([base[1], ours[1]], moment))
    layers = [_named(f"{KINDS}.layer.v1.tar+gzip", layer) for layer, _ in (base, ours)]
    manifest = _json(
        {
            "schemaVersion": 2,
            "mediaType": f"{KINDS}.manifest.v1+json",
            "config": _named(f"{KINDS}.config.v1+json", config),
            "layers": layers,
        }
    )
    tag = {"annotations": {"org.opencontainers.image.ref.name": petition.__version__}}
    index = _json({"schemaVersion": 2, "manifests": [_named(f"{KINDS}.manifest.v1+json", manifest) | tag]})
    files = {"oci-layout": _json({"imageLayoutVersion": "1.0.0"}), "index.json": index}
    files |= {f"blobs/sha256/{sha256(blob).hexdigest()}": blob for blob in (base[0], ours[0], config, manifest)}
    made = into / f"petition-{petition.__version__}-{_architecture()}.oci.tar"
    with tarfile.open(made, "w", format=tarfile.PAX_FORMAT) as archive:
        for name, content in sorted(files.items()):
            archive.addfile(_plain(tarfile.TarInfo(name), len(content), moment), io.BytesIO(content))
    return made


def _bare() -> Path:
    return roots.root(DEBIAN, installed=("python3", "tzdata"), variant="essential")


def debian_packages() -> list[bill.Component]:
    """Debian's packages in the image."""
    with roots.unpacked(_bare()) as root:
        return list(bill.debian_packages(root, RELEASES[DEBIAN]))


def _add_folders(root: Path) -> None:
    for where in WHERE:
        folder = root / where.lstrip("/")
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.chown(folder, *map(int, USER.split(":")))


def _architecture() -> str:
    told = subprocess.run(["dpkg", "--print-architecture"], capture_output=True, text=True, check=True)
    return told.stdout.strip()


def _config(layers: list[str], moment: int) -> dict[str, Any]:
    environment = {
        "PATH": "/opt/petition/.venv/bin:/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "HOME": WHERE[0],
        "PYTHONDONTWRITEBYTECODE": "1",
        "PETITION_MODE": "production",  # which does not start before it is set up
        "PETITION_VAR": WHERE[0],
        "PETITION_OUTBOX_KEYS": f"{WHERE[1]}/outbox",
    }
    return {
        "created": datetime.fromtimestamp(moment, UTC).isoformat().replace("+00:00", "Z"),
        "architecture": _architecture(),
        "os": "linux",
        "config": {
            "User": USER,
            "WorkingDir": WHERE[0],
            "Env": [f"{name}={value}" for name, value in environment.items()],
            "Entrypoint": ["/opt/petition/.venv/bin/petition"],
            "Cmd": ["serve", "--host", "0.0.0.0", "--port", "8000"],
            "ExposedPorts": {"8000/tcp": {}},
            "Volumes": {where: {} for where in WHERE},
            "StopSignal": "SIGTERM",
            "Labels": {
                "org.opencontainers.image.title": "petition",
                "org.opencontainers.image.version": petition.__version__,
                "org.opencontainers.image.licenses": "AGPL-3.0-or-later",
            },
        },
        "rootfs": {"type": "layers", "diff_ids": layers},
    }


def _json(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


def _named(kind: str, blob: bytes) -> dict[str, Any]:
    return {"mediaType": kind, "digest": f"sha256:{sha256(blob).hexdigest()}", "size": len(blob)}


Member = tuple[tarfile.TarInfo, bytes | None]


def _of_tar(tar: Path) -> Iterator[Member]:
    with tarfile.open(tar) as archive:
        for info in archive:
            name = info.name if info.name.startswith("./") else f"./{info.name}"
            if not name.startswith(CHANGING) and not (name.startswith(LEFT_OUT) and not info.isdir()):
                file = archive.extractfile(info) if info.isreg() else None
                yield info, file.read() if file else None


def _of_folder(root: Path, names: tuple[str, ...]) -> Iterator[Member]:
    with tarfile.open(fileobj=io.BytesIO(), mode="w") as writer:
        for name in names:
            for file in [root / name, *(root / name).rglob("*")]:
                info = writer.gettarinfo(file, f"./{file.relative_to(root)}")
                if info.islnk():  # two names of one file: each is written out
                    info.type, info.linkname, info.size = tarfile.REGTYPE, "", file.stat().st_size
                info.mode |= 0o044 if name == "opt/petition" else 0
                yield info, file.read_bytes() if info.isreg() else None


def _layer(members: Iterator[Member], moment: int) -> tuple[bytes, str]:
    """The compressed layer, and the digest of what is in it."""
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for info, content in sorted(members, key=lambda member: member[0].name):
            _plain(info, len(content or b""), moment)
            archive.addfile(info, io.BytesIO(content) if content is not None else None)
    return gzip.compress(plain.getvalue(), 6, mtime=0), f"sha256:{sha256(plain.getvalue()).hexdigest()}"


def _plain(info: tarfile.TarInfo, size: int, moment: int) -> tarfile.TarInfo:
    """Without what differs from one build to the next."""
    info.uname = info.gname = ""
    info.mtime, info.size, info.pax_headers = moment, size, {}
    return info


def unpack(image: Path, into: Path) -> dict[str, Any]:
    """Unpacks an image as a runtime does, with every digest checked; returns how it is started."""
    with tarfile.open(image) as archive:

        def read(name: str) -> bytes:
            file: BinaryIO | None = archive.extractfile(name)  # type: ignore[assignment]  # typeshed says IO[bytes]
            assert file
            return file.read()

        def blob(entry: dict[str, Any]) -> bytes:
            kind, _, digest = str(entry["digest"]).partition(":")
            content = read(f"blobs/{kind}/{digest}")
            assert sha256(content).hexdigest() == digest
            assert len(content) == entry["size"]
            return content

        manifest = json.loads(blob(json.loads(read("index.json"))["manifests"][0]))
        config = json.loads(blob(manifest["config"]))
        for layer, digest in zip(manifest["layers"], config["rootfs"]["diff_ids"], strict=True):
            plain = gzip.decompress(blob(layer))
            assert f"sha256:{sha256(plain).hexdigest()}" == digest
            subprocess.run(["tar", "-xp", "-C", into, "--numeric-owner"], input=plain, check=True)
    return dict(config["config"])
