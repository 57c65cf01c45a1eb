"""What three apps need and no CRDS word names: error families, middleware, logs."""
