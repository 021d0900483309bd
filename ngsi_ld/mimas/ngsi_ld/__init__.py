"""The NGSI-LD context broker: a sans-IO core, a PostGIS store and the HTTP binding."""
