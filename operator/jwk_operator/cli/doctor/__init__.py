"""`jwk-operator doctor`: for each area one module that looks, and says what it means in findings."""
