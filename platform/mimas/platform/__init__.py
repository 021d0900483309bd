"""The composition root: settings, command line, supervisor, application, access and console."""
