"""What hashing, sealing and encrypting cost for one signature, each step alone."""

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from petition.campaign.appeal import Appeal
from petition.core import encryption, tokens
from petition.core.email_addresses import EmailProviders
from petition.core.encryption import ServerKeys
from petition.core.outbox_keys import OutboxKeys
from petition.core.tokens import Purpose, Signer
from tests.bench.report import Report, middle
from tests.conftest import IDENTITY

TIMES, ROUNDS = 500, 5
NOTE = f"Median of {ROUNDS} rounds of {TIMES}. The address for updates is sealed to one recipient."


def measure(report: Report) -> None:
    """Fills a table in microseconds."""
    table = report.table("What safety costs", NOTE, "step | when | µs")
    with tempfile.TemporaryDirectory() as folder:
        server_keys = ServerKeys("e" * 40, (str(IDENTITY.to_public()),), OutboxKeys(Path(folder)))
        mailboxes, signer, secret = (
            EmailProviders(Appeal(None).data_file("mailboxes.toml")),
            Signer(("s" * 40,)),
            tokens.new_secret(),
        )
        token = signer.make_token(Purpose.CONFIRM, secret)
        address = mailboxes.parse("an.na+petition@gmail.com")
        assert address is not None
        name_key = server_keys.link_keys(secret).name_key
        steps: tuple[tuple[str, str, Callable[[], object]], ...] = (
            ("reading the address", "sign", lambda: mailboxes.parse("an.na+petition@gmail.com")),
            ("keyed hashes of both its forms", "sign", lambda: server_keys.email_hashes(address)),
            ("a link's secret and what it leads to", "sign", lambda: server_keys.link_keys(tokens.new_secret())),
            ("the key under which emails are counted", "sign", lambda: server_keys.quota_key(address)),
            ("encrypting address and number for the outbox", "sign", lambda: server_keys.outbox.encrypt("x" * 80)),
            (
                "encrypting a name with the number",
                "sign, named",
                lambda: encryption.encrypt_name(name_key, "Anna Nowak"),
            ),
            ("sealing the address to the organisers", "sign, updates", lambda: server_keys.seal_contact(address.exact)),
            ("signing a link", "mail", lambda: signer.make_token(Purpose.CONFIRM, secret)),
            ("reading a link", "confirm", lambda: signer.read_token(Purpose.CONFIRM, token)),
        )
        for step, when, act in steps:
            table.add(step, when, middle([_microseconds(act) for _ in range(ROUNDS)]))


def _microseconds(act: Callable[[], object]) -> float:
    begun = time.perf_counter()
    for _ in range(TIMES):
        act()
    return (time.perf_counter() - begun) / TIMES * 1e6
