"""Why a reference was chosen, or why none was: the record of the rules in words.

The same `Explanation` is printed as a page, as JSON and as text.
"""

from apps.bestrefs.explanations.reftypes import explain
from apps.bestrefs.explanations.values import Case, Criterion, Explanation, Parameter, Search
from apps.bestrefs.explanations.wording import values_in

__all__ = ["Case", "Criterion", "Explanation", "Parameter", "Search", "explain", "values_in"]
