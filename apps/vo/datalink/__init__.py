"""DataLink 1.1, calibration associations and the bytes behind identifiers."""
