"""Passkeys (WebAuthn): what a browser is asked, and whether its answer is right. The only room that names `webauthn`.

A PIN or a fingerprint is required: a key that is taken from its owner opens nothing. Keys are asked to keep no trace
of us (no discoverable credential), and to tell nothing about their make (no attestation).
"""

import ipaddress
import json
from dataclasses import dataclass
from urllib.parse import urlsplit

import webauthn
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

_PATIENCE = 120_000  # milliseconds the browser waits for its user
_VERIFIED = UserVerificationRequirement.REQUIRED
_SELECTION = AuthenticatorSelectionCriteria(
    resident_key=ResidentKeyRequirement.DISCOURAGED, user_verification=_VERIFIED
)


@dataclass(frozen=True, slots=True)
class Created:
    """A new passkey."""

    id: str
    public_key: bytes
    used: int


class Passkeys:
    """Passkeys of one public address."""

    def __init__(self, base_url: str) -> None:
        self._origin = base_url
        self._host = urlsplit(base_url).hostname or ""

    @property
    def possible(self) -> bool:
        """Whether browsers make passkeys for this address: no number, and https or localhost (WebAuthn 5.1.2)."""
        try:
            ipaddress.ip_address(self._host)
        except ValueError:
            return self._origin.startswith("https:") or self._host == "localhost"
        return False

    def creation(self, nickname: str, challenge: str, known: list[str]) -> str:
        """What the browser is asked for a new passkey, as JSON; none is made on a key that has one."""
        options = webauthn.generate_registration_options(
            rp_id=self._host,
            rp_name=self._host,
            user_name=nickname,
            challenge=challenge.encode(),
            timeout=_PATIENCE,
            authenticator_selection=_SELECTION,
            exclude_credentials=_descriptors(known),
        )
        return webauthn.options_to_json(options)

    def request(self, challenge: str, known: list[str]) -> str:
        """What the browser is asked for one of the known passkeys, as JSON."""
        options = webauthn.generate_authentication_options(
            rp_id=self._host,
            challenge=challenge.encode(),
            timeout=_PATIENCE,
            allow_credentials=_descriptors(known),
            user_verification=_VERIFIED,
        )
        return webauthn.options_to_json(options)

    def created(self, answer: str, challenge: str) -> Created | None:
        """The new passkey in a browser's answer; None unless it answers this challenge, for this address."""
        try:
            made = webauthn.verify_registration_response(
                credential=answer,
                expected_challenge=challenge.encode(),
                expected_rp_id=self._host,
                expected_origin=self._origin,
                require_user_verification=True,
            )
        except Exception:  # an answer that is forged or garbled raises whatever it likes
            return None
        return Created(bytes_to_base64url(made.credential_id), made.credential_public_key, made.sign_count)

    def used(self, answer: str, challenge: str, public_key: bytes, before: int) -> int | None:
        """The passkey's counter in a browser's answer; None unless all is right, the counter too (WebAuthn 7.2)."""
        try:
            return webauthn.verify_authentication_response(
                credential=answer,
                expected_challenge=challenge.encode(),
                expected_rp_id=self._host,
                expected_origin=self._origin,
                credential_public_key=public_key,
                credential_current_sign_count=before,
                require_user_verification=True,
            ).new_sign_count
        except Exception:  # as above
            return None


def named(answer: str) -> str:
    """Which passkey a browser's answer names; empty if it is no such answer."""
    try:
        found = json.loads(answer)
    except (ValueError, RecursionError):
        return ""
    id_ = found.get("id") if isinstance(found, dict) else None
    return id_ if isinstance(id_, str) else ""


def _descriptors(known: list[str]) -> list[PublicKeyCredentialDescriptor]:
    return [PublicKeyCredentialDescriptor(id=base64url_to_bytes(id_)) for id_ in known]
