"""Checks of a connector that speaks the Dataspace Protocol 2025-1 (MIM3 RC4 to RC6)."""
