"""A cluster by kind with the operator's image in it, for as long as one command runs."""
