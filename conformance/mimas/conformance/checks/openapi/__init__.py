"""Checks of an OpenAPI description as a schema: valid itself, and kept by the answers (MIM2)."""
