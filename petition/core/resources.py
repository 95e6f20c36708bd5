"""Finds the folders that are part of Petition, such as templates and sql."""

from importlib.resources import files
from pathlib import Path

PACKAGE = Path(str(files("petition"))).resolve()


def folder(name: str) -> Path:
    """Inside the package; in a checkout, templates, static and sql are next to the package."""
    inside = PACKAGE / name
    return inside if inside.is_dir() else PACKAGE.parent / name
