"""From nothing to a confirmed signature, as the handbook says it, on both releases; then the search for traces."""

import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from secrets import token_hex

import pytest

from petition.core.database import migrations
from tests.handbook import newer
from tests.handbook.blocks import Block, blocks
from tests.handbook.operator import NAME, PROVIDER, VISITOR, Operator, operator, receive_emails

ANNA, BARBARA = (f"{name}-{token_hex(5)}@mailbox.example" for name in ("anna", "barbara"))


def _steps() -> Iterator[Block]:
    return iter([block for block in blocks() if block.step[:1].isdigit()])


def _blocks(step: str) -> list[Block]:
    return [block for block in blocks() if block.step == step]


@pytest.mark.parametrize("debian", [12, 13])
def test_who_follows_it_has_a_site_that_keeps_no_trace(
    debian: int, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    with operator(debian, tmp_path) as operating:
        links = _follow(operating, _steps())
        print({step: round(took, 1) for step, took in operating.seconds.items()})
        record_property(f"Debian {debian}", {step: round(took, 1) for step, took in operating.seconds.items()})
        traces = _traces(operating, [VISITOR, ANNA, BARBARA, *links, *(link.rpartition("/")[2] for link in links)])
    assert traces == []


def _follow(operating: Operator, steps: Iterator[Block]) -> list[str]:
    run, machine = operating.run, operating.machine
    run(next(steps))  # packages and code
    receive_emails(machine)
    run(next(steps))  # firewall, swap, logs
    assert "dport { 22, 80, 443 } accept" in machine.fine("nft list ruleset")
    assert "rotate 6" in machine.fine("cat /etc/logrotate.conf && logrotate --debug /etc/logrotate.conf 2>&1")
    assert "notifempty" not in machine.fine("cat /etc/logrotate.d/*")  # an empty log would keep the older ones
    operating.answer()
    printed = run(next(steps))  # questions
    assert f"https://{NAME}/organisers/" in printed
    operating.ask_the_dns_itself()
    operating.publish(printed)
    assert set(re.findall(r": (\w+)$", run(next(steps)), re.M)) == {"ok"}  # the records
    checked = run(next(steps), may_fail=True)
    assert "key OK" in checked, checked
    assert "warning" not in checked
    assert set(re.findall(r"(\S+):25 ", checked)) - {PROVIDER} == {"127.0.0.1", "[::1]"}
    assert "warn" not in run(next(steps))  # nginx
    checked = run(next(steps))  # the service
    assert f"https://{NAME}/organisers/" in checked
    assert not re.search("^fix", checked, re.M), checked
    links = [operating.sign(ANNA)]
    assert operating.count() == 1
    _upgrade_and_go_back(operating)
    assert operating.count() == 1
    moved = run(next(steps), stdin="lilac-anchor\nlilac-anchor\n")  # PostgreSQL
    assert "rows of" in moved
    assert operating.count() == 1
    links.append(operating.sign(BARBARA))
    assert operating.count() == 2
    checked = machine.fine("petition doctor; rm /var/lib/petition/petition.db*; petition doctor")
    assert not re.search("^fix", checked, re.M), checked
    assert ".onion" in run(next(steps))
    found = run(next(steps), may_fail=True)  # the program's own search for traces
    assert not re.search("^(fix|warn)", found, re.M), found
    return links


def _upgrade_and_go_back(operating: Operator) -> None:
    """To a version with another schema, and back with the backup of the upgrade."""
    (sealing,) = (block for block in blocks() if "keys seal" in block.text)
    operating.run(sealing)
    operating.words["ssh-ed25519 AAAA…"] = newer.release(operating.code)
    trusted, upgrade = _blocks("A new version.")
    operating.run(trusted)
    said = operating.run(upgrade)
    now = migrations.latest_version()
    assert f"take 1 step from schema {now} to {now + 1}" in said
    assert "The upgrade is done." in said, said
    operating.words["TAG-BEFORE"] = said.split()[0]
    (way_back,) = _blocks("The way back")
    operating.run(way_back)
    operating.restore(re.findall(r"rows in (\S+)\.$", said, re.M)[0])


def _traces(operating: Operator, texts: list[str]) -> list[str]:
    """Every file of the disk, and every line of the journal, that has one of these texts."""
    wanted = "\n".join(texts)
    operating.machine.fine("journalctl --sync; sync")
    found = subprocess.run(
        ["grep", "-rlaFi", "-f", "-", "--devices=skip", str(operating.machine.root)],
        input=wanted, capture_output=True, text=True, check=False,
    ).stdout.splitlines()  # fmt: skip
    said = operating.machine.run(f"journalctl -o export | grep -aiF '{wanted}'").stdout
    return [file.removeprefix(str(operating.machine.root)) for file in found] + said.splitlines()
