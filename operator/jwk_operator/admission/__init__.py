"""What the API server would say to an object, without an API server."""

from jwk_operator.admission.problems import Refusal
from jwk_operator.admission.verdict import Verdict, admit

__all__ = ["Refusal", "Verdict", "admit"]
