"""The methods that clients call: one thin typed function each, grouped by the nouns of the field."""
