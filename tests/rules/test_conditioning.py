import pytest

from apps.rules.conditioning import condition_value


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("foo", "FOO"),
        ("  foo ", "FOO"),
        (1, "1.0"),
        ("1.", "1.0"),
        (".5", "0.5"),
        ("1e3", "1000.0"),
        ("1.e3", "1.E3"),
        ("1e999", "inf"),
        ("+4", "4.0"),
        (True, "T"),
        ("false", "F"),
        (None, "NONE"),
        ("any", "*"),
        ("4294967295", "-1.0"),
        ("-2147483648", "N/A"),
        ("n/a", "N/A"),
        ("N/A-FOO", "N/A"),
        ("not applicable at all", "N/A"),
        ("NOT_APPLICABLE", "N/A"),
        ("NOT_APPLICABLE2", "NOT_APPLICABLE2"),
        ("()", "N/A"),
        ("2013-11-05 15:21:34", "2013-11-05 15:21:34"),
        ("", ""),
    ],
)
def test_values_take_one_spelling(value: object, expected: str) -> None:
    assert condition_value(value) == expected
