"""The services that the home page links to, depending on the roles of the reader (website, section 3)."""

import difflib
from dataclasses import dataclass

from django.urls import reverse

from apps.accounts.models import User

_LONGEST_PATH = 100  # characters of an address that are compared
# Group to title, name of the view, and the role it needs; an empty role is open to everybody.
_GROUPS: dict[str, tuple[tuple[str, str, str], ...]] = {
    "Obtain Best Reference Files": (
        ("Using the Command Line", "web:command_line", ""),
        ("From Dataset ID or FITS Header Upload", "bestrefs:ask", ""),
        ("Exploring with Instrument Parameters", "bestrefs:explore", ""),
    ),
    "Reference File Database Services": (
        ("Server Environment Package Versions", "web:server_versions", ""),
        ("Browse Database", "web:browse_db", ""),
        ("Recent Activity", "web:activity", ""),
        ("All Contexts", "web:all_contexts", ""),
        ("Submission History", "submissions:history", "submitter"),
        ("Locks", "locks:table", "submitter"),
    ),
    "Restricted Services": (
        ("Certify Files", "submissions:certify", "submitter"),
        ("Difference Files", "web:difference_files", "submitter"),
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
class LinkGroup:
    """Services of one kind.

    Attributes
    ----------
    start
        Number of the first service: people call services by numbers, which continue through the groups.
    services
        Titles and addresses.
    """

    title: str
    start: int
    services: tuple[tuple[str, str], ...]


def services(user: User | None) -> list[LinkGroup]:
    """Return the services that `user` may use, in groups; groups without any are left out."""
    groups: list[LinkGroup] = []
    number = 1
    for group, known in _GROUPS.items():
        open_to = tuple((title, reverse(view)) for title, view, role in known if _may(user, role))
        if open_to:
            groups.append(LinkGroup(group, number, open_to))
            number += len(open_to)
    return groups


def nearest_services(path: str, user: User | None) -> list[tuple[str, str]]:
    """Return titles and addresses of the services with addresses most similar to an unknown `path`."""
    known = {address: title for group in services(user) for title, address in group.services}
    found = difflib.get_close_matches(path[:_LONGEST_PATH], known, n=3, cutoff=0.5)
    return [(known[address], address) for address in found]


def _may(user: User | None, role: str) -> bool:
    return not role or (user is not None and user.has_role(role))
