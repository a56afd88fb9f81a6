"""`jwk-operator validate`: the API server's verdict on files, and what can be known of them besides."""
