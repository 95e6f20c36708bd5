"""How a relay may answer and fail: refused for good, or delayed, and the error names no more than a code."""

import asyncio
import gc
import socket
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from petition.core.errors import SettingsError
from petition.core.languages import Languages
from petition.mail import compose
from petition.mail.compose import RenderedEmail
from petition.mail.replies import Phase, Verdict, judge
from petition.mail.smtp import NotSent, SmtpTransport
from tests import relay
from tests.relay import Relay

ADDRESS = "anna@example.org"
ENGLISH = Languages(["en"], {})["en"]


def _message(to: str = ADDRESS) -> RenderedEmail:
    return compose.render_email(
        ENGLISH, "login", to, "Links <links@sender.example>", "id", {"login": "https://x.example/T"}
    )


async def _sent(url: str) -> str:
    """The result of an email: "sent", or the verdict and what is told of the reply."""
    smtp = SmtpTransport(url)
    said = "sent"
    try:
        await smtp.send(_message())
    except NotSent as failure:
        said = f"{failure.reply.verdict.name} {failure}"
    await smtp.close()
    assert ADDRESS not in said
    return said


def _say(smtp: Relay, phase: Phase, answer: str) -> None:
    """The relay gives this answer at one step, and takes everything at the others."""
    for attribute, step in (("mail", Phase.MAIL), ("rcpt", Phase.RCPT), ("data", Phase.DATA)):
        said = answer if step is phase else relay.ACCEPTED
        setattr(smtp, attribute, lambda _, said=said: said)


# Replies as relays give them, and about whom they are: RFC 3463 and RFC 5248, and what mail servers say of themselves.
REPLIES = {
    "550 5.1.1 <anna@example.org> is unknown": ("MAILBOX", "5.1.1"),
    "553 5.1.3 odd": ("MAILBOX", "5.1.3"),
    "551 5.1.6 moved": ("MAILBOX", "5.1.6"),
    "556 5.1.10 takes no mail": ("MAILBOX", "5.1.10"),
    "550 5.2.1 disabled": ("MAILBOX", "5.2.1"),
    "552 5.2.2": ("LATER", "5.2.2"),
    "552 5.2.3 too long": ("LATER", "5.2.3"),
    "550 5.6.0 content": ("LATER", "5.6.0"),
    "550 5.1.0 rejected": ("UNCLEAR", "5.1.0"),
    "550 5.1.2 no such system": ("UNCLEAR", "5.1.2"),
    "550 5.1.7 the sender": ("UNCLEAR", "5.1.7"),
    "550 5.1.8 the sender's domain": ("UNCLEAR", "5.1.8"),
    "550 5.0.0 no": ("UNCLEAR", "5.0.0"),
    "501 5.5.4 odd": ("UNCLEAR", "5.5.4"),
    "554 5.3.0 system": ("PROVIDER", "5.3.0"),
    "554 5.4.6 loop": ("PROVIDER", "5.4.6"),
    "550-5.7.26 not so\r\n550 5.7.26 and not otherwise": ("PROVIDER", "5.7.26"),
    "554 5.7.1 <anna@example.org>: Relay access denied": ("PROVIDER", "5.7.1"),
    "550 <anna@example.org> is unknown": ("UNCLEAR", "550"),
    "550 <anna.5.12.80@example.org> is unknown": ("UNCLEAR", "550"),
    "554 blocked: 5.9.10.20": ("UNCLEAR", "554"),
    "554 5.9.10.20 is blocked": ("UNCLEAR", "554"),
    "550 4.2.1 muddled": ("UNCLEAR", "550"),
    "500 what": ("UNCLEAR", "500"),
    "530 5.7.0 Authentication required": ("RELAY", "5.7.0"),
    "535 5.7.8 bad password": ("RELAY", "5.7.8"),
    "450 4.2.0 later": ("LATER", "4.2.0"),
    "452 4.2.2 full": ("LATER", "4.2.2"),
    "451 4.1.8 odd sender": ("LATER", "4.1.8"),
    "451 later": ("UNCLEAR", "451"),
    "421 closing": ("PROVIDER", "421"),
    "452 4.3.1 no room": ("PROVIDER", "4.3.1"),
    "450 4.7.1 not so fast": ("PROVIDER", "4.7.1"),
}


@pytest.mark.parametrize("phase", [Phase.RCPT, Phase.DATA])
@pytest.mark.parametrize("answer", REPLIES)
async def test_a_reply_is_about_the_mailbox_its_provider_or_us(smtp: Relay, answer: str, phase: Phase) -> None:
    verdict, status = REPLIES[answer]
    _say(smtp, phase, answer)
    assert await _sent(smtp.url) == f"{verdict} {phase}: {status}"


@pytest.mark.parametrize("answer", REPLIES)
async def test_a_refused_sender_is_our_mistake_and_loses_no_mail(smtp: Relay, answer: str) -> None:
    _say(smtp, Phase.MAIL, answer)
    assert await _sent(smtp.url) == f"RELAY MAIL FROM: {REPLIES[answer][1]}"


async def test_a_refusal_leaves_the_connection_fit_for_the_next_mail(smtp: Relay) -> None:
    transport = SmtpTransport(smtp.url)
    smtp.rcpt = lambda envelope: "550 5.1.1 unknown" if not smtp.recipients else relay.ACCEPTED
    with pytest.raises(NotSent):
        await transport.send(_message())
    smtp.rcpt = lambda _: relay.ACCEPTED
    await transport.send(_message("boris@example.org"))
    await transport.close()
    assert smtp.recipients == ["boris@example.org"]


async def test_a_relay_that_knows_reports_is_asked_to_name_the_mail_and_quote_no_link() -> None:
    with relay.at_work(relay.ReportingRelay()) as found:
        assert await _sent(found.url) == "sent"
        assert found.reports == ["RET=HDRS", "ENVID=id", "NOTIFY=FAILURE"]
        assert found.recipients == [ADDRESS]


async def test_a_connection_that_the_relay_has_ended_meanwhile_costs_nothing(smtp: Relay) -> None:
    transport = SmtpTransport(smtp.url)
    answers = iter([relay.ACCEPTED, "421 4.7.0 too many emails in one connection", relay.ACCEPTED])
    smtp.mail = lambda _: next(answers)
    await transport.send(_message())
    await transport.send(_message("boris@example.org"))
    await transport.close()
    assert smtp.recipients == [ADDRESS, "boris@example.org"]


async def test_mails_take_turns_on_one_connection(smtp: Relay) -> None:
    transport = SmtpTransport(smtp.url)
    await asyncio.gather(*[transport.send(_message(f"a{n}@example.org")) for n in range(20)])
    await transport.close()
    assert sorted(smtp.recipients) == sorted(f"a{n}@example.org" for n in range(20))


@examples(max_examples=300, deadline=None)
@given(st.sampled_from(list(Phase)), st.integers(400, 599), st.text(max_size=60))
def test_whatever_a_relay_says_only_a_code_is_kept(phase: Phase, code: int, said: str) -> None:
    reply = judge(phase, code, said)
    assert reply.status == str(code) or (reply.status[0] == str(code)[0] and reply.status in said)
    assert all(part.isdigit() for part in reply.status.split("."))
    assert reply.verdict is not Verdict.MAILBOX or (code >= 500 and phase in (Phase.RCPT, Phase.DATA))


@asynccontextmanager
async def _rude(script: list[str]) -> AsyncIterator[str]:
    """A server that sends these lines and then closes the connection, whatever the client says; its URL."""

    talks: list[asyncio.Task[None] | None] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        talks.append(asyncio.current_task())
        with suppress(ConnectionError):
            for line in script:
                writer.write(f"{line}\r\n".encode())
                await writer.drain()
                await reader.readline()
            writer.close()
            await writer.wait_closed()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    async with server:
        yield f"smtp://127.0.0.1:{server.sockets[0].getsockname()[1]}?tls=no"
        await asyncio.gather(*[task for task in talks if task])


HANGS_UP = {
    "at once": ([], "RELAY"),
    "after its greeting": (["220 hello"], "RELAY"),
    "after the recipient": (["220 hello", "250 me", "250 yes", "250 yes"], "LOST"),
    "in the middle of the message": (["220 hello", "250 me", "250 yes", "250 yes", "354 go on"], "LOST"),
}


@pytest.mark.parametrize("when", HANGS_UP)
async def test_a_relay_that_hangs_up(when: str) -> None:
    script, verdict = HANGS_UP[when]
    async with _rude(script) as url:
        assert (await _sent(url)).startswith(f"{verdict} ")


async def test_a_relay_that_speaks_no_smtp() -> None:
    async with _rude(["SSH-2.0-OpenSSH_9.2", "what?"]) as url:
        assert (await _sent(url)).startswith("RELAY connecting: ")


async def test_a_relay_that_hangs_up_after_the_data_has_the_mail_and_we_do_not_know(smtp: Relay) -> None:
    smtp.drop_after_data = 1
    assert (await _sent(smtp.url)).startswith("LOST DATA: ")
    assert await _sent(smtp.url) == "sent"
    first, second = smtp.mails
    assert first["Message-ID"] == second["Message-ID"]


async def test_a_relay_that_is_not_there() -> None:
    with relay.running() as gone:
        pass
    assert await _sent(gone.url) == "RELAY connecting: SMTPConnectError"
    with pytest.raises(NotSent):
        await SmtpTransport(gone.url).check()


async def test_a_relay_that_is_there_passes_the_check(smtp: Relay) -> None:
    await SmtpTransport(smtp.url).check()
    assert smtp.mails == []


async def test_nothing_is_sent_in_the_clear_unless_the_relay_is_on_this_machine(smtp: Relay) -> None:
    assert (await _sent(smtp.url.replace("?tls=no", ""))).startswith("RELAY connecting: ")
    assert smtp.mails == []
    for host in ("relay.example", "192.0.2.1", "127.0.0.1.example.org"):
        with pytest.raises(SettingsError, match="this machine only"):
            SmtpTransport(f"smtp://{host}:25?tls=no")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A self-signed certificate for localhost, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), 1, now - timedelta(1), now + timedelta(1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path_factory.mktemp("tls") / "localhost.pem"
    plain = serialization.NoEncryption()
    kind, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    file.write_bytes(key.private_bytes(kind, form, plain) + made.public_bytes(kind))
    return file


@contextmanager
def _secured(certificate: Path) -> Iterator[Relay]:
    """A relay that accepts emails over STARTTLS from clients with the password."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)

    def known(server: SMTP, session: Session, envelope: Envelope, mechanism: str, given: LoginPassword) -> AuthResult:
        return AuthResult(success=given == LoginPassword(b"us", b"p@ss"), handled=False)

    options: dict[str, Any] = {"require_starttls": True, "auth_required": True, "authenticator": known}
    with relay.running(tls_context=context, **options) as found:
        yield found


async def test_a_known_relay_gets_mail_over_tls_with_our_password(
    certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with _secured(certificate) as found:
        host = f"localhost:{found.port}"
        assert (await _sent(f"smtp://us:p%40ss@{host}")).startswith("RELAY connecting: "), "nobody vouches for it"
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        assert (await _sent(f"smtp://us:wrong@{host}")).startswith("RELAY connecting: 5.7.8")
        assert (await _sent(f"smtps://us:p%40ss@{host}")).startswith("RELAY connecting: "), (
            "it speaks no TLS from the start"
        )
        assert found.mails == []
        assert await _sent(f"smtp://us:p%40ss@{host}") == "sent"


def test_a_relay_that_stops_leaves_no_connection_open() -> None:
    """Also one that came this moment: an open socket would fail any later test."""
    for _ in range(20):
        with relay.running() as found, socket.create_connection(("127.0.0.1", found.port)):
            pass
    gc.collect()
