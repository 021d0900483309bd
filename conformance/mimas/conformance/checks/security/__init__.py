"""Checks of who gets in, and what becomes of input that means harm (MIM0 C4, MIM6)."""
