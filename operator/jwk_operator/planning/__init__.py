"""What the operator would do, found out by its own code over edges that write nothing."""
