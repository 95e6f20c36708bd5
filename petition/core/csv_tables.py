"""Tables as CSV."""

import csv
import io
from collections.abc import Sequence


def to_csv(rows: Sequence[tuple[object, ...]]) -> str:
    """Rows as CSV (RFC 4180)."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return text.getvalue()
