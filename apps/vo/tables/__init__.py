"""The published tables: one description gives the queries, TAP_SCHEMA, the list of tables and the FIELDs."""
