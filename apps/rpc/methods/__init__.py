"""What clients may call: one thin typed function per method, by the nouns of the field."""
