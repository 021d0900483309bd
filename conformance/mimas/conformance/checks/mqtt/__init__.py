"""Checks of an MQTT broker: who gets in, what they may say, and what travels in plain."""
