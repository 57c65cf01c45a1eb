import pytest

from apps.rules.errors import MappingError
from apps.rules.text.parser import RawSelector, parse_mapping

TEXT = '''# A remark.
header = {
    'name' : 'x.rmap', "b" : (1, -2.5, True, None), 'c' : ['it''s', 'a\\'b'],
}
comment = """
Anything "goes" here.
"""
selector = Match({
    ('A', 1.0) : UseAfter({
        '2000-01-01 00:00:00' : 'a.fits',
        '2000-01-01 00:00:00' : 'b.fits',
    }),
})
'''


def test_sections_are_read_as_literals() -> None:
    parsed = parse_mapping(TEXT, "x.rmap")
    assert parsed.header == {"name": "x.rmap", "b": (1, -2.5, True, None), "c": ["its", "a'b"]}
    assert parsed.comment == '\nAnything "goes" here.\n'
    # Of equal keys the last one stays, as in any dictionary.
    inner = RawSelector("UseAfter", {"2000-01-01 00:00:00": "b.fits"})
    assert parsed.selector == RawSelector("Match", {("A", 1.0): inner})


def test_refusals_name_mapping_line_and_culprit() -> None:
    with pytest.raises(MappingError, match=r"x\.rmap line 2: 'import os"):
        parse_mapping("header = {}\nimport os\n", "x.rmap")
    with pytest.raises(MappingError, match=r"x\.rmap line 2"):
        parse_mapping("header = {}\nselector = {'a' : \n", "x.rmap")
