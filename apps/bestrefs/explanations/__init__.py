"""The reasons why a reference was chosen, or none was: the record of the rules in words.

Pages, JSON and text all print the same `Explanation`.
"""

from apps.bestrefs.explanations.reftypes import explain
from apps.bestrefs.explanations.values import Case, Criterion, ExplainedParameter, Explanation, Search
from apps.bestrefs.explanations.wording import values_in

__all__ = ["Case", "Criterion", "ExplainedParameter", "Explanation", "Search", "explain", "values_in"]
