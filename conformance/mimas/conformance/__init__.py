"""The MIM conformance checker: catalogue, checks, runner and reports."""
