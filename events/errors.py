"""Why bytes are refused: one stable reason code and one exception class per cause.

The codes are written into the ledger and never change their meaning. What to do next is the
docstring of the error; the command line prints it as a hint (`hint_of`).
"""

from enum import StrEnum
from inspect import cleandoc


class Reason(StrEnum):
    """The stable codes under which a record is refused."""

    TOO_LARGE = "too-large"
    NOT_AN_ENVELOPE = "not-an-envelope"
    NOT_AN_EVENT = "not-an-event"
    NOT_CANONICAL = "not-canonical"
    SCHEMA_UNKNOWN = "schema-unknown"
    HEADER_MISMATCH = "header-mismatch"
    ORIGIN_MISMATCH = "origin-mismatch"
    KEY_UNKNOWN = "key-unknown"
    KEY_NOT_IN_FORCE = "key-not-in-force"
    SIGNATURE_INVALID = "signature-invalid"
    OFFICE_MISMATCH = "office-mismatch"
    OFFICE_NOT_AUTHORISED = "office-not-authorised"
    SEQUENCE_GAP = "sequence-gap"
    SEQUENCE_FORK = "sequence-fork"
    PREVIOUS_MISMATCH = "previous-mismatch"
    FIELD_INVALID = "field-invalid"
    KEYRING_INVALID = "keyring-invalid"
    SCHEMA_INVALID = "schema-invalid"
    NOT_FOUNDED = "not-founded"


class EventsError(Exception):
    """A rule of this package was broken by what it was given."""


class AdmissionError(EventsError):
    """The issuer's bytes are bad: they end in quarantine, kept and shown."""

    reason: Reason


class EventTooLargeError(AdmissionError):
    """Split the event, or move long text into the sealed part (up to 1 MiB)."""

    reason = Reason.TOO_LARGE


class NotAnEnvelopeError(AdmissionError):
    """Send a single-object encoded Envelope (schemas/wire/Envelope.avsc) and nothing after it."""

    reason = Reason.NOT_AN_ENVELOPE


class NotAnEventError(AdmissionError):
    """Encode the event with the exact schema its header names."""

    reason = Reason.NOT_AN_EVENT


class NotCanonicalError(AdmissionError):
    """Encode with shortest integers, no duplicate map keys, one array block and no trailing bytes."""

    reason = Reason.NOT_CANONICAL


class SchemaUnknownError(AdmissionError):
    """Ask the hub's operator to publish the schema (`hub schema publish FILE`), then send again."""

    reason = Reason.SCHEMA_UNKNOWN


class HeaderMismatchError(AdmissionError):
    """Make the header say what the envelope and the payload are."""

    reason = Reason.HEADER_MISMATCH


class OriginMismatchError(AdmissionError):
    """Sign the event for this ledger: the header's origin must be the ledger's name."""

    reason = Reason.ORIGIN_MISMATCH


class KeyUnknownError(AdmissionError):
    """Enrol the key first: the agency publishes a new version of its keys."""

    reason = Reason.KEY_UNKNOWN


class KeyNotInForceError(AdmissionError):
    """Sign with the office's current key; this one was retired or serves another purpose."""

    reason = Reason.KEY_NOT_IN_FORCE


class SignatureInvalid(AdmissionError):  # noqa: N818 - the field's word for it
    """The bytes were changed after signing, or another key signed them."""

    reason = Reason.SIGNATURE_INVALID


class OfficeMismatchError(AdmissionError):
    """An office can only speak for itself, with its own key, on its own agency's topic."""

    reason = Reason.OFFICE_MISMATCH


class OfficeNotAuthorisedError(AdmissionError):
    """Let an office with the right role say this."""

    reason = Reason.OFFICE_NOT_AUTHORISED


class SequenceGapError(AdmissionError):
    """An earlier event of this office has not arrived; send the missing ones first."""

    reason = Reason.SEQUENCE_GAP


class SequenceForkError(AdmissionError):
    """Two events claim one place in the chain: find out who else signs with this office's key."""

    reason = Reason.SEQUENCE_FORK


class PreviousMismatchError(AdmissionError):
    """The event does not continue the chain that the ledger holds; catch up, then sign again."""

    reason = Reason.PREVIOUS_MISMATCH


class FieldInvalidError(AdmissionError):
    """Give the field a value of the form its schema documents."""

    reason = Reason.FIELD_INVALID


class KeyringInvalidError(AdmissionError):
    """Publish keys as version n+1, signed by a threshold of the roots of n and of n+1."""

    reason = Reason.KEYRING_INVALID


class SchemaInvalidError(AdmissionError):
    """Publish a schema that is valid Avro, begins with the common header and is not known yet."""

    reason = Reason.SCHEMA_INVALID


class NotFoundedError(AdmissionError):
    """The ledger has no first entry yet: `hub init` publishes it."""

    reason = Reason.NOT_FOUNDED


class NoteInvalidError(EventsError):
    """Do not rely on it: keep the bytes as evidence and ask the log for its checkpoint again."""


class SealedPartError(EventsError):
    """Keep the bytes and tell the office that sent the event: its sealed part cannot be relied on."""


class SealedPartTooLargeError(SealedPartError):
    """Shorten the content: a sealed part carries up to 1 MiB; send pictures and files another way."""


class NotAReaderError(SealedPartError):
    """Ask the office that sent the event to send it again with your office among its readers."""


class ReadersMismatchError(SealedPartError):
    """The signed event names other readers than the sealed part has: tell the office that sent it."""


class WrapInvalidError(SealedPartError):
    """The content key was wrapped for another event or another key: tell the office that sent it."""


class CommitmentMismatchError(SealedPartError):
    """Each reader may have been given another content: keep the bytes, they are evidence against the sender."""


class CiphertextInvalidError(SealedPartError):
    """The bytes were changed after sealing, or belong to another event: fetch the sealed part again."""


def hint_of(error: BaseException) -> str:
    """Return what to do next about an error: the first paragraph of its class's docstring."""
    return cleandoc(type(error).__doc__ or "").partition("\n\n")[0]


HINTS: dict[str, str] = {kind.reason: cleandoc(kind.__doc__ or "") for kind in AdmissionError.__subclasses__()}
"""What to do next about each reason code."""
