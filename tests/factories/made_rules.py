"""Rules that the repository makes itself: every kind of selector and of key, for every observatory.

They stand in for the real rules where these are missing, so contexts and mappings that tests name have the
names of real ones. Everything else is made up, by chance with a fixed seed: each call gives the same text.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from apps.rules.observatories import get_observatory
from apps.rules.text.parser import RawSelector
from apps.rules.text.writer import write_mapping

DAYS = [
    f"{year}-{month:02}-11 {hour:02}:30:00"
    for year, month, hour in zip(range(1998, 2021), [3, 9] * 12, range(23), strict=False)
]
FIRST = "1990-01-01 00:00:00"


@dataclass(frozen=True)
class Site:
    """The parkeys that the rules of an observatory are made of, and the values each may have."""

    word: tuple[str, tuple[str, ...]]
    filter: tuple[str, tuple[str, ...]]
    number: tuple[str, tuple[str, ...]]
    mode: tuple[str, tuple[str, ...]]
    version: tuple[str, tuple[str, ...]]
    dates: tuple[str, ...]

    @property
    def pair(self) -> tuple[str, str]:
        """The two parkeys of most rules."""
        return self.word[0], self.filter[0]


_FILTERS = ("F555W", "F814W", "CLEAR", "G800L")
_NUMBERS = ("0.5", "1.0", "2.0", "4.0")
_VERSIONS = ("2.9", "3.1", "4.0", "5.2")
SITES = {
    "hst": Site(
        ("DETECTOR", ("HRC", "WFC", "SBC", "FUV", "NUV", "UVIS")),
        ("FILTER1", _FILTERS),
        ("CCDGAIN", _NUMBERS),
        ("OBSTYPE", ("IMAGING", "SPECTROSCOPIC")),
        ("CAL_VER", _VERSIONS),
        ("DATE-OBS", "TIME-OBS"),
    ),
    "jwst": Site(
        ("META.INSTRUMENT.DETECTOR", ("MIRIMAGE", "MIRIFULONG", "MIRIFUSHORT", "NRCA1", "NRS1")),
        ("META.INSTRUMENT.FILTER", ("F560W", "F770W", "CLEAR", "G395H")),
        ("META.INSTRUMENT.CHANNEL", ("1.0", "2.0", "12", "34")),
        ("META.EXPOSURE.TYPE", ("MIR_IMAGE", "MIR_MRS", "MIR_DARK")),
        ("META.CALIBRATION_SOFTWARE_VERSION", _VERSIONS),
        ("META.OBSERVATION.DATE", "META.OBSERVATION.TIME"),
    ),
    "roman": Site(
        ("ROMAN.META.INSTRUMENT.DETECTOR", ("WFI01", "WFI07", "WFI16")),
        ("ROMAN.META.INSTRUMENT.OPTICAL_ELEMENT", ("F158", "F213", "GRISM", "DARK")),
        ("ROMAN.META.EXPOSURE.MA_TABLE_NUMBER", ("1.0", "2.0", "4.0", "110")),
        ("ROMAN.META.EXPOSURE.TYPE", ("WFI_IMAGE", "WFI_GRISM", "WFI_DARK")),
        ("ROMAN.META.CALIBRATION_SOFTWARE_VERSION", _VERSIONS),
        ("ROMAN.META.EXPOSURE.START_TIME",),
    ),
    "tobs": Site(
        ("DETECTOR", ("ONE", "TWO", "THREE")),
        ("FILTER1", _FILTERS),
        ("CCDGAIN", _NUMBERS),
        ("OBSTYPE", ("IMAGING", "SPECTROSCOPIC")),
        ("CAL_VER", _VERSIONS),
        ("META.OBSERVATION.DATE", "META.OBSERVATION.TIME"),
    ),
}  # fmt: skip


@dataclass
class Rules:
    """The rules of one type while they grow from context to context."""

    instrument: str
    reftype: str
    number: int
    header: dict[str, Any]
    selector: RawSelector
    derived_from: str = "made by the suite"
    until: int = 0  # The last context that has them unchanged.

    def name(self, observatory: str) -> str:
        """Return the name of the rmap."""
        return f"{observatory}_{self.instrument}_{self.reftype}_{self.number:04}.rmap"


class Maker:
    """Makes selectors of one type, with references nobody else has."""

    def __init__(self, observatory: str, instrument: str, reftype: str, chance: random.Random) -> None:
        self.site = SITES[observatory]
        self.chance = chance
        self._names = _reference_names(observatory, instrument, reftype)

    def reference(self) -> str:
        """Return the name of one more reference."""
        return next(self._names)

    def after(self, *days: str) -> RawSelector:
        """Return references by their useafter dates, one of them in 1990."""
        chosen = days or (FIRST, *self.chance.sample(DAYS, self.chance.randint(1, 4)))
        return RawSelector("UseAfter", {day: self.reference() for day in chosen})

    def word(self) -> str:
        """Return a value of the first parkey as a rule may name it: alone, with others, or any."""
        words = self.site.word[1]
        return self.chance.choice([*words, "|".join(self.chance.sample(words, 2)), "N/A"])


Kind = Callable[[Maker], tuple[Any, RawSelector, dict[str, Any]]]


def _plain(make: Maker) -> tuple[Any, RawSelector, dict[str, Any]]:
    words, filters = make.site.word[1], make.site.filter[1]
    rows: dict[Any, Any] = {(words[0], "N/A"): make.after(), (words[1], filters[0]): make.after()}
    for name in make.chance.sample(filters, 3):
        rows[make.word(), name] = make.chance.choice(
            [make.after(), make.after(), "N/A", "OMIT", make.reference()]
        )
    return (make.site.pair, make.site.dates), RawSelector("Match", rows), {}


def _dated(make: Maker) -> tuple[Any, RawSelector, dict[str, Any]]:
    """References by date in every case, so that cases which match alike can be merged."""
    words, filters = make.site.word[1], make.site.filter[1]
    rows: dict[Any, Any] = {(words[0], "N/A"): make.after(), (words[1], filters[0]): make.after()}
    rows |= {(make.word(), name): make.after() for name in make.chance.sample(filters, 3)}
    return (make.site.pair, make.site.dates), RawSelector("Match", rows), {}


def _elements(make: Maker) -> tuple[Any, RawSelector, dict[str, Any]]:
    """Every way in which a key can name words."""
    words, filters = make.site.word[1], make.site.filter[1]
    keys = [words[0], f"{words[1]}|{words[2]}", f"{words[0][0]}*", f"?{words[1][1:]}|X", "[A-M]*"]
    keys += [
        f"NOT {words[0]}",
        f"({words[0][:2]}.*)",
        f"{{{words[1]}}}",
        "NOT (X.*)",
        f"{words[2]}|",
        "N/A-X",
    ]
    rows: dict[Any, Any] = {(key, filters[number % 4]): make.after() for number, key in enumerate(keys)}
    rows |= {(key, filters[number]): make.after() for number, key in enumerate(("N/A", "ANY", "*"))}
    rows[words[0].lower(), "f*|g*"] = make.after()
    return (make.site.pair, make.site.dates), RawSelector("Match", rows), {}


def _relations(make: Maker) -> tuple[Any, RawSelector, dict[str, Any]]:
    """Every way in which a key can name numbers."""
    keys = (
        "1.0",
        2,
        "BETWEEN 3 5",
        "# >5 AND <=9 #",
        "# <0.3 OR >200 #",
        ">=150",
        "<0.6",
        "NOT 1.0",
        "12|34",
        "110",
        True,
    )
    rows: dict[Any, Any] = {(make.site.word[1][n % 3], key): make.after() for n, key in enumerate(keys)}
    return ((make.site.word[0], make.site.number[0]), make.site.dates), RawSelector("Match", rows), {}


def _below(kind: str, rows: Callable[[Maker], dict[Any, Any]], parkey: str) -> Kind:
    """Return a kind of rules with another selector below each case."""

    def build(make: Maker) -> tuple[Any, RawSelector, dict[str, Any]]:
        cases = {(word,): RawSelector(kind, rows(make)) for word in make.site.word[1][:3]}
        below = make.site.dates if parkey == "dates" else (getattr(make.site, parkey)[0],)
        levels = ((make.site.word[0],), below)
        nested = any(isinstance(row, RawSelector) for case in cases.values() for row in case.rows.values())
        return (*levels, make.site.dates) if nested else levels, RawSelector("Match", cases), {}

    return build


def _after_match(make: Maker) -> tuple[Any, RawSelector, dict[str, Any]]:
    """Dates above words."""
    rows = {
        day: RawSelector("Match", {word: make.reference() for word in (*make.site.word[1][:2], "N/A")})
        for day in (FIRST, *make.chance.sample(DAYS, 2))
    }
    return (make.site.dates, (make.site.word[0],)), RawSelector("UseAfter", rows), {}


def _name(parkey: str) -> str:
    """Return a parkey as conditions spell it."""
    return parkey.replace(".", "_").replace("-", "_")


def _relevance(make: Maker) -> tuple[Any, RawSelector, dict[str, Any]]:
    parkey, selector, _ = _plain(make)
    word, mode = _name(make.site.word[0]), _name(make.site.mode[0])
    words, modes = make.site.word[1], make.site.mode[1]
    return (
        parkey,
        selector,
        {
            "rmap_relevance": f"(({word} != '{words[2]}') and {mode} not in ['{modes[1]}', 'NONE'])",
            "parkey_relevance": {make.site.filter[0]: f"({word} == '{words[0]}')"},
            "extra_keys": (make.site.mode[0],),
        },
    )


def _omitted(make: Maker) -> tuple[Any, RawSelector, dict[str, Any]]:
    parkey, selector, _ = _plain(make)
    return parkey, selector, {"rmap_omit": f"({_name(make.site.word[0])} == '{make.site.word[1][1]}')"}


def _switched(make: Maker) -> tuple[Any, RawSelector, dict[str, Any]]:
    parkey, selector, _ = _plain(make)
    return (
        parkey,
        selector,
        {"reffile_switch": "DARKCORR", "reffile_required": "NO", "rmap_relevance": "ALWAYS"},
    )


def _substituted(make: Maker) -> tuple[Any, RawSelector, dict[str, Any]]:
    parkey, selector, _ = _plain(make)
    words, filters = make.site.word[1], make.site.filter[1]
    replaced = {make.site.word[0]: {words[0]: [words[0], words[2]]}, make.site.filter[0]: {filters[0]: "F*"}}
    return parkey, selector, {"substitutions": replaced, "comment_parkeys": (make.site.filter[0],)}


def _tied(make: Maker) -> tuple[Any, RawSelector, dict[str, Any]]:
    """Cases that match alike; one tie begins with N/A, which has no form on the wire."""
    words, filters = make.site.word[1], make.site.filter[1]
    rows: dict[Any, Any] = {
        (f"{words[0]}|{words[1]}", "N/A"): make.after(),
        (f"{words[0]}|{words[2]}", "N/A"): make.after(),
        (words[1], filters[0]): "N/A",
        (words[1], f"{filters[0]}|{filters[1]}"): make.after(),
        (words[2], filters[2]): "OMIT",
    }
    return (make.site.pair, make.site.dates), RawSelector("Match", rows), {}


def _undated(make: Maker) -> tuple[Any, RawSelector, dict[str, Any]]:
    return ((),), RawSelector("Match", {(): make.reference()}), {}


KINDS: Mapping[str, Kind] = {
    "plain": _plain,
    "elements": _elements,
    "relations": _relations,
    "closest": _below("ClosestTime", lambda make: {day: make.reference() for day in DAYS[::5]}, "dates"),
    "bracket": _below(
        "Bracket", lambda make: {0.7: make.after(FIRST), 2.0: make.after(), 50.0: make.after()}, "number"
    ),
    "nearest": _below(
        "GeometricallyNearest", lambda make: {0.7: make.reference(), 3: make.reference()}, "number"
    ),
    "version": _below(
        "SelectVersion",
        lambda make: {"<3.1": make.reference(), "<5": make.reference(), "default": make.reference()},
        "version",
    ),
    "version after": _below(
        "VersionAfter", lambda make: {"0.1": make.reference(), "3.1": make.reference()}, "version"
    ),
    "after match": _after_match,
    "relevance": _relevance,
    "omitted": _omitted,
    "switched": _switched,
    "substituted": _substituted,
    "tied": _tied,
    "undated": _undated,
}
# Where every kind goes. In the types of other instruments every reference has a date.
CARRIERS = {
    "hst": (
        "stis",
        "darkfile biasfile apertab disptab gactab tdctab ccdtab lfltfile sdctab echsctab halotab idctab "
        "crrejtab pctab phottab",
    ),
    "jwst": (
        "miri",
        "flat readnoise area gain reset linearity saturation fringe rscd straymask mask lastframe photom "
        "filteroffset superbias",
    ),
    "roman": (
        "wfi",
        "dark gain linearity mask readnoise saturation area photom inverselinearity ipc refpix distortion "
        "skycells epsf apcorr",
    ),
    "tobs": ("tinstr", "tfilekind " + " ".join(f"type{number}" for number in range(1, 15))),
}
OTHERS = {
    "hst": {"acs": "bpixtab darkfile cfltfile pfltfile ccdtab oscntab atodtab", "cos": "flatfile brftab",
            "wfc3": "darkfile"},
    "jwst": {"nircam": "flat dark", "niriss": "flat", "nirspec": "flat", "fgs": "dark"},
    "roman": {},
    "tobs": {},
}  # fmt: skip


def types_of(observatory: str, kinds: Collection[str]) -> set[str]:
    """Return the types of the observatory's carrier that have rules of these kinds."""
    _, types = CARRIERS[observatory]
    return {reftype for reftype, kind in zip(types.split(), KINDS, strict=True) if kind in kinds}


@dataclass(frozen=True)
class Fixed:
    """Rules that tests name, or that the client must be able to certify for."""

    instrument: str
    reftype: str
    number: int
    parkey: tuple[Any, ...]
    rows: Mapping[Any, Any]
    header: Mapping[str, Any] = field(default_factory=dict)
    until: int = 9999  # The last context that has them; later ones have a successor.


def _since(day: str, name: str) -> RawSelector:
    return RawSelector("UseAfter", {f"{day} 00:00:00": name})


_HST, _JWST, _ROMAN = (SITES[name].dates for name in ("hst", "jwst", "roman"))
_DETECTOR, _EXP_TYPE = "META.INSTRUMENT.DETECTOR", "META.EXPOSURE.TYPE"
FIXED = {
    "hst": [
        Fixed(
            "cos",
            "deadtab",
            250,
            (("DETECTOR",), _HST),
            {
                ("FUV",): _since("1996-10-01", "s7g1700gl_dead.fits"),
                ("NUV",): _since("1996-10-01", "s7g1700ql_dead.fits"),
            },
            {
                "reffile_format": "TABLE",
                "reffile_required": "NONE",
                "reffile_switch": "DEADCORR",
                "rmap_relevance": '(DEADCORR != "OMIT")',
            },
        ),
        Fixed(
            "acs",
            "idctab",
            256,
            (("DETECTOR",), _HST),
            {
                ("WFC",): _since("2002-10-21", "v8q14451j_idc.fits"),
                ("HRC",): _since("2002-03-01", "n3b10470j_idc.fits"),
            },
            {"row_keys": ("DETCHIP", "DIRECTION", "FILTER1", "FILTER2")},
        ),
        Fixed(
            "acs",
            "biasfile",
            300,
            (("DETECTOR", "CCDAMP", "CCDGAIN", "NUMCOLS", "NUMROWS", "LTV1", "LTV2"), _HST),
            {
                ("HRC", "C", "2.0", "1062.0", "1044.0", "19.0", "0.0"): _since(
                    "2002-03-01", "m4r1753rj_bia.fits"
                ),
                ("HRC", "A|B|C|D", "1.0|2.0|4.0", "N/A", "N/A", "N/A", "N/A"): _since(
                    "2002-03-01", "m4r17530j_bia.fits"
                ),
                ("WFC", "A|ABCD", "0.5|1.0|2.0", "4144.0", "2068.0", "24.0", "0.0"): _since(
                    "2002-03-01", "n3o1059aj_bia.fits"
                ),
            },
            {
                "hooks": {
                    "precondition_header": "precondition_header_acs_biasfile_v2",
                    "fallback_header": "fallback_header_acs_biasfile_v2",
                },
                "extra_keys": ("NAXIS1", "NAXIS2", "BIASCORR", "XCORNER", "YCORNER", "CCDCHIP"),
            },
        ),
        Fixed(
            "acs",
            "drkcfile",
            1,
            (("DETECTOR",), _HST),
            {("HRC",): _since("2002-03-01", "n3o1059hj_drk.fits")},
        ),
    ],
    "jwst": [
        Fixed(
            "miri",
            "distortion",
            29,
            ((_DETECTOR, "META.INSTRUMENT.CHANNEL", "META.INSTRUMENT.BAND", _EXP_TYPE), _JWST),
            {
                ("ANY", "ANY", "ANY", "MIR_DARK"): "N/A",
                ("MIRIFULONG", "34", "MEDIUM", "MIR_MRS"): _since(
                    "2000-01-01", "jwst_miri_distortion_0033.asdf"
                ),
                ("MIRIMAGE", "N/A", "N/A", "MIR_IMAGE"): _since(
                    "2000-01-01", "jwst_miri_distortion_0036.asdf"
                ),
            },
        ),
        Fixed(
            "miri",
            "ipc",
            4,
            ((_DETECTOR,), _JWST),
            {
                (name,): _since("1900-01-01", f"jwst_miri_ipc_{number:04}.fits")
                for number, name in enumerate(("MIRIFULONG", "MIRIFUSHORT", "MIRIMAGE"), start=7)
            },
        ),
        Fixed(
            "miri",
            "dark",
            8,
            ((_DETECTOR,), _JWST),
            {("MIRIMAGE",): _since("2010-01-01", "jwst_miri_dark_0025.fits")},
            until=40,
        ),
        Fixed(
            "nircam",
            "specwcs",
            1,
            (("META.INSTRUMENT.PUPIL", "META.INSTRUMENT.MODULE", _EXP_TYPE), _JWST),
            {},
        ),
        *[
            Fixed(
                "nirspec",
                reftype,
                3,
                ((_EXP_TYPE, "META.INSTRUMENT.FILTER"), _JWST),
                {
                    ("NRS_DARK|NRS_LAMP", "N/A"): "N/A",
                    ("NRS_IFU|NRS_MSASPEC", "N/A"): _since("2010-01-01", f"jwst_nirspec_{reftype}_0001.fits"),
                },
            )
            for reftype in ("area", "camera")
        ],
    ],
    "roman": [
        Fixed(
            "wfi",
            "flat",
            4,
            (("ROMAN.META.INSTRUMENT.DETECTOR", "ROMAN.META.INSTRUMENT.OPTICAL_ELEMENT"), _ROMAN),
            {("WFI01", "GRISM"): _since("2020-01-01", "roman_wfi_flat_0004.asdf")},
        ),
    ],
    "tobs": [],
}
# Numbers of the contexts; at each one after the first some rules change.
CONTEXTS = {
    "hst": (16, 297, 300, 330, 400, 500, 700, *range(720, 730)),
    "jwst": (0, 40, 100, 250, 400, 540, 541),
    "roman": (3, 4, 5, 6, 7),
    "tobs": (1, 2, 3),
}
# The number of the first imap, where tests name a later one.
IMAPS = {("hst", "cos"): 305, ("roman", "wfi"): 2}
# What an imap says of a type instead of naming rules.
WITHOUT_RULES = {"hst": {"stis": {"SDSTAB": "N/A", "TDSTAB": "OMIT"}}, "jwst": {"fgs": {"LASTFRAME": "N/A"}}}


def _reference_names(observatory: str, instrument: str, reftype: str) -> Iterator[str]:
    """Yield names of references in the manner of the observatory."""
    letters = random.Random(f"{instrument} {reftype}").choices("bcdefghijk", k=3)
    for number in count(101):
        if observatory in ("jwst", "roman"):
            extension = {"jwst": "fits", "roman": "asdf"}[observatory]
            yield f"{observatory}_{instrument}_{reftype}_{number:04}.{extension}"
        else:
            yield f"{''.join(letters)}{number:05}{instrument[0]}_{reftype[:3]}.fits"


def _first_rules(observatory: str, chance: random.Random) -> list[Rules]:
    """Return the rules of the first context."""
    carrier, types = CARRIERS[observatory]
    wanted = [(carrier, reftype, kind) for reftype, kind in zip(types.split(), KINDS.values(), strict=True)]
    for instrument, names in OTHERS[observatory].items():
        wanted += [(instrument, reftype, _dated) for reftype in names.split()]
    found = []
    for instrument, reftype, kind in wanted:
        parkey, selector, extra = kind(Maker(observatory, instrument, reftype, chance))
        found.append(Rules(instrument, reftype, 1, {"parkey": parkey, **extra}, selector))
    for fixed in FIXED[observatory]:
        selector = RawSelector("Match", dict(fixed.rows))
        header = {"parkey": fixed.parkey, **fixed.header}
        found.append(
            Rules(fixed.instrument, fixed.reftype, fixed.number, header, selector, until=fixed.until)
        )
    return found


def make_contexts(observatory: str) -> tuple[list[str], dict[str, str]]:
    """Return the names of the contexts of an observatory, oldest first, and all mappings by name."""
    chance = random.Random(observatory)
    rules = _first_rules(observatory, chance)
    contexts: list[str] = []
    texts: dict[str, str] = {}
    imaps: dict[str, tuple[int, str]] = {}
    for number in CONTEXTS[observatory]:
        if contexts:
            _change(observatory, rules, chance, number)
        name = f"{observatory}_{number:04}.pmap"
        texts |= _mappings(observatory, name, rules, imaps, contexts[-1] if contexts else "")
        contexts.append(name)
    return contexts, texts


def _change(observatory: str, rules: list[Rules], chance: random.Random, context: int) -> None:
    """Add successors with changes to some of the rules."""
    outdated = [each for each in rules if 0 < each.until < context]
    for each in outdated + chance.sample([each for each in rules if not each.until], 3):
        each.derived_from = each.name(observatory)
        each.number += 1
        each.until = 0
        make = Maker(observatory, each.instrument, f"{each.reftype}{each.number}"[-8:], chance)
        each.selector = _changed(each.selector, make)


def _changed(selector: RawSelector, make: Maker) -> RawSelector:
    """Return a selector with one reference replaced, added or gone."""
    rows = dict(selector.rows)
    key = make.chance.choice(sorted(rows, key=str))
    if isinstance(rows[key], RawSelector) and (len(rows) == 1 or make.chance.random() < 0.8):
        rows[key] = _changed(rows[key], make)
    elif len(rows) > 1 and make.chance.random() < 0.3:
        del rows[key]
    elif selector.kind in ("UseAfter", "ClosestTime") and isinstance(rows[key], str):
        rows[make.chance.choice(DAYS)] = make.reference()
    else:
        rows[key] = make.after() if _is_dated(selector) else make.reference()
    return RawSelector(selector.kind, rows)


def _is_dated(selector: RawSelector) -> bool:
    """Return whether all cases hold references by date."""
    return all(isinstance(row, RawSelector) and row.kind == "UseAfter" for row in selector.rows.values())


def _mappings(
    observatory: str, name: str, rules: list[Rules], imaps: dict[str, tuple[int, str]], parent: str
) -> dict[str, str]:
    """Return the mappings of one context; an imap whose rules are the same as before keeps its number."""
    texts: dict[str, str] = {}
    for each in rules:
        texts[each.name(observatory)] = _rmap(observatory, each)
    selections = {}
    for instrument in dict.fromkeys(each.instrument for each in rules):
        rows = {
            each.reftype.upper(): each.name(observatory) for each in rules if each.instrument == instrument
        }
        rows |= WITHOUT_RULES.get(observatory, {}).get(instrument, {})
        imap, text = _imap(observatory, instrument, rows, imaps)
        selections[instrument.upper()] = imap
        texts[imap] = text
    header = {
        "derived_from": parent or "made by the suite",
        "mapping": "PIPELINE",
        "name": name,
        "observatory": observatory.upper(),
        "parkey": (get_observatory(observatory).instrument_key,),
    }
    texts[name] = write_mapping(header, selections)
    return texts


def _imap(
    observatory: str, instrument: str, rows: dict[str, str], imaps: dict[str, tuple[int, str]]
) -> tuple[str, str]:
    first = IMAPS.get((observatory, instrument), 1)
    number, known = imaps.get(instrument, (first - 1, ""))

    def write(number: int) -> tuple[str, str]:
        name = f"{observatory}_{instrument}_{number:04}.imap"
        header = {
            "derived_from": f"{observatory}_{instrument}_{number - 1:04}.imap"
            if number > first
            else "made by the suite",
            "instrument": instrument.upper(),
            "mapping": "INSTRUMENT",
            "name": name,
            "observatory": observatory.upper(),
            "parkey": ("REFTYPE",),
        }
        return name, write_mapping(header, rows)

    name, text = write(number)
    if text != known:
        number += 1
        name, text = write(number)
    imaps[instrument] = (number, text)
    return name, text


def _rmap(observatory: str, rules: Rules) -> str:
    header = {
        "derived_from": rules.derived_from,
        "filekind": rules.reftype.upper(),
        "instrument": rules.instrument.upper(),
        "mapping": "REFERENCE",
        "name": rules.name(observatory),
        "observatory": observatory.upper(),
        **rules.header,
    }
    return write_mapping(header, rules.selector)
