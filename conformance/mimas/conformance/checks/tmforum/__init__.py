"""Checks of a marketplace with TM Forum APIs (MIM3 of 2022)."""
