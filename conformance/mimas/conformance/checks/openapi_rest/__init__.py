"""Checks of plain REST interfaces by their OpenAPI description (MIM0 and its mechanism 1)."""
