"""Passkeys: an answer counts for this address, this challenge, this key, a verified user and a rising counter."""

import hashlib
import json
import secrets
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field

import cbor2
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from petition.organisers.passkeys import NewPasskey, Passkeys, credential_id

SITE = Passkeys("https://petition.example")
PRESENT, VERIFIED, ATTESTED = 1, 4, 64  # flags of authenticator data (WebAuthn 6.1)


def _text(content: bytes) -> str:
    return urlsafe_b64encode(content).decode().rstrip("=")


@dataclass
class Authenticator:
    """A security key in software, with a browser around it; a test can make each field lie."""

    origin: str = "https://petition.example"
    host: str = "petition.example"
    flags: int = PRESENT | VERIFIED
    count: int = 0
    id: bytes = field(default_factory=lambda: secrets.token_bytes(16))
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))

    def _data(self, more: bytes = b"", flags: int = 0) -> bytes:
        head = hashlib.sha256(self.host.encode()).digest() + bytes([self.flags | flags])
        return head + self.count.to_bytes(4, "big") + more

    def _answer(self, kind: str, challenge: str, **response: bytes) -> dict[str, object]:
        client = {"type": f"webauthn.{kind}", "challenge": _text(challenge.encode()), "origin": self.origin}
        content = json.dumps(client).encode()
        parts = {"clientDataJSON": content} | response
        if "authenticatorData" in response:
            signed = response["authenticatorData"] + hashlib.sha256(content).digest()
            parts["signature"] = self.key.sign(signed, ec.ECDSA(hashes.SHA256()))
        texts = {name: _text(part) for name, part in parts.items()}
        return {"id": _text(self.id), "rawId": _text(self.id), "type": "public-key", "response": texts}

    def create(self, challenge: str) -> str:
        """Makes a passkey for a site."""
        numbers = self.key.public_key().public_numbers()
        public = {1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32, "big"), -3: numbers.y.to_bytes(32, "big")}
        more = bytes(16) + len(self.id).to_bytes(2, "big") + self.id + cbor2.dumps(public)
        made = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": self._data(more, ATTESTED)})
        return json.dumps(self._answer("create", challenge, attestationObject=made))

    def get(self, challenge: str) -> str:
        """Uses the passkey."""
        return json.dumps(self._answer("get", challenge, authenticatorData=self._data()))


@pytest.fixture
def device() -> Authenticator:
    """A new security key."""
    return Authenticator()


def _new_passkey(device: Authenticator) -> NewPasskey:
    created = SITE.verify_creation(device.create("asked"), "asked")
    assert created is not None
    return created


def test_a_passkey_is_made_and_used(device: Authenticator) -> None:
    made = _new_passkey(device)
    assert (made.id, made.counter) == (_text(device.id), 0)
    for count in (1, 2, 7):
        device.count = count
        assert SITE.verify_answer(device.get("again"), "again", made.public_key, count - 1) == count


def test_one_that_does_not_count_stays_at_nought(device: Authenticator) -> None:
    assert SITE.verify_answer(device.get("again"), "again", _new_passkey(device).public_key, 0) == 0


LIES: dict[str, dict[str, str | int]] = {
    "another origin": {"origin": "https://petition.example.elsewhere.example"},
    "http": {"origin": "http://petition.example"},
    "another port": {"origin": "https://petition.example:444"},
    "another site": {"host": "elsewhere.example"},
    "nobody there": {"flags": VERIFIED},
    "no PIN": {"flags": PRESENT},
}


@pytest.mark.parametrize("lie", LIES)
def test_what_is_not_for_us_or_not_verified_counts_for_nothing(lie: str, device: Authenticator) -> None:
    made = _new_passkey(device)
    for name, value in LIES[lie].items():
        setattr(device, name, value)
    assert SITE.verify_creation(device.create("asked"), "asked") is None
    assert SITE.verify_answer(device.get("again"), "again", made.public_key, 0) is None


def test_another_challenge_key_or_kind_of_answer_counts_for_nothing(device: Authenticator) -> None:
    made, other = _new_passkey(device), _new_passkey(Authenticator())
    assert SITE.verify_creation(device.create("asked"), "other") is None
    assert SITE.verify_answer(device.get("again"), "other", made.public_key, 0) is None
    assert SITE.verify_answer(device.get("again"), "again", other.public_key, 0) is None
    assert SITE.verify_creation(device.get("asked"), "asked") is None
    assert SITE.verify_answer(device.create("again"), "again", made.public_key, 0) is None


@pytest.mark.parametrize("count", [4, 5])
def test_a_counter_that_does_not_rise_is_a_copy(count: int, device: Authenticator) -> None:
    made = _new_passkey(device)
    device.count = count
    assert SITE.verify_answer(device.get("again"), "again", made.public_key, 5) is None


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: (
        st.lists(inner) | st.dictionaries(st.sampled_from(("id", "rawId", "type", "response")) | st.text(), inner)
    ),
)


@given(st.text() | _JSON.map(json.dumps))
def test_whatever_else_arrives_is_no_answer(text: str) -> None:
    assert isinstance(credential_id(text), str)
    assert SITE.verify_creation(text, "asked") is None
    assert SITE.verify_answer(text, "asked", b"", 0) is None


_DEVICE = Authenticator()
_MADE, _ANSWER = _new_passkey(_DEVICE), _DEVICE.get("again")


@given(st.data())
def test_an_answer_with_a_byte_changed_is_none(data: st.DataObject) -> None:
    answer = json.loads(_ANSWER)
    part = data.draw(st.sampled_from(sorted(answer["response"])))
    text = answer["response"][part]
    where = data.draw(st.integers(0, len(text) - 3))  # nobody reads some bits of the last characters
    changed = data.draw(st.sampled_from("ABab09-_").filter(lambda c: c != text[where]))
    answer["response"][part] = text[:where] + changed + text[where + 1 :]
    assert SITE.verify_answer(json.dumps(answer), "again", _MADE.public_key, 0) is None


@pytest.mark.parametrize(
    ("address", "possible"),
    [
        ("https://petition.example", True),
        ("https://petition.example:8443", True),
        ("http://localhost:8000", True),
        ("http://127.0.0.1:8000", False),
        ("http://[::1]:8000", False),
        ("https://192.0.2.1", False),
    ],
)
def test_browsers_know_passkeys_of_names_only(address: str, possible: bool) -> None:
    assert Passkeys(address).is_possible == possible


def test_a_browser_is_asked_for_what_is_known_and_makes_no_second_one(device: Authenticator) -> None:
    made = _new_passkey(device)
    options = json.loads(SITE.request_options("again", [made.id]))
    assert [one["id"] for one in options["allowCredentials"]] == [made.id]
    creation = json.loads(SITE.creation_options("marta", "asked", [made.id]))
    assert [one["id"] for one in creation["excludeCredentials"]] == [made.id]
    assert creation["authenticatorSelection"]["residentKey"] == "discouraged"
    assert creation["rp"]["name"] == "petition.example", "no word of the campaign"
