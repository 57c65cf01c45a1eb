import pytest

from apps.rules.errors import ChecksumError, CrdsError, MappingError
from apps.rules.lookup.compiled_mapping import CompiledMapping
from apps.rules.lookup.compiler import compile_mapping
from apps.rules.observatories import get_observatory
from tests.rules.factories import make_rmap, make_rmap_text, make_upper
from tests.rules.oracle import compiled, load_context
from tests.shared_data import data_root, is_real

pytestmark = pytest.mark.shared_data

HST = get_observatory("hst")
NAME = "hst_stis_darkfile_0001.rmap"

# Eleven refer to mappings in a directory, and one to an rmap with a wrong sha1sum. See the data's README.
DO_NOT_LOAD = {"hst.pmap", "roman_0007.pmap"} | {
    f"hst_{number:04d}.pmap" for number in (1, 2, 8, 9, 10, 11, 12, 13, 14, 15)
}


def test_a_mapping_tells_what_it_is() -> None:
    rmap = make_rmap()
    assert (rmap.kind, rmap.observatory, rmap.instrument, rmap.filekind) == (
        "rmap",
        "hst",
        "stis",
        "darkfile",
    )
    assert rmap.references == ("a1.fits", "a2.fits", "any.fits", "bc.fits")
    assert rmap.children == ()
    imap = make_upper("imap", {"darkfile": NAME, "BIASFILE": "N/A", "x": "OMIT"}, name="hst_stis_0001.imap")
    assert imap.children == (NAME,)
    assert imap.selections == (("darkfile", NAME), ("biasfile", "N/A"), ("x", "OMIT"))


def test_a_wrong_checksum_is_refused_unless_allowed() -> None:
    text = make_rmap_text().replace("a1.fits", "b1.fits")
    with pytest.raises(ChecksumError, match=r"sha1sum mismatch in 'hst_stis_darkfile_0001\.rmap'"):
        compile_mapping(text, name=NAME, observatory=HST)
    assert (
        compile_mapping(text, name=NAME, observatory=HST, verify_checksum=False).references[1] == "any.fits"
    )


def test_line_ends_do_not_change_the_checksum() -> None:
    text = make_rmap_text().replace("\n", "\r\n")
    assert compile_mapping(text, name=NAME, observatory=HST).name == NAME


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (make_rmap_text().replace("'parkey'", "'parkeys'"), "'parkey' is missing"),
        (make_rmap_text(observatory="JWST"), "is a mapping of 'jwst' and not of 'hst'"),
        (make_rmap_text("{'a' : 'b'}"), "must be a selector"),
        (make_rmap_text("Match({'A' : 5})"), "5"),
        (make_rmap_text("Match({('A', 'B', 'C') : 'a'})"), "wrong length"),
        (make_rmap_text("Match({('A', 1) : 'a', ('A', '1.0') : 'b'})"), "appears more than once"),
        (make_rmap_text(rmap_relevance="(A = B)"), "condition"),
        (make_rmap_text(hooks=5), "5|int"),
    ],
)
def test_malformed_mappings_are_refused(text: str, reason: str) -> None:
    with pytest.raises(MappingError, match=reason):
        compile_mapping(text, name=NAME, observatory=HST, verify_checksum=False)


def loads(name: str) -> bool:
    try:
        load_context(name)
    except (CrdsError, OSError):
        return False
    return True


# The thousand real contexts of hst and jwst take a minute.
MANY = pytest.mark.campaign if is_real() else ()


@pytest.mark.parametrize(
    ("observatory", "count"),
    [pytest.param("hst", 542, marks=MANY), pytest.param("jwst", 536, marks=MANY), ("roman", 7)],
)
def test_all_contexts_compile_but_the_twelve_known(observatory: str, count: int) -> None:
    folder = data_root() / "mappings" / observatory
    names = sorted(path.name for path in folder.glob("*.pmap"))
    assert not is_real() or len(names) == count
    refused = {name for name in names if not loads(name)}
    expected = {name for name in DO_NOT_LOAD if name.split(".")[0].split("_")[0] == observatory}
    assert refused == (expected if is_real() else set())


def test_a_compiled_mapping_is_shared_by_contexts() -> None:
    first, second = load_context("jwst_0540.pmap"), load_context("jwst_0541.pmap")
    common = set(first.mapping_names()) & set(second.mapping_names())
    assert common
    assert all(isinstance(compiled(name), CompiledMapping) for name in common)
