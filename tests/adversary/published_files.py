"""What everybody can fetch: the files of features, such as the public log, and quality.json.

The log is read as its standard says (c2sp.org/tlog-tiles), with no code of its own: a site without it has no files.
"""

import json
from collections.abc import Iterator
from typing import Any

from petition.core.settings import Settings
from petition.features import features
from petition.site import Site
from tests.adversary.joins import Tables

Files = dict[str, bytes]
_BUNDLES, _BESIDE = "log/tile/entries/", "log/files/"


async def let_features_work(site: Site) -> None:
    """Once, what the server of the site does every few seconds."""
    for feature in features():
        for _, job in feature.jobs(site):
            await job()


def read_files(settings: Settings) -> Files:
    return dict(file for feature in features() for file in feature.mirror_files(settings))


def entries(files: Files) -> list[dict[str, Any]]:
    """Of the log, each once; parts of a bundle repeat what is in longer ones."""
    bundles = [content for path, content in files.items() if path.startswith(_BUNDLES)]
    return [json.loads(entry) for entry in dict.fromkeys(entry for bundle in bundles for entry in _split(bundle))]


def beside(files: Files) -> dict[str, dict[str, Any]]:
    """By the hash with which entries name them."""
    paths = [path for path in files if path.startswith(_BESIDE)]
    return {path.removeprefix(_BESIDE).removesuffix(".json"): json.loads(files[path]) for path in paths}


def as_tables(files: Files, quality: dict[str, Any]) -> Tables:
    """As if they were tables of a copied database: a row for each entry and each file, a column for each value."""
    rows = {
        "entries of the log": entries(files),
        "files beside the log": beside(files).values(),
        "quality.json": [quality],
    }
    return {name: [dict(_flat(row)) for row in some] for name, some in rows.items()}


def _flat(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Names inside an object are values too: of a letter, a language, a country."""
    if isinstance(value, dict | list):
        for name, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _flat(inner, f"{path}.{name}" if path else str(name))
            if path:
                yield f"{path}.{name} (name)", str(name)
    else:
        yield path, value


def _split(bundle: bytes) -> Iterator[bytes]:
    """Each entry stands behind its length, two bytes."""
    while bundle:
        end = 2 + int.from_bytes(bundle[:2], "big")
        yield bundle[2:end]
        bundle = bundle[end:]
