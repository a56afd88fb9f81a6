"""The decision table in docs/reference/decisions.md: real situations, put to the real decision, and what came out."""
