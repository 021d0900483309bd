"""Checks of geodata files: GeoJSON, GML, CityGML, GeoPackage, CityJSON, IFC."""
