"""Checks of a DCAT-AP catalogue (3.0.1): what it says, in which formats, and whether it is true."""
