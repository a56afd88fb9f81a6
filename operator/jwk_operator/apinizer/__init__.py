"""The Apinizer Management API: calls, answers, credentials and what is shared by everything on one connection."""
