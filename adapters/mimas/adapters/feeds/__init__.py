"""Sources that are read over HTTP(S): what they share, and those whose pages are plain JSON."""
