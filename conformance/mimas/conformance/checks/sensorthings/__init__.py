"""Checks of the SensorThings API 1.0 and 1.1 (OGC 15-078r6, OGC 18-088)."""
