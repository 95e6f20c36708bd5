"""What became of a mailing, in a few lines at the end."""

import sys

from petition.commands.news.journal import State
from petition.commands.news.run import Run

_RUN_AGAIN = "Run the same command again to continue: nobody gets it twice."


def print_result(run: Run, reason: str, refusals: str) -> int:
    """`reason`: why it ended early; `refusals`: status codes of those who are left. The exit code."""
    counts, left = run.journal.counts(), len(run.waiting())
    print(f"Sent: {counts[State.SENT]}.")
    if unsure := counts[State.BEGUN] + counts[State.UNSURE]:
        print(f"Unsure: {unsure}. It ended between the email and the answer; they get it no second time.")
    if ended := counts[State.ENDED]:
        print(f"Mailboxes that do not exist, news ended: {ended}.")
    if gone := counts[State.GONE]:
        print(f"Mailboxes that do not exist: {gone}. --end-gone ends their news on the site.")
    if not left:
        print("Nobody is left. Delete the file from the desk; keep the folder of the texts until the next news.")
        return 0
    print(f"Left: {left}{f' (refused: {refusals})' if refusals else ''}.")
    print(f"{reason or 'Not everybody could be reached.'} {_RUN_AGAIN}", file=sys.stderr)
    return 1
