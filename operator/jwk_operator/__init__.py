"""Kubernetes operator that reconciles JWK resources against the Apinizer Management API."""
