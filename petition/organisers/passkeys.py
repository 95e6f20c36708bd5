"""Passkeys (WebAuthn): what a browser is asked, and whether its answer is right. Only this module imports `webauthn`.

A PIN or a fingerprint is required: a stolen key opens nothing. Keys are asked to store nothing about us (no
discoverable credential) and to tell nothing about their maker (no attestation).
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

_TIMEOUT_MS = 120_000  # the browser waits this long for its user
_VERIFIED = UserVerificationRequirement.REQUIRED
_SELECTION = AuthenticatorSelectionCriteria(
    resident_key=ResidentKeyRequirement.DISCOURAGED, user_verification=_VERIFIED
)


@dataclass(frozen=True, slots=True)
class NewPasskey:
    id: str
    public_key: bytes
    counter: int


class Passkeys:
    def __init__(self, base_url: str) -> None:
        self._origin = base_url
        self._host = urlsplit(base_url).hostname or ""

    @property
    def is_possible(self) -> bool:
        """Browsers make passkeys only for a host name (no IP address), over https or on localhost (WebAuthn 5.1.2)."""
        try:
            ipaddress.ip_address(self._host)
        except ValueError:
            return self._origin.startswith("https:") or self._host == "localhost"
        return False

    def creation_options(self, nickname: str, challenge: str, known_ids: list[str]) -> str:
        """What the browser is asked for a new passkey, as JSON. A device that has a known passkey makes none."""
        options = webauthn.generate_registration_options(
            rp_id=self._host,
            rp_name=self._host,
            user_name=nickname,
            challenge=challenge.encode(),
            timeout=_TIMEOUT_MS,
            authenticator_selection=_SELECTION,
            exclude_credentials=_descriptors(known_ids),
        )
        return webauthn.options_to_json(options)

    def request_options(self, challenge: str, known_ids: list[str]) -> str:
        """What the browser is asked for one of the known passkeys, as JSON."""
        options = webauthn.generate_authentication_options(
            rp_id=self._host,
            challenge=challenge.encode(),
            timeout=_TIMEOUT_MS,
            allow_credentials=_descriptors(known_ids),
            user_verification=_VERIFIED,
        )
        return webauthn.options_to_json(options)

    def verify_creation(self, answer: str, challenge: str) -> NewPasskey | None:
        """The new passkey; None unless the answer fits this challenge and this address."""
        try:
            verified = webauthn.verify_registration_response(
                credential=answer,
                expected_challenge=challenge.encode(),
                expected_rp_id=self._host,
                expected_origin=self._origin,
                require_user_verification=True,
            )
        except Exception:  # a forged or damaged answer may raise anything
            return None
        return NewPasskey(
            bytes_to_base64url(verified.credential_id), verified.credential_public_key, verified.sign_count
        )

    def verify_answer(self, answer: str, challenge: str, public_key: bytes, last_counter: int) -> int | None:
        """The passkey's new counter; None unless everything is right, the counter too (WebAuthn 7.2)."""
        try:
            return webauthn.verify_authentication_response(
                credential=answer,
                expected_challenge=challenge.encode(),
                expected_rp_id=self._host,
                expected_origin=self._origin,
                credential_public_key=public_key,
                credential_current_sign_count=last_counter,
                require_user_verification=True,
            ).new_sign_count
        except Exception:  # as above
            return None


def credential_id(answer: str) -> str:
    """The id of the passkey in a browser's answer; empty if the answer has none."""
    try:
        parsed = json.loads(answer)
    except (ValueError, RecursionError):
        return ""
    id_ = parsed.get("id") if isinstance(parsed, dict) else None
    return id_ if isinstance(id_, str) else ""


def _descriptors(known_ids: list[str]) -> list[PublicKeyCredentialDescriptor]:
    return [PublicKeyCredentialDescriptor(id=base64url_to_bytes(id_)) for id_ in known_ids]
