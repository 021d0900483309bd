"""Entities, history and the outbox in PostgreSQL with PostGIS."""
