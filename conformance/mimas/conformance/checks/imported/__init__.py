"""Checks of what other tools found out."""
