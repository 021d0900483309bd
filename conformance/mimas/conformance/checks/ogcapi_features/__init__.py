"""Checks of OGC API Features (OGC 17-069r4, OGC 18-058r1)."""
