"""One run of setup: questions, files, DNS records, the first commands of the site."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

from petition.campaign.appeal import SHIPPED_DATA
from petition.commands.setup import answers as asking
from petition.commands.setup import first_run, network_access, questions, settings_files, trial_email
from petition.commands.setup.checks import OWN_RELAY
from petition.commands.setup.dns_check import check_record, make_resolver
from petition.commands.setup.dns_records import wanted_records
from petition.commands.setup.place import HOME, Place, hold
from petition.commands.setup.questions import Answers, Known
from petition.commands.setup.server_files import server_files
from petition.commands.setup.writing import PlannedFile, Record, Writer
from petition.core import setting_parsers as parse
from petition.core.email_addresses import EmailProviders
from petition.core.errors import SettingsError

DRAFT = f"{HOME}/setup.draft.toml"  # the answers given so far; it goes when all are written
_SERVICES = "petition.socket petition.service petition-backup.timer petition-bounce.path"


def open_place(root: Path) -> Place:
    return Place(root.resolve())


def set_up(place: Place, file: Path | None, *, start: bool) -> int:
    """Returns the exit code: 1 if the site cannot run yet."""
    if file is None and not sys.stdin.isatty():
        raise SettingsError(
            "There is no terminal to ask at: write the answers into a file, petition setup --answers FILE."
        )
    told = asking.read_answers(file) if file else {}
    answers = write_site(place, file, told)
    print_records(place, answers)
    return _bring_up(place, answers, told.get("admin_address", ""), is_asked=file is None, start=start)


def write_site(place: Place, file: Path | None, told: Answers) -> Answers:
    """Gets the answers and writes all files; may be killed at any moment and run again."""
    place.check()
    os.umask(0o022)  # everybody may enter the folders below /etc; each file and each folder of ours has its own mode
    with hold(place):
        answers = _take_answers(place, file, told)
        place.check(sends_itself=answers["relay"] == OWN_RELAY)
        _write_files(place, answers)
    return answers


def _take_answers(place: Place, file: Path | None, told: Answers) -> Answers:
    campaign, record = settings_files.read_campaign(place), Record.load(place)
    earlier = settings_files.earlier_answers(place) | record.answers
    if place.path(DRAFT).exists():
        earlier |= asking.read_answers(place.path(DRAFT))
    known = Known(earlier, campaign, EmailProviders(SHIPPED_DATA / "mailboxes.toml"))
    links = questions.placeholder_links(campaign) | settings_files.shipped_placeholders(campaign)
    links |= {name.removeprefix(questions.LINK) for name in told if name.startswith(questions.LINK)}
    asked = questions.all_questions(campaign, links)
    if file:
        return asking.take_answers(asked, known, told, file)
    drafts = Writer(place, record)
    return asking.ask_all(asked, known, lambda given: drafts.put(PlannedFile(DRAFT, asking.answers_text(given), 0o600)))


def _write_files(place: Place, answers: Answers) -> None:
    """All contents are made first, so that nothing is written if one of them cannot be."""
    settings_files.check_database(place, answers)
    record = Record.load(place)
    record.answers = {name: answers[name] for name in settings_files.REMEMBERED}
    names = settings_files.other_names(settings_files.read_campaign(place), answers)
    campaign_file = settings_files.campaign_file(place)
    campaign = settings_files.new_campaign_text(settings_files.campaign_text(place), answers)
    settings = settings_files.new_env_text(settings_files.env_text(place), answers)
    files = [*server_files(place, answers), *network_access.access_files(place, answers)]
    writer = Writer(place, record)
    settings_files.make_folders(writer, answers)
    settings_files.write_secrets(place, writer, answers)
    writer.put(PlannedFile(campaign_file, campaign))
    writer.put(PlannedFile(settings_files.ENV, settings))
    writer.put_all(files)
    place.path(DRAFT).unlink(missing_ok=True)
    _print_files(writer)
    if names:
        print(
            f"note   the organiser has a name in {', '.join(names)} too: change it in {campaign_file}, organiser.name."
        )


def _print_files(writer: Writer) -> None:
    for name in writer.changed:
        print(f"wrote  {name}")
    for name in writer.kept:
        print(f"kept   {name}: a person changed it. What setup would write is in {name}.new: compare, then mv.")
    if not writer.changed and not writer.kept:
        print("Nothing has changed.")


def print_records(place: Place, answers: Answers) -> None:
    print("\nRecords for the DNS (check them with `petition setup --check-dns`):\n")
    for record in wanted_records(place, answers):
        print(f"{record.name}. {record.kind} {record.value}    ({record.why})")
    if answers["relay"] != OWN_RELAY:
        print("SPF and DKIM: the owner of the relay says what they are.")


def _bring_up(place: Place, answers: Answers, admin_address: str, *, is_asked: bool, start: bool) -> int:
    print()
    done = first_run.run_as_service(place, "migrate")
    if done.returncode:
        raise SettingsError(f"{done.stderr.strip()} All files are written: run petition setup again after that.")
    _start(place, answers, is_asked=is_asked, start=start)
    if is_asked and asking.ask(f"Send a test email to {answers['alerts']} now? [Y/n] ").lower() in ("", "y", "yes"):
        _try_email(answers)
    print(first_run.run_as_service(place, "doctor").stdout)
    _add_admin(place, answers["admin"], admin_address, is_asked=is_asked)
    return 0


def start_commands(place: Place, answers: Answers) -> list[str]:
    """nginx follows once its site is enabled, which needs a certificate."""
    enabled = place.path("/etc/nginx/sites-enabled/petition").exists()
    email = ["postfix check", "systemctl restart opendkim postfix"] if answers["relay"] == OWN_RELAY else []
    return [
        "systemctl daemon-reload",
        "systemctl restart systemd-journald",
        *email,
        f"systemctl enable --now {_SERVICES}",
        "systemctl restart petition",
        *(["nginx -t", "systemctl reload nginx"] if enabled else []),
    ]


def _start(place: Place, answers: Answers, *, is_asked: bool, start: bool) -> None:
    commands = start_commands(place, answers)
    print("These commands start what was written:", *commands, sep="\n  ", flush=True)
    if not place.is_this_machine or not Path("/run/systemd/system").is_dir():
        return
    if start or (is_asked and asking.ask("Run them now? [Y/n] ").lower() in ("", "y", "yes")):
        run_commands(commands)


def run_commands(commands: list[str]) -> None:
    """Stops at the first that fails, with a sentence."""
    for command in commands:
        if subprocess.run(command.split(), check=False).returncode:  # noqa: S603 (our own words)
            print(f"`{command}` failed: see above, and run petition setup again.", file=sys.stderr)
            return


def _add_admin(place: Place, nickname: str, address: str, *, is_asked: bool) -> None:
    """The link is printed once, for a new organiser. The address is stored nowhere, so it is asked for here."""
    if first_run.has_organiser(place, nickname):
        print(f"A login link for {nickname}: petition organiser link {nickname}")
        return
    while is_asked or address:
        address = address or asking.ask(f"Email address of {nickname}, for login links (- to do it later): ")
        if address == asking.NONE:
            break
        fault = first_run.add_admin(place, nickname, address)
        if not fault:
            print(f"The login link of {nickname}, which works once, for half an hour:")
            print(first_run.run_as_service(place, "organiser", "link", nickname).stdout)
            return
        if not is_asked:
            raise SettingsError(f"admin_address: {fault} Correct it, and run petition setup again.")
        print(f"     {fault}")
        address = ""
    print(f"The first organiser: petition organiser add {nickname} --role admin; petition organiser link {nickname}")


def stored_answers(place: Place) -> Answers:
    """Raises SettingsError if setup has not run here."""
    answers = settings_files.earlier_answers(place) | Record.load(place).answers
    if not all(answers.get(name) for name in ("site", "sender", "alerts", "contact", "relay", "admin")):
        raise SettingsError("There are no answers yet: run petition setup first.")
    return answers


def check_dns(place: Place, nameserver: str) -> int:
    """One line for each record: ok, missing or different, then what to paste. Exit code 1 unless all are ok."""
    answers, resolver = stored_answers(place), make_resolver(nameserver)
    results = [(record, check_record(resolver, record)) for record in wanted_records(place, answers)]
    for record, result in results:
        print(f"{record.name}. {record.kind}: {result}")
        if result != "ok":
            print(f"    {record.name}. {record.kind} {record.value}")
    return 0 if all(result == "ok" for _, result in results) else 1


def test_email(place: Place) -> int:
    return 0 if _try_email(stored_answers(place)) else 1


def _try_email(answers: Answers) -> bool:
    """Whether the code of each email came back."""
    relay = settings_files.RELAY_HERE if answers["relay"] == OWN_RELAY else answers["relay"]
    return all(_try_relay(url, answers) for url in parse.smtp_urls(relay))


def _try_relay(url: str, answers: Answers) -> bool:
    code = trial_email.new_code()
    try:
        asyncio.run(trial_email.send_code(url, answers["sender"], answers["alerts"], code))
    except SettingsError as error:
        print(f"{error} Then try it with `petition setup --test-email`.", file=sys.stderr)
        return False
    while text := asking.ask(f"An email is on its way to {answers['alerts']}. The code in it (Enter: give up): "):
        if text == code:
            print("The email arrived.")
            return True
        print("     This is another code.")
    print("No code: see what is in the spool (postqueue -p), and in the folder for spam.", file=sys.stderr)
    return False
