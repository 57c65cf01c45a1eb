"""The references of a delivery, with their official names."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from apps.demo import OBSERVATORY
from apps.demo.deliveries import DemoDelivery
from apps.demo.reference_types import TYPES

if TYPE_CHECKING:
    from apps.demo.samples import Sample

# Steps whose versions belong to one version of the pipeline.
PACKAGES = ("asdf", "crds", "gwcs", "jwst", "stcal", "stdatamodels")

SCIENCE_BEGAN = datetime.fromisoformat("2022-06-01")


@dataclass(frozen=True)
class Reference:
    """One reference.

    Attributes
    ----------
    name
        Official name.
    match, useafter
        Match key and useafter date of its place in the rules; naive UTC.
    withdrawn
        Useafter date of the reference with the same match key that it replaces; None if there is none.
    is_rejected
        Whether it was found bad after delivery.
    """

    name: str
    instrument: str
    reftype: str
    match: tuple[str, ...]
    useafter: datetime
    withdrawn: datetime | None
    is_rejected: bool
    delivery: DemoDelivery

    @property
    def keywords(self) -> dict[str, str]:
        """The keywords of its match keys in the file."""
        return dict(zip(TYPES[self.instrument][self.reftype].keywords, self.match, strict=True))

    @property
    def pedigree(self) -> str:
        """The pedigree: ground until science began, then the sixty days before the reference applies."""
        if self.useafter < SCIENCE_BEGAN or self.instrument == "system":
            return "GROUND"
        return f"INFLIGHT {self.useafter - timedelta(days=60):%Y-%m-%d} {self.useafter:%Y-%m-%d}"

    @property
    def uploaded_as(self) -> str:
        """The name it arrived with, a descriptive one such as people give."""
        words = [value.rpartition("|")[-1].lower() for value in self.match]
        values = "_".join(word for word in words if word not in {"n/a", "generic"})
        extension = TYPES[self.instrument][self.reftype].extension
        return f"{self.instrument}_{self.reftype}_{values}_{self.useafter:%Y%m%d}{extension}"

    @property
    def description(self) -> str:
        """The description of the file, a line of at most 68 characters."""
        values = " ".join(value for value in self.match if value not in {"N/A", "GENERIC"})
        return f"Demo {self.instrument.upper()} {self.reftype} for {values}"

    def bytes(self) -> bytes:
        """Return the bytes of the file."""
        # The science stack takes a second to import, and a server that is already seeded does not need it.
        from apps.demo.samples import make_reference

        return make_reference(self.sample())

    def sample(self) -> Sample:
        """Return the description from which the file is made."""
        from apps.demo.samples import Sample  # Imported late for the same reason as above.

        return Sample(
            name=self.name,
            instrument=self.instrument,
            reftype=self.reftype,
            keywords=self.keywords,
            useafter=self.useafter,
            author=self.delivery.creator,
            pedigree=self.pedigree,
            description=self.description,
            history=self.delivery.reason,
            content=self._content(),
        )

    def _content(self) -> dict[str, object]:
        if self.reftype == "calver":
            version = self.keywords["CAL_VER"]
            steps = {package: version if package == "jwst" else None for package in PACKAGES}
            return {"versions": {**steps, "calwebb_detector1": version, "calwebb_image2": version}}
        return {"modes": TYPES[self.instrument][self.reftype].modes}


def name_references(delivery: DemoDelivery, serials: Counter[str]) -> Iterator[Reference]:
    """Give each reference of a delivery the next name of its type, and count the names in `serials`."""
    for batch in delivery.batches:
        for match in batch.matches:
            yield Reference(
                name=next_name(
                    f"{batch.instrument}_{batch.reftype}",
                    TYPES[batch.instrument][batch.reftype].extension,
                    serials,
                ),
                instrument=batch.instrument,
                reftype=batch.reftype,
                match=tuple(match.split()),
                useafter=datetime.fromisoformat(batch.useafter),
                withdrawn=datetime.fromisoformat(batch.withdrawn) if batch.withdrawn else None,
                is_rejected=batch.is_rejected,
                delivery=delivery,
            )


def next_name(stem: str, extension: str, serials: Counter[str]) -> str:
    """Return the next official name; each stem and extension has its own serials."""
    full_stem = "_".join(filter(None, (OBSERVATORY, stem)))
    serials[full_stem + extension] += 1
    return f"{full_stem}_{serials[full_stem + extension]:04}{extension}"
