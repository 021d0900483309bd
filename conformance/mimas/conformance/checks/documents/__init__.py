"""Checks of documents that a target offers as evidence: what a machine can honestly find in them."""
