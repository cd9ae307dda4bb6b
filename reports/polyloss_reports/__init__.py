"""From results of the conformance suite to one HTML page."""
