"""What the API server would say to an object, without an API server."""
