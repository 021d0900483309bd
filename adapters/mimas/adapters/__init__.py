"""Sources of readings and records, and the declarative mapping that turns them into entities."""
