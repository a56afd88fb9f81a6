"""The cluster: what is read from it and patched into it."""
