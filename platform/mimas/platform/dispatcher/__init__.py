"""Delivers notifications from the outbox: one lane an endpoint, in order, tried until they are taken."""
