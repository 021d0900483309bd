"""`mimas up --demo town`: the servers, files and meters of a town that does not exist, and their sources."""
