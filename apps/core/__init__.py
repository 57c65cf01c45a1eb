"""General code that three or more apps use: error families, middleware, logs."""
