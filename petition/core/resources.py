"""Where the folders are that Petition comes with."""

from importlib.resources import files
from pathlib import Path

PACKAGE = Path(str(files("petition"))).resolve()


def folder(name: str) -> Path:
    """A folder by its name: inside the package; templates, static and sql of a checkout are beside it."""
    inside = PACKAGE / name
    return inside if inside.is_dir() else PACKAGE.parent / name
