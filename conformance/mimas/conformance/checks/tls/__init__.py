"""Checks of TLS by real handshakes (MIM6, cryptography in use)."""
