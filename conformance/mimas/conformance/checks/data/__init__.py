"""Checks of data itself (MIM1, MIM2): the same ones for sample files and for what an interface serves."""
