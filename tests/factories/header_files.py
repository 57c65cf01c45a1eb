"""Files whose headers are odd in every way that was met or could be met, from a seed."""

import random
import textwrap
from collections.abc import Iterator
from pathlib import Path

BLOCK = 2880
ACS = {
    "INSTRUME": "'ACS     '", "TELESCOP": "'HST     '", "DETECTOR": "'WFC     '", "CCDAMP": "'ABCD    '",
    "CCDGAIN": "2.0", "CCDCHIP": "-999", "NUMCOLS": "4144", "NUMROWS": "2068", "LTV1": "24.0", "LTV2": "0.0",
    "APERTURE": "'WFC     '", "FILTER1": "'F606W   '", "FILTER2": "'CLEAR2L '", "FW1OFFST": "0.0",
    "FW2OFFST": "0.0", "FWSOFFST": "0.0", "OBSTYPE": "'IMAGING '", "SHUTRPOS": "'B       '", "BINAXIS1": "1",
    "BINAXIS2": "1", "XCORNER": "0.0", "YCORNER": "0.0", "FLASHCUR": "'OFF     '", "DATE-OBS": "'2016-12-31'",
    "TIME-OBS": "'10:00:00'",
}  # fmt: skip
ODD_CARDS = (
    "        FILTER1 = 'F502N   '",
    "         = 'F502N   ' / FILTER1 = 'F502N'",
    "      / FILTER1 = 'F502N   '",
    "        DATE-OBS= '2001-01-01'",
    "        INSTRUME= 'COS     '",
    "COMMENT FILTER1 = 'F502N   '",
    "HISTORY FILTER1 = 'F502N   '",
    "COMMENT = 'F502N   '",
    "COMMENT= 'F502N   '",
    "HISTORY = 5",
    "        CCDGAIN =                  4.0",
    "ENDTIME =       2460060.205567",
    "END-DATE= '2001-01-01'",
    "CONTINUE  'on its own'",
    "HIERARCH ESO INS FILT1 NAME = 'F502N'",
    "NOVALUE =",
    "NOVALUE2=                      / nothing",
    "NOEQUALS  'F502N'",
    "NOSPACE =5",
    "TIGHT='F502N'",
    "QUOTES  = 'O''HARA ''S' / it's",
    "SLASHES = 'A/B / C' / D",
    "OPENTEXT= 'never ends",
    "AFTER   = 'F502N' and more",
    "EMPTYTXT= ''",
    "BLANKTXT= '        '",
    "NULLTEXT= '' / null",
    "lower   = 'f502n' / a keyword in lower case",
    "LOGICAL =                    T",
    "LOGICAL2=                    F / false",
    "LOGICAL3= True",
    "COMPLEX =           (1.5, -2.5)",
    "LEADING =                00012",
    "PLUS    =                  +12",
    "BARE    = F502N / not in quotes",
    "DATED   = 2016-12-31",
    "RVKC    = 'AXIS.1: 2.5'",
    "UMLAUT  = 'M\xfcller'",
    "TABBED  = 'A\tB'",
    "PERCENT = '100% &'",
)
CONTINUED = ("LONGNAME= 'a long value that is &'", "CONTINUE  'continued &'", "CONTINUE  '' / to the end")
# A continuation card after a value that is not text ends the reading of a file.
MOVABLE = tuple(odd for odd in ODD_CARDS if not odd.startswith("CONTINUE"))
NUMBERS = (
    "1.0D3", "1.0d3", "1D+03", "1.D-3", "-.5D0", "+.5d+00", "1.0 D3", "1.0D 3", "1.0D + 3", "- 1.5D3",
    "1.0E3", "1E5", "1.e5", ".5", "5.", "1D", "D3", "0x10", "1_000", "1.0D400", "1,5", "1e-400",
    "12345678901234567890123",
)  # fmt: skip


def card(text: str) -> str:
    return text.ljust(80)[:80]


def padded(content: bytes, fill: bytes = b" ") -> bytes:
    return content + fill * (-len(content) % BLOCK)


def header(cards: list[str], *, end: str = "END") -> bytes:
    """Return a header as bytes; its END card is filled with blanks, unless it says otherwise."""
    return padded("".join(map(card, [*cards, end])).encode("latin-1"))


def primary(*axes: int, more: tuple[str, ...] = ()) -> list[str]:
    return ["SIMPLE  =                    T", *shape(*axes), "EXTEND  =                    T", *more]


def extension(*axes: int, more: tuple[str, ...] = ()) -> list[str]:
    return [
        "XTENSION= 'IMAGE   '",
        *shape(*axes),
        "PCOUNT  =                    0",
        "GCOUNT  =                    1",
        *more,
    ]


def shape(*axes: int, bits: int = 16) -> list[str]:
    lengths = [f"NAXIS{number:<3}= {axis:>20}" for number, axis in enumerate(axes, 1)]
    return [f"BITPIX  = {bits:>20}", f"NAXIS   = {len(axes):>20}", *lengths]


def keywords(names: list[str], **changed: str) -> list[str]:
    return [f"{name:8}= {changed.get(name, ACS[name]):>20}" for name in names]


def data(*axes: int) -> bytes:
    size = 2
    for axis in axes:
        size *= axis
    # Data may look like a header.
    return padded((b"FILTER1 = 'F502N   '".ljust(80) * (size // 80 + 1))[:size], b"\0") if axes else b""


def write_fits_files(folder: Path, *, seed: int, count: int) -> list[Path]:
    """Write files of one to four headers, each with some odd cards among those of an ACS exposure."""
    chance = random.Random(seed)
    return [_written(folder / f"odd{number}.fits", _odd_fits(chance)) for number in range(count)]


def write_special_fits_files(folder: Path) -> list[Path]:
    """Write a file for each odd card, number and end of a header, and for random groups."""
    return [_written(folder / f"{name}.fits", content) for name, content in _special()]


def _special() -> Iterator[tuple[str, bytes]]:
    names = list(ACS)
    for number, odd in enumerate(ODD_CARDS):
        cards = keywords(names)
        yield f"card{number}", header([*primary(), *cards[:9], odd, *cards[9:]])
    for number, text in enumerate(NUMBERS):
        yield f"number{number}", header([*primary(), *keywords(names, CCDGAIN=text)])
    yield "continued", header([*primary(), *keywords(names), *CONTINUED, "AFTER   = 5"])
    for name, end in (("nul", "END".ljust(80, "\0")), ("some", "END     \0\0"), ("words", "END of it")):
        yield f"{name}end", header([*primary(), *keywords(names)], end=end)
    early, late = names[:10], names[10:]
    yield (
        "first",
        header([*primary(), *keywords(early)]) + header([*extension(4, 4), *keywords(late)]) + data(4, 4),
    )
    yield "shadowed", (
        header([*primary(30, 50), *keywords(names)]) + data(30, 50)
        + header([*extension(4, 4), *keywords(names, CCDGAIN="4.0", FILTER1="'F502N   '")]) + data(4, 4)
    )  # fmt: skip
    groups = (
        "GROUPS  =                    T",
        "PCOUNT  =                    3",
        "GCOUNT  =                  100",
    )
    content = header([*primary(0, 20, 2, more=groups), *keywords(early)]) + padded(
        b"\1" * (2 * 100 * 43), b"\0"
    )
    yield "groups", content + header([*extension(4, 4), *keywords(late)]) + data(4, 4)
    empty = header([*primary(0, 20, 2), *keywords(early)])
    yield "nogroups", empty + header([*extension(4, 4), *keywords(late)]) + data(4, 4)


def _odd_fits(chance: random.Random) -> bytes:
    names = list(ACS)
    chance.shuffle(names)
    content = b""
    for number in range(chance.randint(1, 4)):
        axes = chance.choice(((), (5,), (4, 4), (30, 50), (0, 20), (3, 4, 5)))
        mine = [name for name in names if chance.random() < 0.7]
        values = {name: chance.choice((ACS[name], "'F502N   '", chance.choice(NUMBERS))) for name in mine[:3]}
        cards = [*keywords(mine, **values), *chance.sample(MOVABLE, chance.randint(0, 6))]
        chance.shuffle(cards)
        if chance.random() < 0.3:
            cards += CONTINUED
        cards = [*cards, *["HISTORY of it"] * chance.choice((0, 0, 40))]
        content += header([*(extension(*axes) if number else primary(*axes)), *cards]) + data(*axes)
    return content


def write_asdf_files(folder: Path) -> list[Path]:
    """Write files with odd trees, as JWST and Roman name their parameters."""
    trees = {
        "jwst": """
            meta:
              telescope: JWST
              instrument: {name: MIRI, detector: MIRIMAGE, filter: "F560W", band: null, channel: '12'}
              exposure: {type: MIR_IMAGE, readpatt: FASTR1, nints: 1, scale: 1.50e+3, ok: true, off: OFF}
              observation: {date: '2022-06-30', time: '12:00:00.123', "quoted # mark": a}
            """,
        "roman": """
            roman:
              meta:
                telescope: !<asdf://stsci.edu/datamodels/roman/tags/telescope-1.0.0> ROMAN
                instrument: !<asdf://stsci.edu/datamodels/roman/tags/wfi_mode-1.0.0>
                  name: WFI
                  detector: WFI16
                  optical_element: F158
                exposure:
                  type: WFI_IMAGE
                  start_time: !time/time-1.2.0 2027-01-01T00:00:00.500
                  count: 010
                  hex: 0x10
                  sixty: 12:30:00
                  exponent: 1e5
                  long: >-
                    folded
                    text
            """,
    }
    return [
        _written(folder / f"{name}.asdf", _asdf(textwrap.dedent(tree), ending))
        for name, tree in trees.items()
        for ending in ("\n",)
    ]


def _asdf(tree: str, ending: str) -> bytes:
    start = "#ASDF 1.0.0\n#ASDF_STANDARD 1.6.0\n%YAML 1.1\n%TAG ! tag:stsci.edu:asdf/\n--- !core/asdf-1.1.0"
    return f"{start}{tree}...\n".replace("\n", ending).encode()


def _written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path
