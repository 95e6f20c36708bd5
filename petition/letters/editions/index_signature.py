"""Signs the list of an edition, which has the SHA-256 of every PDF, so that no PDF has to be changed.

The format is SSHSIG (PROTOCOL.sshsig of OpenSSH): `ssh-keygen -Y verify`, which most machines have, checks it. The same
list always has the same signature, because Ed25519 uses no random number.
"""

import hashlib
import hmac
from base64 import b64decode, b64encode
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from petition.core.settings import Settings

NAMESPACE = "petition-letters"
PUBLIC_KEY_PATH = "/letters.pub"
DNS_LABEL = f"_{NAMESPACE}"  # below the name of the site: the public key, as TXT
_HASH = "sha512"
_README = """\
index.csv lists the SHA-256 of every PDF of this edition, and index.csv.sig is the signature of that list.
ssh-keygen (OpenSSH 8.1 or newer) checks it:

    curl -O {base_url}{path}
    ssh-keygen -Y verify -f letters.pub -I {host} -n {namespace} -s index.csv.sig < index.csv

Compare letters.pub with what the campaign says elsewhere, such as in the DNS: dig +short TXT {dns_name}
"""


class IndexSigner:
    def __init__(self, secret: str, base_url: str) -> None:
        seed = hmac.digest(secret.encode(), b"petition letters", "sha256")
        self._key, self._base_url = Ed25519PrivateKey.from_private_bytes(seed), base_url
        self._host = urlsplit(base_url).hostname or ""

    @property
    def public_key(self) -> str:
        """As OpenSSH writes it: `ssh-ed25519 AAAA…`."""
        return self._key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()

    @property
    def allowed_signers(self) -> str:
        """A line of the file that `ssh-keygen -Y verify -f` reads."""
        return f'{self._host} namespaces="{NAMESPACE}" {self.public_key}\n'

    def readme(self) -> str:
        dns_name = f"{DNS_LABEL}.{self._host}"
        values = {"base_url": self._base_url, "path": PUBLIC_KEY_PATH, "host": self._host, "dns_name": dns_name}
        return _README.format(namespace=NAMESPACE, **values)

    def sign(self, content: bytes) -> bytes:
        """The signature with its armour, as `ssh-keygen -Y sign` writes it."""
        digest = hashlib.new(_HASH, content).digest()
        purpose = [NAMESPACE, "", _HASH]
        signature = _join("ssh-ed25519", self._key.sign(b"SSHSIG" + _join(*purpose, digest)))
        public_key = b64decode(self.public_key.split()[1])
        body = b64encode(b"SSHSIG" + (1).to_bytes(4) + _join(public_key, *purpose, signature)).decode()
        lines = [body[start : start + 70] for start in range(0, len(body), 70)]
        return "\n".join(["-----BEGIN SSH SIGNATURE-----", *lines, "-----END SSH SIGNATURE-----", ""]).encode()


def index_signer(settings: Settings) -> IndexSigner | None:
    """None if the list is not to be signed."""
    return IndexSigner(settings.letters_key, settings.base_url) if settings.letters_key else None


def _join(*parts: str | bytes) -> bytes:
    """Strings as SSH writes them: each after its length (RFC 4251, 5)."""
    encoded = [part.encode() if isinstance(part, str) else part for part in parts]
    return b"".join(len(part).to_bytes(4) + part for part in encoded)
