"""The Grafana dashboard, from code: manifests/monitoring/dashboard.json."""
