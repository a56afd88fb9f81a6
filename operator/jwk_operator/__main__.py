"""`python -m jwk_operator` is `jwk-operator`."""

from jwk_operator.cli.main import main

main(prog_name="jwk-operator")
