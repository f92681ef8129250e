"""The HTTP endpoints, a file for each family; each has a function that gives its routes."""
