"""`jwk-operator import`: manifests for a project that exists in Apinizer."""
