"""Verbs of the log for anybody: they need no database and no setting."""

import sys
from argparse import ArgumentParser
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from petition.commands.verbs import Arguments, add_verb
from petition.log import note_keys
from petition.log.client import feed as feeding
from petition.log.client import proving, stamp, verify, witness
from petition.log.client.findings import Finding, State
from petition.log.client.policies import Policy, parse_policy
from petition.log.client.sources import Source, open_source
from petition.log.errors import LogError
from petition.log.note_keys import LogKey
from petition.retention.new_files import new_files

_PLACE = "address of the site (https://…), or a folder with a copy of it"
_VKEY = "public key of the log, from outside the site; may be given several times"
_MAX_FILE = 100_000_000  # bytes of a document, or of saved checkpoints


def register(log: Any) -> None:
    """`log`: what add_subparsers() of `petition log` returns."""
    _register_verify(log)
    _register_prove(log)
    _register_witness(log)
    _register_feed(log)
    parser = add_verb(log, "stamp", stamp_checkpoint, "gets a time stamp (RFC 3161) on the newest checkpoint")
    _add_place(parser)
    parser.add_argument("--service", required=True, metavar="URL", help="of the time stamp service")
    parser.add_argument("--output", type=Path, required=True, metavar="FILE", help="a new file; the stamp is FILE.tsr")
    parser = add_verb(log, "key", make_key, "makes the key of a log or of a witness")
    parser.add_argument("name", metavar="NAME", help="such as site.example/log or newspaper.example/witness")
    parser.add_argument("--witness", action="store_true", help="the key of a witness, not of a log")
    parser.add_argument("--output", type=Path, metavar="FILE", help="a new file; else standard output")


def _register_verify(log: Any) -> None:
    parser = add_verb(log, "verify", verify_log, "checks the log of a site, what the site says now, and documents")
    parser.add_argument("place", nargs="?", metavar="PLACE", help=_PLACE)
    parser.add_argument("documents", nargs="*", type=Path, metavar="DOCUMENT", help="a letter, a list, a tally.json")
    parser.add_argument("--vkey", action="append", default=[], metavar="KEY", help=_VKEY)
    parser.add_argument("--policy", type=Path, metavar="FILE", help="which witnesses must agree (c2sp.org/tlog-policy)")
    parser.add_argument("--seen", type=Path, metavar="FILE", help="checkpoints that you have saved: curl … >> FILE")
    parser.add_argument("--state", type=Path, metavar="FILE", help="remembers the checkpoint for the next run")
    parser.add_argument("--proof", type=Path, metavar="FILE", help="a .tlog-proof of DOCUMENT: no network is needed")
    _allow_options_between(parser)


def _allow_options_between(parser: ArgumentParser) -> None:
    """PLACE --vkey KEY DOCUMENT: argparse takes all words at once, unless it is asked for this."""
    plain = parser.parse_known_args

    def parse(args: Any = None, namespace: Any = None) -> Any:
        parser.parse_known_args = plain  # type: ignore[method-assign]  # of this parser alone
        try:
            return parser.parse_known_intermixed_args(args, namespace)
        finally:
            parser.parse_known_args = parse  # type: ignore[method-assign]  # of this parser alone

    parser.parse_known_args = parse  # type: ignore[method-assign]  # of this parser alone


def _register_prove(log: Any) -> None:
    parser = add_verb(log, "prove", prove, "writes a proof that a letter or document is in the log")
    _add_place(parser)
    parser.add_argument("what", metavar="WHAT", help="a file, or the reference of a letter, such as PL-3")
    parser.add_argument("--output", type=Path, metavar="FILE", help="a new file; else standard output")


def _register_witness(log: Any) -> None:
    text = "signs that the log has only grown since the last look; for cron, on a machine of your own"
    parser = add_verb(log, "witness", watch, text)
    _add_place(parser)
    parser.add_argument("--key", type=Path, required=True, metavar="FILE", help="from petition log key --witness")
    parser.add_argument("--state", type=Path, required=True, metavar="FILE", help="the last checkpoint; kept for ever")
    parser.add_argument("--send", action="store_true", help="sends the signature to the site, which shows it")


def _register_feed(log: Any) -> None:
    parser = add_verb(log, "feed", feed, "asks a witness to sign the newest checkpoint, and brings its signature back")
    _add_place(parser)
    parser.add_argument(
        "--witness", required=True, metavar="URL", help="address of the witness (c2sp.org/tlog-witness)"
    )
    parser.add_argument(
        "--witness-vkey", action="append", required=True, metavar="KEY", help="public key of the witness"
    )


def _add_place(parser: Any) -> None:
    parser.add_argument("place", metavar="PLACE", help=_PLACE)
    parser.add_argument("--vkey", action="append", required=True, metavar="KEY", help=_VKEY)


def verify_log(arguments: Arguments) -> int:
    """A line for each step; 0 if nothing failed."""
    policy = _read_policy(arguments.policy)
    if arguments.proof:
        files = [Path(name) for name in (arguments.place, *arguments.documents) if name]
        trusted = [*_vkeys(arguments), *(policy.vkeys if policy else ())]
        return _print(proving.check_documents(_read_text(arguments.proof), _read_files(files), trusted, policy))
    if not arguments.place:
        raise LogError("Name the address of the site (https://…), or a folder with a copy of it.")
    seen = _read_text(arguments.seen) if arguments.seen else ""
    options = verify.Options(_vkeys(arguments), policy, seen, arguments.state, _read_files(arguments.documents))
    return _print(verify.Check(open_source(arguments.place), options).run())


def prove(arguments: Arguments) -> int:
    source, file = open_source(arguments.place), Path(arguments.what)
    if file.is_file():
        text = proving.prove_document(source, _vkeys(arguments), _read(file))
    else:
        text = proving.prove_reference(source, _vkeys(arguments), arguments.what)
    _write(text, arguments.output)
    return 0


def watch(arguments: Arguments) -> int:
    """Prints the checkpoint with our signature: publish it anywhere."""
    source = open_source(arguments.place)
    cosigned = witness.look(source, _vkeys(arguments), _read_key(arguments.key), arguments.state)
    print(cosigned, end="")
    if arguments.send:
        _send(arguments.place, cosigned)
    return 0


def feed(arguments: Arguments) -> int:
    source: Source = open_source(arguments.place)
    note = feeding.ask_witness(source, _vkeys(arguments), arguments.witness, _checked(arguments.witness_vkey))
    print(note, end="")
    if arguments.place.startswith(("http://", "https://")):
        _send(arguments.place, note)
    return 0


def stamp_checkpoint(arguments: Arguments) -> int:
    print(stamp.stamp(open_source(arguments.place), _vkeys(arguments), arguments.service, arguments.output))
    return 0


def make_key(arguments: Arguments) -> int:
    key = note_keys.make_key(arguments.name, note_keys.WITNESS if arguments.witness else note_keys.LOG)
    _write(f"{key.secret_text}\n", arguments.output)
    print(f"The public key, for everybody: {key.vkey}", file=sys.stderr)
    return 0


def _send(place: str, note: str) -> None:
    witness.send_cosignatures(place, note)
    print("The site has taken the signature.", file=sys.stderr)


def _print(findings: Iterable[Finding]) -> int:
    failures = 0
    for finding in findings:
        failures += finding.state is State.FAILED
        print(finding, flush=True)
    return 1 if failures else 0


def _vkeys(arguments: Arguments) -> list[str]:
    return _checked(arguments.vkey)


def _checked(vkeys: list[str]) -> list[str]:
    """As we write them. Raises LogError for a typing error."""
    return [note_keys.parse_vkey(vkey).text for vkey in vkeys]


def _read_policy(file: Path | None) -> Policy | None:
    return parse_policy(_read_text(file)) if file else None


def _read_key(file: Path) -> LogKey:
    return LogKey.parse(_read_text(file).strip())


def _read_files(files: list[Path]) -> dict[str, bytes]:
    return {str(file): _read(file) for file in files}


def _read_text(file: Path) -> str:
    return _read(file).decode("utf-8", "replace")


def _read(file: Path) -> bytes:
    try:
        with file.open("rb") as opened:
            content = opened.read(_MAX_FILE + 1)
    except OSError as error:
        raise LogError(f"{file} cannot be read: {error.strerror}.") from None
    if len(content) > _MAX_FILE:
        raise LogError(f"{file} is larger than {_MAX_FILE} bytes.")
    return content


def _write(text: str, output: Path | None) -> None:
    if output is None:
        print(text, end="")
        return
    with new_files({output: text.encode()}):
        pass
