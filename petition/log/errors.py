"""What goes wrong in a log; the text is one plain sentence."""

from petition.core.errors import PetitionError


class LogError(PetitionError):
    """Bytes that are not what the log's formats allow, or that do not prove what they should."""
