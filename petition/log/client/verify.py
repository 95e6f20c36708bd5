"""Checks a log from outside, and the site with it: a line for each step. One that fails does not hide the next ones."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from petition.core import clock
from petition.log.client import documents, rules
from petition.log.client.copies import decode_text, open_head, read_checkpoint, read_copy
from petition.log.client.files import Files
from petition.log.client.findings import WHERE_KEYS_ARE, Finding, failed, join_or_pass, note, passed
from petition.log.client.policies import SILENCE, Policy, judge_cosigned
from petition.log.client.proving import say_cosigned
from petition.log.client.saved_heads import not_extended, read_heads, read_text, write_safely
from petition.log.client.site_now import Now, check_site
from petition.log.client.sources import NotThere, Source
from petition.log.entries import Entry, decode, sha256
from petition.log.errors import LogError
from petition.log.note_keys import has_log_key, parse_vkey
from petition.log.notes import Opened, open_note


@dataclass(frozen=True)
class Options:
    """`vkeys`: of the log and of witnesses, from outside. `seen`: saved checkpoints. `documents`: name and content."""

    vkeys: Sequence[str] = ()
    policy: Policy | None = None
    seen: str = ""
    state: Path | None = None
    documents: Mapping[str, bytes] = field(default_factory=dict)

    @property
    def trusted(self) -> list[str]:
        return [*self.vkeys, *(self.policy.vkeys if self.policy else ())]

    @property
    def has_key(self) -> bool:
        return has_log_key(self.trusted)


class Check:
    """One run: what was read, and from whom the keys are."""

    def __init__(self, source: Source, options: Options) -> None:
        self.source, self.options, self.now = source, options, clock.now()
        self.vkeys = options.trusted

    def run(self) -> Iterator[Finding]:
        yield from self._find_key()
        try:
            self.copy = read_copy(self.source, read_checkpoint(self.source))
        except LogError as error:
            yield failed(f"{error} Without a checkpoint nothing else can be checked.")
            return
        yield from self._steps()

    def _steps(self) -> Iterator[Finding]:
        steps = (
            *(self._checkpoint, self._tree, self._seen, self._last_run, self._kinds, self._rules, self._files),
            *(self._pages, self._documents, self._age),
        )
        fine = True
        for step in steps:
            try:
                for finding in step():
                    fine = fine and finding.state != "FAIL"
                    yield finding
            except LogError as error:
                fine = False
                yield failed(str(error))
        if fine and self.options.state:
            try:
                write_safely(self.options.state, self.copy.note)
            except LogError as error:
                yield failed(str(error))

    @cached_property
    def opened(self) -> Opened:
        return open_head(self.copy.note, self.vkeys)[1]

    @cached_property
    def decoded(self) -> tuple[dict[int, Entry], list[str]]:
        """Entries by place, and a sentence for each that is none."""
        entries, problems = dict[int, Entry](), list[str]()
        for n, content in sorted(self.copy.entries.items()):
            try:
                entries[n] = decode(content)
            except LogError as error:
                problems.append(f"Entry {n}: {error}")
        return entries, problems

    @property
    def entries(self) -> dict[int, Entry]:
        return self.decoded[0]

    @cached_property
    def files(self) -> Files:
        return Files(self.source, self.entries, self.now)

    def _find_key(self) -> Iterator[Finding]:
        if self.options.has_key:
            return
        try:
            shown = [parse_vkey(line).text for line in decode_text(self.source.read("log/vkey")).splitlines()]
        except LogError as error:
            yield failed(f"There is no key to check the log with: {error}")
            return
        self.vkeys = [*self.vkeys, *shown]
        yield note(
            f"The key came from the site itself: this proves nothing against the site. Get it from {WHERE_KEYS_ARE}, "
            f"and give it with --vkey. The site says: {' and '.join(shown)}"
        )

    def _checkpoint(self) -> Iterator[Finding]:
        head, opened = self.copy.head, self.opened
        policy = self.options.policy
        yield passed(f"The checkpoint of {head.origin}, {head.size} entries, is signed by its key.")
        if policy and policy.is_met(opened.times):
            yield passed("Enough witnesses of the policy have signed it too.")
        elif policy:
            yield from self._cosigned_before(policy)

    def _cosigned_before(self, policy: Policy) -> Iterator[Finding]:
        """A new checkpoint gets the signatures of its witnesses later: until then the site shows the last with them."""
        try:
            head, opened = open_head(decode_text(self.source.read("log/cosigned")), self.vkeys)
        except NotThere:
            yield failed(
                "Too few witnesses of the policy have signed it. A new one gets their signatures later: try again."
            )
            return
        if not policy.is_met(opened.times):
            yield failed("Too few witnesses of the policy have signed it, and the one that the site shows as cosigned.")
        elif problems := not_extended(self.copy, [head]):
            yield from map(failed, problems)
        else:
            yield judge_cosigned(head.size, self.copy.head.size, max(opened.times.values()), self.now)

    def _tree(self) -> Iterator[Finding]:
        copy = self.copy
        success = f"All {copy.head.size} entries lead to the tiles, and the tiles to the hash in the checkpoint."
        yield from join_or_pass(list(copy.problems), success)

    def _seen(self) -> Iterator[Finding]:
        if not self.options.seen.strip():
            return
        heads, unread = read_heads(self.options.seen, self.copy.head.origin, self._keys_of_log())
        if unread:
            yield note(f"{unread} of the saved texts are no checkpoints that this log has signed; they prove nothing.")
        if not heads:
            yield failed("There is no checkpoint of this log among those that were saved.")
            return
        yield from join_or_pass(
            not_extended(self.copy, heads), f"All {len(heads)} saved checkpoints are extended by this one."
        )

    def _last_run(self) -> Iterator[Finding]:
        state = self.options.state
        if state is None or not state.exists():
            return
        heads, _ = read_heads(read_text(state), self.copy.head.origin, self._keys_of_log())
        if not heads:
            yield failed(
                f"{state} has no checkpoint that a key of this log has signed: the key, or the file, is another."
            )
            return
        yield from join_or_pass(
            not_extended(self.copy, heads), "The checkpoint of the last run is extended by this one."
        )

    def _keys_of_log(self) -> list[str]:
        """Those from outside, and those that the log itself names: an earlier one may have been replaced."""
        logged = rules.logged_keys(self.entries) if self.copy.is_whole else []
        return list(dict.fromkeys([*self.vkeys, *logged]))

    def _kinds(self) -> Iterator[Finding]:
        yield from join_or_pass(
            self.decoded[1], "Every entry is of a known kind, and every count is a multiple of ten."
        )

    def _rules(self) -> Iterator[Finding]:
        entries = self.entries
        problems = rules.check_start(entries, self.copy.head.origin, self.vkeys)
        yield from join_or_pass(problems, "The log says whose it is, and names the key that has signed it.")
        count = len(rules.releases(entries))
        success = f"{count} releases follow each other, and no total falls without a reason beside it."
        yield from join_or_pass(rules.check_releases(entries), success)
        yield from (note(str(one)) for one in rules.taken_back(entries))
        letters = sum(
            len(entry.get("letters", "1")) for _, entry in rules.of_kind(entries, "edition", "letter", "annex")
        )
        success = f"{letters} letters and lists of names are logged once each, in the order of their editions."
        yield from join_or_pass(rules.check_letters(entries), success)

    def _files(self) -> Iterator[Finding]:
        success = f"{self.files.counted()} files beside the log have their hashes, and all numbers add up."
        yield from join_or_pass(self.files.problems(), success)
        with suppress(NotThere):  # a copy of the log alone may have none
            problems = documents.check_index(self.entries, self.source.read("log/index.json"), self.copy.head.size)
            yield from join_or_pass(problems, "The index of documents leads to the right entries.")

    def _pages(self) -> Iterator[Finding]:
        yield from check_site(Now(self.source, self.entries, self.files, self.now))

    def _documents(self) -> Iterator[Finding]:
        for name, content in self.options.documents.items():
            try:
                yield passed(f"{name}: {self._find_document(content)}")
            except LogError as error:
                yield failed(f"{name}: {error}")

    def _find_document(self, content: bytes) -> str:
        size = self.copy.head.size
        if places := documents.find_places(self.entries, sha256(content)):
            where = "; ".join(f"logged as {text}, place {n + 1} of {size}" for n, text in places)
            return f"{where}{self._cosigned()}."
        if tally := documents.as_tally(content):
            return f"{documents.check_tally(self.entries, *tally)}{self._cosigned()}."
        raise LogError(f"it is not in the log. {documents.NOT_LOGGED}")

    def _cosigned(self) -> str:
        """When witnesses signed this checkpoint: those whose keys came from outside. The log can name anybody."""
        return say_cosigned(open_note(self.copy.note, self.vkeys))

    def _age(self) -> Iterator[Finding]:
        if rules.has_ended(self.entries):
            yield note("The log says that the campaign has ended.")
            return
        last = rules.last_moment(self.entries)
        if last is None:
            yield note("The log has no release yet.")
        elif self.now - last > SILENCE:
            hours = int((self.now - last).total_seconds()) // clock.HOUR
            yield note(f"The log has nothing new for {hours} hours: its last release is of {last:%Y-%m-%d %H:%M} UTC.")
