"""Errors of files on their way in or out."""

from apps.core.errors import ConflictError, InvalidInputError, NotFoundError


class UnknownFileError(NotFoundError):
    """No row has this name."""

    code = "unknown_file"


class UnknownDeliveryError(NotFoundError):
    """No delivery has this catalogue."""

    code = "unknown_delivery"


class DeliveryFolderError(ConflictError):
    """The delivery folder is not the one we wrote to before; its disk may not be mounted."""

    code = "delivery_folder"


class NotHeldError(NotFoundError):
    """The file is catalogued, but its bytes are not in our store."""

    code = "not_held"


class NameTakenError(ConflictError):
    """The name already means other bytes."""

    code = "name_taken"


class DamagedFileError(ConflictError):
    """Bytes disagree with the size or sha1sum they must have."""

    code = "damaged_file"


class BadNameError(InvalidInputError):
    """A name that CRDS does not give to files."""

    code = "bad_name"


class BadCacheError(InvalidInputError):
    """A folder is not a CRDS cache that we can read, or its server_config is damaged."""

    code = "bad_cache"


class UnvouchedError(InvalidInputError):
    """No catalog says what the bytes of this file must be."""

    code = "unvouched"
