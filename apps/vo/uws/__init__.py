"""UWS 1.1: queries that run as jobs, outlive the request and the server, and belong to their owners."""
