"""The errors of Petition. The text of each is one sentence for the person who reads it."""


class PetitionError(Exception):
    """An error that a person can understand and fix; str() is that sentence."""

    @property
    def sentence(self) -> str:
        """The same for Language.translate(): a Sentence still has its values."""
        text: str = self.args[0]
        return text


class SettingsError(PetitionError):
    """Settings are missing, wrong or contradictory; the text names them."""


class DataError(PetitionError):
    """A data file or text cannot be used; the text names the file."""


class DatabaseError(PetitionError):
    """The database cannot be used; the text says why, but never contains a value of a query."""


class DatabaseAway(DatabaseError):
    """The database cannot be reached, or takes no connection now: that may end by itself."""


class Busy(DatabaseError):
    """Too many writes are waiting; a web page answers 503 with Retry-After."""


class Moved(DatabaseError):
    """The site is on its way into another database, or there already: nothing is written here any more."""


class Deadlock(DatabaseError):
    """The transaction and another one waited for each other; this one was ended, and can be tried again."""


class TableLocked(DatabaseError):
    """Another transaction holds a table for longer than this one may wait."""


class LinkError(PetitionError):
    """A link is damaged, expired, used or unknown; one error for all, so that it does not tell which."""


class ClosedError(PetitionError):
    """The campaign does not allow this in its present state."""


class SigningPaused(PetitionError):
    """An admin has paused signing for a while: the same form may be sent again later."""


class RateLimited(PetitionError):
    """Too many requests came from one network; `retry_after` is in seconds."""

    def __init__(self, retry_after: int) -> None:
        super().__init__("Too much came from this network. Please try again later.")
        self.retry_after = retry_after


class ProofReused(PetitionError):
    """A proof of work was used before."""


class KeysError(PetitionError):
    """A key is missing, damaged or destroyed."""


class SwitchError(PetitionError):
    """A switch of the desk was not turned; the text says why."""


class OrganiserError(PetitionError):
    """The nickname or email address of an organiser cannot be used."""


class BatchError(PetitionError):
    """Signatures cannot be set aside in this way, or not now."""


class NotConfirmed(PetitionError):
    """Nobody said that an act that cannot be undone is meant."""


class RivalEdit(PetitionError):
    """Somebody else saved the same text in the meantime."""


class LetterError(PetitionError):
    """A letter, annex or edition does not exist or cannot be made."""
