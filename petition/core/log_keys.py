"""Makes keys that sign the public log, in the form of Go's notes: PRIVATE+KEY+NAME+HASH+BASE64.

The log itself reads them in a module of its own, because it can be left out.
"""

import hashlib
import re
from base64 import b64encode

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

DESTROYED = "destroyed-"  # begins the random text that `petition destroy all` puts in the place of a key
_ED25519 = b"\x01"  # c2sp.org/signed-note
FORM = re.compile(r"PRIVATE\+KEY\+[^+\s,]+\+[0-9a-f]{8}\+[A-Za-z0-9+/]{44}")


def make_log_key(name: str) -> str:
    """`name` is the name of the log, its origin, such as example.org/log."""
    key = Ed25519PrivateKey.generate()
    public = _ED25519 + key.public_key().public_bytes_raw()
    found = hashlib.sha256(name.encode() + b"\n" + public).digest()[:4].hex()
    return f"PRIVATE+KEY+{name}+{found}+{b64encode(_ED25519 + key.private_bytes_raw()).decode()}"
