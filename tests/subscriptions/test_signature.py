"""Signatures in the scheme of Standard Webhooks."""

import base64

from apps.subscriptions.models import new_nonce
from apps.subscriptions.signature import secret_of, signature


def test_the_published_example_has_its_signature() -> None:
    # From the specification of Standard Webhooks.
    found = signature(
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        message_id="msg_p5jXN8AQM9LWM0D4loKWxJek",
        timestamp=1614265330,
        body='{"test": 2432232314}',
    )
    assert found == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_each_nonce_has_a_secret_of_its_own() -> None:
    first, second = new_nonce(), new_nonce()
    assert secret_of(first) == secret_of(first) != secret_of(second)
    assert len(base64.b64decode(secret_of(first).removeprefix("whsec_"))) == 32
