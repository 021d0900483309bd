"""The tests are a package of its own name: one of our libraries installs a top-level `tests` too."""
