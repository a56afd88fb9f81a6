"""Where the operator's CPU time and memory go, for those who are about to change that."""
