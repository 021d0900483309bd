"""Checks of procurement clauses: exit, stability, live demonstration, compliance statement."""
