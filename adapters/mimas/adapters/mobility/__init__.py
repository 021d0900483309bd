"""Feeds of mobility and charging: GBFS, GTFS and its realtime part, OCPI."""
