"""`jwk-operator keys`: keys for JWKs, made and looked at on this machine."""
