import base64
import gzip
import json
from datetime import UTC, datetime, timedelta, timezone

from apps.distribution.wire_format import encode, timestamp


def test_moments_are_utc_and_sort_as_text() -> None:
    start = datetime(2019, 9, 9, 16, 9, 51, tzinfo=UTC)
    moments = [start, start + timedelta(microseconds=1), start + timedelta(seconds=1)]
    texts = [timestamp(moment) for moment in moments]
    assert texts == [
        "2019-09-09 16:09:51+00:00",
        "2019-09-09 16:09:51.000001+00:00",
        "2019-09-09 16:09:52+00:00",
    ]
    assert texts == sorted(texts)
    assert timestamp(start.astimezone(timezone(timedelta(hours=-5)))) == texts[0]


def test_packed_values_unpack_and_are_the_same_each_time() -> None:
    value = {"a": ["é", None, 1.5, {"b": True}]}
    packed = encode(value)
    assert packed == encode(value)
    assert json.loads(gzip.decompress(base64.b64decode(packed["crds_payload"]))) == value
