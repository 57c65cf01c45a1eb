"""Values of match cases, such as a filter: the types whose rules name them."""

from urllib.parse import urlencode

from django.db.models import Case, IntegerField, Value, When
from django.urls import reverse

from apps.contexts import queries as contexts
from apps.contexts.models import MatchedValue, Pointer
from apps.web.search.hits import Hit, HitGroup, group

SHORTEST = 2  # characters; nearly every type has values that begin with one letter


def find_values(text: str, most: int) -> HitGroup:
    """Return the types of the latest context whose rules name a value that begins with a text."""
    latest = contexts.find_pointed(Pointer.LATEST)
    if latest is None or len(text) < SHORTEST or " " in text:
        return HitGroup("Values", ())
    wanted = text.upper()
    rows = MatchedValue.objects.filter(context=latest, value__begins=wanted)
    other = Case(When(value=wanted, then=Value(0)), default=Value(1), output_field=IntegerField())
    found = rows.order_by(other, "value", "instrument", "filekind", "parkey")[: most + 1]
    return group("Values", map(_hit, found), most)


def _hit(row: MatchedValue) -> Hit:
    rules = "1 rule" if row.rule_count == 1 else f"{row.rule_count} rules"
    page = reverse("web:reftype_table", args=["latest", row.instrument, row.filekind])
    return Hit(
        "value",
        f"{row.value} in {row.instrument} {row.filekind}",
        f"{rules} of {row.context}, {row.parkey}",
        f"{page}?{urlencode({'search': row.value})}",
    )
