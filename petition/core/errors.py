"""The tree of our errors. The text of each is the one sentence that a person reads.

PetitionError
├── SettingsError          the environment does not add up
├── DataError              a data file or text cannot be used as it stands
├── DatabaseError          the database cannot be used
│   ├── Busy               too many writes are waiting; try again in a moment
│   └── TableLocked        somebody else holds a table for long
├── LinkError              a link that opens nothing (never says which of the reasons)
├── ClosedError            the campaign does not take this act in its present state
├── RateLimited            too much came from one network; says when to try again
├── ProofReused            a proof of work that was used before
├── KeysError              a key is missing, damaged or already destroyed
├── OrganiserError         a nickname or an address of organisers that cannot be used
└── LetterError            a letter that cannot be drawn
"""


class PetitionError(Exception):
    """Something a person can understand and fix; str() is that sentence."""


class SettingsError(PetitionError):
    """The environment does not add up; names the setting."""


class DataError(PetitionError):
    """A data file or text cannot be used as it stands; names the file."""


class DatabaseError(PetitionError):
    """The database cannot be used; says what is wrong, never with values from a query."""


class Busy(DatabaseError):
    """Too many writes are waiting; the caller answers 503 with Retry-After."""


class TableLocked(DatabaseError):
    """Somebody else holds a table for longer than whoever asks wants to wait."""


class LinkError(PetitionError):
    """A damaged, expired, used or unknown link; one error for all, so that none tells anything."""


class ClosedError(PetitionError):
    """The campaign does not take this act in its present state."""


class RateLimited(PetitionError):
    """Too much came from one network; `retry_after` is how many seconds until it may go on."""

    def __init__(self, retry_after: int) -> None:
        super().__init__("Too much came from this network. Please try again later.")
        self.retry_after = retry_after


class ProofReused(PetitionError):
    """A proof of work that was used before."""


class KeysError(PetitionError):
    """A key is missing, damaged or already destroyed."""


class OrganiserError(PetitionError):
    """A nickname or an address of organisers that cannot be used."""


class LetterError(PetitionError):
    """A letter that cannot be drawn."""
