"""Official statistics (SDMX, JSON-stat): one record for each observation, with codes and their labels."""
