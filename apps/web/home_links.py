"""Where the home page leads, by what the person who looks at it may do (website, section 3)."""

import difflib
from dataclasses import dataclass
from typing import Any

from django.urls import reverse

_LONGEST_PATH = 100  # characters of an address that are compared
# Group, then title, address (or the name of one), and the role it needs; the empty one is everybody's. The
# addresses that stand here are those that old links and clients know (website, section 1.9).
_GROUPS: dict[str, tuple[tuple[str, str, str], ...]] = {
    "Obtain Best Reference Files": (
        ("Using the Command Line", "/docs/cmdline_bestrefs/", ""),
        ("From Dataset ID or FITS Header Upload", "/bestrefs/", ""),
        ("Exploring with Instrument Parameters", "/bestrefs_explore/", ""),
    ),
    "Reference File Database Services": (
        ("Server Environment Package Versions", "/server_versions/", ""),
        ("Browse Database", "/browse_db/", ""),
        ("Recent Activity", "web:activity", ""),
        ("All Contexts", "web:all_contexts", ""),
        ("Submission History", "submissions:history", "submitter"),
        ("Locks", "locks:table", "submitter"),
    ),
    "Restricted Services": (
        ("Certify Files", "submissions:certify", "submitter"),
        ("Difference Files", "/difference_files/", "submitter"),
        ("Delivery Status", "catalog:delivery_status", "submitter"),
        ("Set Context", "contexts:set_context", "operator"),
    ),
    "Routine Submission Services": (
        ("Extended Batch Submit References", "submissions:extended", "submitter"),
        ("Batch Submit References", "submissions:batch", "submitter"),
        ("Submit Mappings", "submissions:mappings", "submitter"),
    ),
    "Advanced Services": (
        ("Mark Files Bad", "contexts:mark_files_bad", "submitter"),
        ("Submit References", "submissions:references", "submitter"),
        ("Add References", "submissions:add_references", "submitter"),
        ("Delete References", "submissions:delete_references", "submitter"),
    ),
}


@dataclass(frozen=True)
class Group:
    """Services of one kind.

    Attributes
    ----------
    start
        Number of the first one: people speak of services by numbers that continue through the groups.
    services
        Titles and addresses.
    """

    title: str
    start: int
    services: tuple[tuple[str, str], ...]


def services(user: Any) -> list[Group]:
    """Return the groups of which somebody may use anything, with what he may use."""
    groups: list[Group] = []
    number = 1
    for title, known in _GROUPS.items():
        open_to = tuple((name, _address(address)) for name, address, role in known if _may(user, role))
        if open_to:
            groups.append(Group(title, number, open_to))
            number += len(open_to)
    return groups


def _address(known: str) -> str:
    return known if known.startswith("/") else reverse(known)


def nearest_services(path: str, user: Any) -> list[tuple[str, str]]:
    """Return titles and addresses of services whose addresses are like one that leads nowhere."""
    known = {address: title for group in services(user) for title, address in group.services}
    found = difflib.get_close_matches(path[:_LONGEST_PATH], known, n=3, cutoff=0.5)
    return [(known[address], address) for address in found]


def _may(user: Any, role: str) -> bool:
    return not role or (user.is_authenticated and user.has_role(role))
