"""Checks of usage policies in ODRL 2.2. There are no official shapes for plain ODRL: these rules are ours."""
