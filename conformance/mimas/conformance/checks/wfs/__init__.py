"""Checks of the Web Feature Service (OGC 09-025r2, ISO 19142)."""
