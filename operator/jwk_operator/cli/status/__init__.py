"""`jwk-operator status`: which JWK is where, and what keeps the others from it."""
