"""The records that setup prints, checked against a real DNS server: all right, each missing, each wrong."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from petition.commands.setup import run, settings_files
from petition.commands.setup.place import Place
from petition.core.errors import PetitionError
from tests import dns_server
from tests.commands.setup.conftest import write
from tests.dns_server import DnsServer, Zone

SITE, KEY = "signatures.example", "petition._domainkey.signatures.example"
DMARC, REPORTS = f"_dmarc.{SITE}", f"_smtp._tls.{SITE}"
LETTERS = f"_petition-letters.{SITE}"
REVERSE4 = "1.2.0.192.in-addr.arpa"
REVERSE6 = "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa"
SPF = "v=spf1 ip4:192.0.2.1 ip6:2001:db8::1 -all"


def _zone_value(kind: str, value: str) -> str:
    """As a person enters it: a long text in pieces of 255 characters at most."""
    pieces = [value[start : start + 200] for start in range(0, len(value), 200)]
    return " ".join(f'"{piece}"' for piece in pieces) if kind == "TXT" else value


def _pasted(printed: str) -> Zone:
    zone: Zone = {}
    for name, kind, value in re.findall(r"^(\S+)\. ([A-Z]+) (.*?)    \(", printed, re.M):
        zone.setdefault((name, kind), []).append(_zone_value(kind, value))
    return zone


@pytest.fixture
def dns(place: Place, capsys: pytest.CaptureFixture[str]) -> Iterator[DnsServer]:
    """Has what setup printed, pasted as it is."""
    run.print_records(place, write(place))
    with dns_server.running(_pasted(capsys.readouterr().out)) as server:
        yield server


def _check(place: Place, dns: DnsServer, capsys: pytest.CaptureFixture[str]) -> tuple[int, dict[str, str], str]:
    """The exit code, the result of each record, and all that was printed."""
    code = run.check_dns(place, dns.address)
    said = capsys.readouterr().out
    return (
        code,
        {f"{name} {kind}": result for name, kind, result in re.findall(r"^(\S+)\. (\w+): (.*)$", said, re.M)},
        said,
    )


def test_what_it_prints_is_what_it_wants(place: Place, dns: DnsServer, capsys: pytest.CaptureFixture[str]) -> None:
    code, results, _ = _check(place, dns, capsys)
    assert code == 0
    assert set(results.values()) == {"ok"}
    assert list(dns.zone) == [
        *((SITE, "A"), (SITE, "AAAA"), (SITE, "MX"), (SITE, "TXT"), (KEY, "TXT")),
        *((REVERSE4, "PTR"), (REVERSE6, "PTR"), (REPORTS, "TXT"), (LETTERS, "TXT"), (DMARC, "TXT"), (SITE, "CAA")),
    ]


def test_each_record_that_is_missing_is_said_with_what_to_paste(
    place: Place, dns: DnsServer, capsys: pytest.CaptureFixture[str]
) -> None:
    full = dict(dns.zone)
    for (name, kind), wanted in full.items():
        dns.zone = {key: values for key, values in full.items() if key != (name, kind)}
        code, results, said = _check(place, dns, capsys)
        assert code == 1
        assert [(key, result) for key, result in results.items() if result != "ok"] == [(f"{name} {kind}", "missing")]
        (pasted,) = re.findall(r"^    (\S+)\. ([A-Z]+) (.*)$", said, re.M)
        assert (pasted[0], pasted[1], [_zone_value(kind, pasted[2])]) == (name, kind, wanted)


WRONG = [
    (SITE, "A", ["192.0.2.9"], "leads elsewhere"),
    (SITE, "A", ["192.0.2.1", "192.0.2.9"], "leads elsewhere"),
    (SITE, "AAAA", ["2001:db8::9"], "leads elsewhere"),
    (SITE, "MX", ["0 ."], "takes no email"),
    (SITE, "TXT", ['"v=spf1 ip4:192.0.2.9 ip6:2001:db8::1 -all"'], "lacks ip4:192.0.2.1"),
    (SITE, "TXT", ['"v=spf1 ip4:192.0.2.1 -all"'], "lacks ip6:2001:db8::1"),
    (SITE, "TXT", [f'"{SPF.replace("-all", "+all")}"'], "anybody may send"),
    (SITE, "TXT", [f'"{SPF}"', '"v=spf1 -all"'], "there are two"),
    (KEY, "TXT", ['"v=DKIM1; k=rsa; p=MIIB"'], "another signature"),
    (KEY, "TXT", ['"v=DKIM1; p=MIIB"', '"v=DKIM1; p=MIIC"'], "several"),
    (REVERSE4, "PTR", ["static.host.example."], "leads elsewhere"),
    (REVERSE6, "PTR", ["static.host.example."], "leads elsewhere"),
    (LETTERS, "TXT", ['"ssh-ed25519 AAAA"'], "another key"),
    (DMARC, "TXT", ['"v=DMARC1; p=none"'], "in your name"),
    (DMARC, "TXT", ['"v=DMARC1; p=reject"', '"v=DMARC1; p=none"'], "two such texts"),
    (DMARC, "TXT", ['"v=DMARC1; p=reject; ruf=mailto:a@b.example"'], "leave it out"),
    (SITE, "CAA", ['0 issue "other.example"'], "no certificate"),
]


def test_each_record_that_is_wrong_is_said_with_the_reason(
    place: Place, dns: DnsServer, capsys: pytest.CaptureFixture[str]
) -> None:
    full = dict(dns.zone)
    for name, kind, values, reason in WRONG:
        dns.zone = {**full, (name, kind): values}
        code, results, _ = _check(place, dns, capsys)
        ((key, result),) = [(key, result) for key, result in results.items() if result != "ok"]
        assert (code, key) == (1, f"{name} {kind}")
        assert re.fullmatch(rf"different: .*{re.escape(reason)}.*", result)
    assert {(name, kind) for name, kind, _, _ in WRONG} | {(REPORTS, "TXT")} == set(full)


def test_what_is_as_good_is_ok(place: Place, dns: DnsServer, capsys: pytest.CaptureFixture[str]) -> None:
    """Mailboxes at a provider, other texts, a softer end, a CAA of the parent: nobody has to change them."""
    del dns.zone[SITE, "CAA"]
    dns.zone |= {
        (SITE, "MX"): ["10 mx1.provider.example.", "20 mx2.provider.example."],
        (SITE, "TXT"): ['"site-verification=1"', '"v=spf1 include:a.example IP4:192.0.2.1 ip6:2001:DB8:0::1 ~all"'],
        (DMARC, "TXT"): ['"v=DMARC1; p = quarantine; rua=mailto:a@b.example"'],
        (REPORTS, "TXT"): ['"v=TLSRPTv1; rua=https://reports.example"'],
        (SITE, "CAA"): [
            '0 issuewild ";"',
            '0 issue "other.example"',
            '0 issue "letsencrypt.org; validationmethods=http-01"',
        ],
    }
    assert set(_check(place, dns, capsys)[1].values()) == {"ok"}


def test_a_caa_record_of_the_parent_counts(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    run.print_records(place, write(place, site="https://sign.the.signatures.example"))
    zone = _pasted(capsys.readouterr().out)
    zone[SITE, "CAA"] = zone.pop(("sign.the.signatures.example", "CAA"))
    with dns_server.running(zone) as dns:
        assert _check(place, dns, capsys)[0] == 0
        dns.zone[SITE, "CAA"] = ['0 issue ";"']
        assert _check(place, dns, capsys)[1]["sign.the.signatures.example CAA"].startswith("different")


def test_a_contact_in_the_same_domain_needs_a_mailbox(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    """This machine takes no email: what people write to the contact would be lost."""
    run.print_records(place, write(place, contact=f"contact@{SITE}"))
    said = capsys.readouterr().out
    assert f"{SITE}. MX as the provider of your mailboxes says    (for contact@{SITE})" in said
    zone = _pasted(said) | {(SITE, "MX"): [f"10 {SITE}."]}
    with dns_server.running(zone) as dns:
        fault = f"different: this machine takes no email: nobody would read contact@{SITE}"
        assert _check(place, dns, capsys)[1][f"{SITE} MX"] == fault
        dns.zone[SITE, "MX"] = ["10 mx.provider.example."]
        assert _check(place, dns, capsys)[0] == 0


def test_a_relay_elsewhere_brings_its_own_records(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    run.print_records(place, write(place, relay="smtps://192.0.2.25", ipv6=""))
    said = capsys.readouterr().out
    assert list(_pasted(said)) == [(SITE, "A"), (LETTERS, "TXT"), (DMARC, "TXT"), (SITE, "CAA")]
    assert "SPF and DKIM: the owner of the relay says what they are." in said


def test_a_server_that_does_not_answer_is_said(place: Place, dns: DnsServer) -> None:
    dns.is_broken = True
    with pytest.raises(PetitionError, match=r"^The name server does not answer for signatures\.example: try again"):
        run.check_dns(place, dns.address)
    for wrong in ("nonsense:53", "127.0.0.1:port", "[::1"):
        with pytest.raises(PetitionError, match=r"^The name server is an address and a port"):
            run.check_dns(place, wrong)


def test_before_setup_there_is_nothing_to_check(place: Place) -> None:
    with pytest.raises(PetitionError, match=r"^There are no answers yet: run petition setup first\.$"):
        run.check_dns(place, "127.0.0.1:53")


def test_a_key_that_opendkim_cannot_use_is_said(place: Place) -> None:
    answers = write(place)
    key, other = place.path(settings_files.DKIM_KEY), ec.generate_private_key(ec.SECP256R1())
    key.write_bytes(other.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    with pytest.raises(PetitionError, match="is no RSA key"):
        run.print_records(place, answers)
    key.write_text("nonsense")
    with pytest.raises(PetitionError, match="holds no key that can be read"):
        run.print_records(place, answers)


@pytest.mark.slow
def test_opendkim_and_postfix_read_what_was_written(place: Place, dns: DnsServer, tmp_path: Path) -> None:
    """The record has the public half of the key, as openssl sees it."""
    conf = place.read("/etc/opendkim.conf").replace("/etc/dkimkeys", str(place.path("/etc/dkimkeys")))
    conf = conf.replace("/run/opendkim", str(tmp_path)).replace("UserID opendkim\n", "")
    (tmp_path / "opendkim.conf").write_text(f"{conf}RequireSafeKeys no\n")  # anybody may write to /tmp
    postfix = str(place.path("/etc/postfix"))
    for command in (["opendkim", "-n", "-x", str(tmp_path / "opendkim.conf")], ["postconf", "-c", postfix, "-n"]):
        found = shutil.which(command[0], path="/usr/sbin:/usr/bin")
        assert found, "see tests/system.sh"
        done = subprocess.run([found, *command[1:]], capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, "")
    key = str(place.path(settings_files.DKIM_KEY))
    public = subprocess.run(
        ["openssl", "rsa", "-in", key, "-pubout"], capture_output=True, text=True, check=True
    ).stdout
    record = " ".join(dns.zone[KEY, "TXT"]).replace('" "', "").strip('"')
    assert record.rpartition("p=")[2] == "".join(public.splitlines()[1:-1])
