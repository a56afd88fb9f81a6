"""Reference pages that are made from the operator's metrics, its command line, and the alerts."""
