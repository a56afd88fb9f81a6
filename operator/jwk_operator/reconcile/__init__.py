"""From facts to actions: pure decisions, and the edge that gathers for them and carries them out."""
