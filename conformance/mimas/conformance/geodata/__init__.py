"""What checks of geodata share: features, geometries, reference systems, file formats."""
