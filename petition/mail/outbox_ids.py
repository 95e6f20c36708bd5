"""The first half of the ids of emails that wait: rows with one prefix are stored together, so less is written."""

import secrets
from collections.abc import Iterator
from itertools import repeat
from weakref import WeakKeyDictionary

from petition.core.outbox_keys import OutboxKeys

CLUSTER_SIZE = 100  # rows whose ids have one prefix


def make_prefixes() -> Iterator[str]:
    """Random, so that no id tells a time."""
    while True:
        yield from repeat(secrets.token_hex(6), CLUSTER_SIZE)


_prefixes: WeakKeyDictionary[OutboxKeys, Iterator[str]] = WeakKeyDictionary()


def next_prefix(keys: OutboxKeys) -> str:
    """Each site has its own: two databases with the same one would tell that one process has both."""
    if keys not in _prefixes:
        _prefixes[keys] = make_prefixes()
    return next(_prefixes[keys])
