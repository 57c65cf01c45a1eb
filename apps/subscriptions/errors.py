"""Errors of subscriptions and web hooks."""

from apps.core.errors import InvalidInputError


class BadSubscriptionError(InvalidInputError):
    """The subscription cannot be made as it was asked for."""

    code = "bad_subscription"


class BadHookAddressError(InvalidInputError):
    """The server does not send messages to this address."""

    code = "bad_hook_address"
