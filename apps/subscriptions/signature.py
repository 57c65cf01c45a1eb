"""Signatures of messages in the scheme of Standard Webhooks, version 1.

Source: the specification at www.standardwebhooks.com. Receivers check a message with any library for it.
"""

import base64
import hashlib
import hmac

from django.utils.crypto import salted_hmac

SALT = "apps.subscriptions.web_hook"
PREFIX = "whsec_"


def secret_of(nonce: str) -> str:
    """Return the secret of a web hook as its owner copies it: ``whsec_`` and 32 bytes in base64."""
    digest = salted_hmac(SALT, nonce, algorithm="sha256").digest()
    return PREFIX + base64.b64encode(digest).decode()


def signature(secret: str, *, message_id: str, timestamp: int, body: str) -> str:
    """Return the value of the header ``webhook-signature``.

    Parameters
    ----------
    timestamp
        Seconds since 1970, when this attempt is made.
    """
    key = base64.b64decode(secret.removeprefix(PREFIX))
    signed = f"{message_id}.{timestamp}.{body}".encode()
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
