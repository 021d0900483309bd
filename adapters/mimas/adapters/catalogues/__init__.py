"""Catalogues of open data: what a city and its neighbours publish, as datasets and distributions."""
