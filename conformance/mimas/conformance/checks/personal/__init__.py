"""Checks of how personal data is treated (MIM4): subjects, consent, and what is public or kept."""
