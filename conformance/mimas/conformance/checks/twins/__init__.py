"""Checks of local digital twins (MIM8): OGC API Processes (OGC 18-062r2) and documents."""
