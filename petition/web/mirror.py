"""The public pages as files, for the day the site is blocked or flooded: for any static host, or a stick.

Nothing can be typed there: where the form was, a link leads to the form on our own machine.
"""

import re
import shutil
import tempfile
from pathlib import Path, PurePosixPath
from posixpath import relpath

from petition.core.errors import DataError
from petition.site import Site
from petition.web import prerender
from petition.web.http import assets, public_state
from petition.web.http.prerendered import PLAIN

_LINK = re.compile(r'\b(href|src)="(/[^"]*)"')
_DOOR = "index.html"


async def write(site: Site, folder: Path) -> int:
    """All of it into a folder, which must be new or empty, or nothing at all; how many files. Raises DataError."""
    await site.publish()
    found = files(site, await public_state.read_public_state(site))
    try:
        _save(found, folder)
    except OSError as error:
        raise DataError(f"{folder} cannot be written: {error.strerror}. It must be a new or an empty folder.") from None
    return len(found)


def files(site: Site, moment: public_state.PublicState) -> dict[str, bytes]:
    """Every file by its name; pages link to each other by name, and to everything else at the public address."""
    base_url = site.settings.base_url
    texts = {path: text for path, text, _ in prerender.texts(site, moment, mirror=True) if _kept(path)}
    names = {path: _name(path) for path in texts} | {
        f"/static/{name}": f"static/{name}" for name in assets.load_assets()
    }
    pages = {names[path]: _linked(text, names[path], names, base_url) for path, text in texts.items()}
    pages[_DOOR] = _linked(texts[f"/{site.languages.default.code}/"], _DOOR, names, base_url)
    lasting = {f"static/{name}": file.bodies[PLAIN] for name, file in assets.load_assets().items()}
    return {name: text.encode() for name, text in pages.items()} | lasting


def _kept(path: str) -> bool:
    """The counter for other sites and what machines look for belong to the public address alone."""
    return "/embed" not in path and not path.startswith(("/robots", "/sitemap", "/.well-known"))


def _name(path: str) -> str:
    """The file of an address: a page has its ending, so that a disk and any host know what it is."""
    name = path.removeprefix("/")
    if name.endswith("/"):
        return name + _DOOR
    return name if PurePosixPath(name).suffix else f"{name}.html"


def _linked(text: str, name: str, names: dict[str, str], base_url: str) -> str:
    """A page whose links lead to files of the mirror where there is one, else to the public address."""
    if not name.endswith(".html"):
        return text
    here = PurePosixPath(name).parent
    return _LINK.sub(lambda found: f'{found[1]}="{_target(found[2], here, names) or base_url + found[2]}"', text)


def _target(link: str, here: PurePosixPath, names: dict[str, str]) -> str | None:
    """The file behind a link, seen from a folder; None if it is not in the mirror."""
    address, hash_, fragment = link.partition("#")
    file = names.get(address.partition("?")[0])  # behind the question mark is the version of a file
    return relpath(file, here) + hash_ + fragment if file else None


def _save(found: dict[str, bytes], folder: Path) -> None:
    """Written beside the folder and renamed into its place. Whoever serves it may read it: all of it is public."""
    parent = folder.absolute().parent
    parent.mkdir(parents=True, exist_ok=True)
    made = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=parent))
    try:
        for name, content in found.items():
            file = made / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
        for path in (made, *made.rglob("*")):
            path.chmod(0o755 if path.is_dir() else 0o644)
        made.rename(folder)  # over an empty folder, never over files: rename(2)
    finally:
        shutil.rmtree(made, ignore_errors=True)
