"""Harvested sources: read by schedule, politely, and only what changed is written."""
