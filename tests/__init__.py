"""The tests of Mimas. A package of its own name: some distributions install a `tests` of theirs."""
