"""Registers: records in large XML documents and tables, state and change files, one skeleton for all."""
