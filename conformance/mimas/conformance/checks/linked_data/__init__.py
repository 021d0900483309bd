"""Checks of linked data (MIM1): identifiers that can be looked up, and links that lead somewhere."""
