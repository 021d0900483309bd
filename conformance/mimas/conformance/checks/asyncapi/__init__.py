"""Checks of an AsyncAPI document and of the brokers it names."""
