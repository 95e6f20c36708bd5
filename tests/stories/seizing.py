"""What a seizer does with a disk: searches every byte for every person, and tries all its keys on all ciphertexts."""

import base64
import os
import signal
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import blake2b, sha256
from pathlib import Path
from random import Random
from urllib.parse import quote, quote_plus

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tests.postgres import Server

FATES = (
    "silent",  # never presses the button
    "plain",
    "news",
    "named",
    "unnamed",  # withdraws the name
    "withdrawn",  # with name and updates
    "erased",  # withdraws with the link in the foot of an email, and wants no more emails
    "changed",  # signs again under another name
    "quiet",  # stops the updates
    "twice",  # again with another spelling, never confirmed
)
_LETTERS = {
    "latin": "abcdefghijklmnopqrstuvwxyząčęłńóśšžő",
    "cyrillic": "абвгдежзійклмнопрстуўхцчшыьэюя",
    "greek": "αβγδεζηθικλμνξοπρστυφχψω",
    "georgian": "აბგდევზთიკლმნოპჟრსტუფქღყშჩცძწჭხჯჰ",
}
_DOMAINS = ("gmail.com", "googlemail.com", "outlook.com", "posteo.de", "example.org", "bücher.example", "uni.example")


@dataclass
class Person:
    """A made-up person; no two have the same name or the same part before the @."""

    fate: str
    local: str
    typed: str
    exact: str
    name: str
    second: str  # the name after a change

    @property
    def printed(self) -> str:
        """The name that may be found, because it will be printed."""
        return {"named": self.name, "changed": self.second}.get(self.fate, "")

    def traces(self) -> Iterator[str]:
        """Every text that leads to this person, without the name to be printed."""
        words = {self.local, self.exact, self.typed, self.typed.lower(), *self._words()}
        yield from words - {self.printed, *self.printed.split()}

    def _words(self) -> Iterator[str]:
        for name in (self.name, self.second):
            yield from (name, name.lower(), name.upper(), name.split()[1])


def crowd(random: Random, fates: Iterable[str]) -> list[Person]:
    """One person for each fate."""
    return [_person(random, fate, n) for n, fate in enumerate(fates)]


def _person(random: Random, fate: str, n: int) -> Person:
    local = "".join(random.choices("bcdfghjklmnpqrstvwxz", k=11)) + str(n)
    domain = random.choice(_DOMAINS)
    dotted = f"{local[:3]}.{local[3:]}+tag" if domain == "gmail.com" else local
    exact = f"{dotted}@{domain.encode('idna').decode()}"
    script = random.choice(sorted(_LETTERS))
    typed = random.choice((str.lower, str.upper, str.title))(dotted) + "@" + domain
    return Person(fate, local, typed, exact, _name(random, script), _name(random, script))


def _name(random: Random, script: str) -> str:
    first, last = ("".join(random.choices(_LETTERS[script], k=k)).capitalize() for k in (6, 12))
    return f"{first} {last}"


def written(text: str) -> set[bytes]:
    """A text in every way in which it may be on a disk."""
    plain = text.encode()
    wide = text.encode("utf-16-le"), text.encode("utf-16-be")
    hexes = {form.hex() for form in (plain, *wide)}
    urls = {quote(text), quote_plus(text), quote(text, safe=""), quote(text, safe="").lower()}
    escaped = text.encode("unicode_escape"), repr(plain)[2:-1].encode()
    sixty_four = {part for form in (plain, *wide) for part in _base64(form)}
    texts = {*hexes, *(h.upper() for h in hexes), *urls}
    return {plain, *wide, *escaped, *sixty_four, *(t.encode() for t in texts)}


def _base64(content: bytes) -> Iterator[bytes]:
    """The base64 characters that do not depend on the bytes around, at each of the three offsets."""
    for before in range(3):
        for altchars in (b"+/", b"-_"):
            first, last = -(-before * 8 // 6) if before else 0, (before + len(content)) * 8 // 6
            yield base64.b64encode(b"\0" * before + content, altchars)[first:last]


@contextmanager
def frozen(server: Server | None) -> Iterator[None]:
    """Stops all writes during a search; SQLite writes only when asked."""
    processes = [server.process.pid, *server.children()] if server and server.process else []
    for process in processes:
        os.kill(process, signal.SIGSTOP)
    yield
    for process in reversed(processes):
        os.kill(process, signal.SIGCONT)


@dataclass
class Search:
    """The number of searched bytes, and what was found: (file, text)."""

    searched: int
    hits: list[tuple[str, str]]


def search(folders: list[Path], texts: Iterable[str], scratch: Path) -> Search:
    """Searches every byte of every file below the folders for each text in every form (grep -F)."""
    needles = {form: text for text in texts for form in written(text)}
    assert not any(b"\n" in needle for needle in needles)
    patterns = scratch / "patterns"
    patterns.write_bytes(b"".join(needle + b"\n" for needle in needles))
    files = [file for folder in folders for file in folder.rglob("*") if file.is_file()]
    command = ["grep", "-raoFZ", "--with-filename", "-f", str(patterns), *map(str, folders)]
    done = subprocess.run(command, capture_output=True, env={**os.environ, "LC_ALL": "C"}, check=False)
    assert done.returncode in (0, 1), done.stderr
    found = [line.partition(b"\0") for line in done.stdout.splitlines() if line]
    hits = [(file.decode(), needles.get(match, repr(match))) for file, _, match in found]
    return Search(sum(file.stat().st_size for file in files), hits)


def opened(ciphertext: str, keys: Iterable[bytes]) -> str | None:
    """The plaintext if one of the keys opens it: AES-GCM as in core/encryption.py. The server has no age identity."""
    content = base64.urlsafe_b64decode(ciphertext)
    for key in keys:
        try:
            return AESGCM(key).decrypt(content[:12], content[12:], None).rstrip(b"\0").decode()
        except (InvalidTag, ValueError):
            continue
    return None


def keys_on(folders: list[Path], secrets: Iterable[str]) -> list[bytes]:
    """Every key on the disk: files with the size of a key, and keys made from the texts of secrets."""
    files = [file for folder in folders for file in folder.rglob("*") if file.is_file() and file.stat().st_size == 32]
    return [file.read_bytes() for file in files] + [key for text in secrets for key in keys_of(text)]


def keys_of(text: str) -> Iterator[bytes]:
    """Keys made from a text: hashed and cut."""
    yield sha256(text.encode()).digest()
    yield text.encode()[:32].ljust(32, b"\0")


def name_keys(secret: str, link_secret: str) -> Iterator[bytes]:
    """Keys of a name in a form, made from a secret of the server and one of a link (core/encryption.link_keys)."""
    key = blake2b(secret.encode(), person=b"petition keys").digest()
    yield blake2b(f"name {link_secret}".encode(), key=key, digest_size=32).digest()
