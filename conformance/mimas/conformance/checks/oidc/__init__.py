"""Checks of OpenID Connect and OAuth: metadata, keys, tokens, and the API that believes them."""
