"""Promises that two systems agree: compared, explained, repaired, signed."""
