"""Checks of fair artificial intelligence (MIM5): what is disclosed, and the register of algorithms."""
