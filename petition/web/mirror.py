"""The mirror: the public pages as files, for a static host or a USB stick, if the site is blocked or flooded.

It has no form. Where the form was, a link leads to the form on our own server.
"""

import re
import shutil
import tempfile
from pathlib import Path, PurePosixPath
from posixpath import relpath

from petition.core.errors import DataError
from petition.features import features
from petition.site import Site
from petition.web import prerender
from petition.web.http import assets, public_state
from petition.web.http.prerendered import PLAIN

_LINK = re.compile(r'\b(href|src)="(/[^"]*)"')
_INDEX = "index.html"


async def write_mirror(site: Site, folder: Path) -> int:
    """Writes the whole mirror into a new or empty folder, or nothing. Returns the number of files. Raises DataError."""
    await site.take_snapshot()
    contents = render_files(site, await public_state.read_public_state(site)) | feature_files(site)
    try:
        _save_files(contents, folder)
    except OSError as error:
        raise DataError(f"{folder} cannot be written: {error.strerror}. It must be a new or an empty folder.") from None
    return len(contents)


def render_files(site: Site, state: public_state.PublicState) -> dict[str, bytes]:
    """File name -> content. Pages link to each other by file name, and to everything else at the public address."""
    base_url = site.settings.base_url
    texts = {path: text for path, text, _ in prerender.render_texts(site, state, mirror=True) if _in_mirror(path)}
    names = {path: _file_name(path) for path in texts} | {
        f"/static/{name}": f"static/{name}" for name in assets.load_assets()
    }
    names |= {f"/pictures/{picture.name}": f"pictures/{picture.name}" for picture in state.appeal.pictures}
    pages = {names[path]: _rewrite_links(text, names[path], names, base_url) for path, text in texts.items()}
    pages[_INDEX] = _rewrite_links(texts[f"/{site.languages.default.code}/"], _INDEX, names, base_url)
    assets_by_name = {f"static/{name}": asset.bodies[PLAIN] for name, asset in assets.load_assets().items()}
    assets_by_name |= {f"pictures/{picture.name}": picture.content for picture in state.appeal.pictures}
    return {name: text.encode() for name, text in pages.items()} | assets_by_name


def feature_files(site: Site) -> dict[str, bytes]:
    """What folders that can be left out add, read from the disk now."""
    return {name: content for feature in features() for name, content in feature.mirror_files(site.settings)}


def _in_mirror(path: str) -> bool:
    """What other sites frame, and the files for machines, exist only at the public address."""
    for_others = "/embed" in path or "?theme=" in path
    return not for_others and not path.startswith(("/robots", "/sitemap", "/.well-known"))


def _file_name(path: str) -> str:
    """The file name of an address. A page ends in .html, so that a disk and any host know what it is."""
    name = path.removeprefix("/")
    if name.endswith("/"):
        return name + _INDEX
    return name if PurePosixPath(name).suffix else f"{name}.html"


def _rewrite_links(text: str, name: str, names: dict[str, str], base_url: str) -> str:
    """Links lead to a file of the mirror if there is one, else to the public address."""
    if not name.endswith(".html"):
        return text
    folder = PurePosixPath(name).parent
    return _LINK.sub(lambda match: f'{match[1]}="{_link_target(match[2], folder, names) or base_url + match[2]}"', text)


def _link_target(link: str, folder: PurePosixPath, names: dict[str, str]) -> str | None:
    """The file that a link leads to, relative to a folder; None if it is not in the mirror."""
    address, hash_, fragment = link.partition("#")
    file = names.get(address.partition("?")[0])  # the query is the version of a file
    return relpath(file, folder) + hash_ + fragment if file else None


def _save_files(contents: dict[str, bytes], folder: Path) -> None:
    """Writes beside the folder, then renames: all or nothing. Everybody may read the files: all of it is public."""
    parent = folder.absolute().parent
    parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=parent))
    try:
        for name, content in contents.items():
            file = temporary / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
        for path in (temporary, *temporary.rglob("*")):
            path.chmod(0o755 if path.is_dir() else 0o644)
        temporary.rename(folder)  # over an empty folder, never over files: rename(2)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
