"""The terms of the glossary. Pages link to them with the template tag `term`."""

from dataclasses import dataclass
from typing import Any

from django.conf import settings


@dataclass(frozen=True, slots=True)
class Term:
    """One term.

    Attributes
    ----------
    name
        The term as people write it; in lower case and with hyphens it is also the anchor on the page.
    short
        One sentence, which pages show when somebody points at the term.
    more
        Further sentences for the glossary alone; may be empty.
    full
        The words that an abbreviation stands for; empty if the term is not an abbreviation.
    example
        Something that people would read or type; ``OBS`` becomes the observatory of the server.
    see
        Names of related terms.
    """

    name: str
    short: str
    more: str = ""
    full: str = ""
    example: str = ""
    see: tuple[str, ...] = ()

    @property
    def anchor(self) -> str:
        return anchor(self.name)

    @property
    def title(self) -> str:
        """The text that a page shows when somebody points at the term."""
        return f"{self.full.capitalize()}. {self.short}" if self.full else self.short


def anchor(name: str) -> str:
    return name.lower().replace(" ", "-")


_RULES = (
    Term(
        "mapping",
        "A text file with rules: a pmap, an imap or an rmap.",
        see=("pmap", "imap", "rmap"),
    ),
    Term(
        "pmap",
        "The top file of a context. It names one imap for each instrument.",
        full="pipeline mapping",
        example="OBS_0001.pmap",
        see=("context", "imap"),
    ),
    Term(
        "imap",
        "The rules file of one instrument. It names one rmap for each type of reference.",
        full="instrument mapping",
        see=("pmap", "rmap"),
    ),
    Term(
        "rmap",
        "The rules for one type of reference of an instrument: which file applies to which data.",
        full="reference mapping",
        see=("match case", "useafter", "selector"),
    ),
    Term(
        "selector",
        "One step of the rules in an rmap.",
        more="Most rmaps have two: Match compares parameters, then UseAfter compares dates.",
        see=("match case", "useafter"),
    ),
    Term(
        "match case",
        "A set of parameter values in an rmap, and the references for data with these values.",
        more="The rules take the most specific case that fits the dataset. * fits any value, N/A means that "
        "a parameter does not matter, and A|B fits either value.",
        see=("parkey", "useafter"),
    ),
    Term(
        "match path",
        "The match case and the date through which the rules lead to a reference.",
        see=("match case", "useafter"),
    ),
    Term(
        "useafter",
        "The first moment at which a reference applies. The moment itself is included.",
        more="A reference applies until the next useafter date of the same match case. It is a date in UTC, "
        "compared with the start of the exposure.",
        example="2026-01-31 00:00:00",
        see=("match case",),
    ),
    Term(
        "parkey",
        "A keyword of the header that the rules compare.",
        full="parameter key",
        example="FILTER",
        see=("header", "match case"),
    ),
    Term(
        "header",
        "The keywords and values that describe a dataset. The rules compare some of them.",
        see=("parkey", "dataset"),
    ),
)
_FILES = (
    Term(
        "reference",
        "A calibration file, such as a dark or a flat.",
        more="Its name always means the same bytes: a new version gets a new name.",
        see=("type", "best reference"),
    ),
    Term(
        "type",
        "The kind of a reference, such as dark, flat or distortion.",
        more="Also called reference type, reftype or filekind.",
        see=("rmap",),
    ),
    Term(
        "best reference",
        "The reference that the rules of a context choose for a dataset.",
        more="N/A means that the dataset does not need this type. NOT FOUND means that no rule fits.",
        see=("match case", "context"),
    ),
    Term(
        "dataset",
        "Observed data in the archive. A product can hold several exposures.",
        see=("header", "affected datasets"),
    ),
    Term(
        "affected datasets",
        "Datasets whose best references differ between two contexts. They may need a new calibration.",
        see=("best reference", "latest"),
    ),
    Term("sha1sum", "A checksum of 40 digits. Two files with the same sha1sum have the same bytes."),
)
_CONTEXTS = (
    Term(
        "context",
        "A pmap with all imaps and rmaps below it: one complete set of rules.",
        more="A context never changes. Changed rules make a new context with the next number.",
        example="OBS_0001.pmap",
        see=("pmap", "latest", "edit", "build"),
    ),
    Term(
        "latest",
        "The context that pipelines use by default. An operator sets it.",
        more="It was called operational before.",
        example="OBS-latest",
        see=("edit", "context"),
    ),
    Term(
        "edit",
        "The context with the newest rules. New deliveries start from it, and each confirmed one moves it.",
        example="OBS-edit",
        see=("latest", "confirm"),
    ),
    Term("build", "The context for one version of the calibration software.", see=("latest",)),
    Term("versions", "The context that gives the versions of calibration steps."),
)
_DELIVERIES = (
    Term(
        "submission",
        "One request to add files or to change rules. You confirm, force or cancel it after the checks.",
        see=("certify", "confirm", "delivery"),
    ),
    Term(
        "certify",
        "To check files as a submission does: format, keywords, values, dates and duplicates.",
        example="crds certify --comparison-context OBS-edit my_flat.fits",
        see=("submission",),
    ),
    Term(
        "instrument lock",
        "The right of one person to deliver files for an instrument. You get it when you log in.",
        more="It ends when you confirm, cancel or log out, or after some hours without any action.",
        see=("force",),
    ),
    Term(
        "confirm",
        "To make the files of a submission official. Edit moves to the new context. You cannot undo it.",
        see=("edit", "delivery"),
    ),
    Term(
        "force",
        "To confirm a submission that no lock protects any longer.",
        more="The new context loses what others have changed in the same rmaps since then.",
        see=("instrument lock", "confirm"),
    ),
    Term("cancel", "To drop a submission. Nothing becomes official, and your files stay uploaded."),
    Term(
        "delivery",
        "The files that became official together, listed in one catalogue for the archive.",
        see=("submission", "archive"),
    ),
    Term(
        "archive", "The store of the observatory. It fetches each delivery and keeps the files and the data."
    ),
    Term(
        "official name",
        "The name under which CRDS keeps a file. Auto-Rename chooses it.",
        see=("confirm",),
    ),
    Term(
        "provisional",
        "A reference that a program delivered and the server confirmed at once, because its type allows it.",
        more="Nobody has looked at it. A later delivery by a person replaces it at its place in the rules.",
        see=("confirm",),
    ),
    Term(
        "derived from",
        "The mapping that a new mapping was made from.",
        more="If two new mappings have the same parent, two people have probably changed the same rules.",
        see=("mapping",),
    ),
)
_BAD = (
    Term(
        "bad",
        "A file that must not be used. Clients refuse it unless an option allows bad files.",
        see=("rejected", "blacklisted"),
    ),
    Term(
        "rejected",
        "A reference or mapping that somebody has marked bad.",
        more="Contexts with a rejected reference stay in use. Only datasets that need it fail.",
        see=("bad", "blacklisted"),
    ),
    Term(
        "blacklisted",
        "A mapping that is bad itself, or that names a bad mapping, directly or through another.",
        more="A blacklisted context must not be used.",
        see=("bad", "rejected"),
    ),
)
# Headings of the page, and the terms below each.
SECTIONS = (
    ("Rules", _RULES),
    ("Contexts", _CONTEXTS),
    ("References and datasets", _FILES),
    ("Submissions and deliveries", _DELIVERIES),
    ("Bad files", _BAD),
)
TERMS = {term.name: term for _heading, terms in SECTIONS for term in terms}


def glossary_page() -> dict[str, Any]:
    """Return the contents of the page: its sections, each with a heading, an anchor and terms."""
    return {
        "sections": [
            {"heading": heading, "anchor": anchor(heading), "terms": [_entry(term) for term in terms]}
            for heading, terms in SECTIONS
        ]
    }


def _entry(term: Term) -> dict[str, Any]:
    return {
        "name": term.name,
        "anchor": term.anchor,
        "full": term.full,
        "short": term.short,
        "more": term.more,
        "example": term.example.replace("OBS", settings.OBSERVATORY),
        "see": [TERMS[name] for name in term.see],
    }
