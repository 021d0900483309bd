"""Geodata: files through GDAL, feature services, and what their coordinates become: WGS 84, x before y."""
