"""What ``make demo`` runs: a real Kubernetes API server, a simulated Apinizer, and the operator between the two."""
