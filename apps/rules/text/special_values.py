"""Values in rules that take the place of a mapping or a reference."""

NOT_APPLICABLE = frozenset(("N/A", "TEMP_N/A", "n/a", "temp_n/a"))
OMITTED = frozenset(("OMIT", "TEMP_OMIT", "omit"))
SPECIAL = NOT_APPLICABLE | OMITTED
