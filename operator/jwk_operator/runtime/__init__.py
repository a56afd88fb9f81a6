"""What carries the operator: settings, queue, logging, metrics, probes and the process."""
