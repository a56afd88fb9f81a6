"""What a user of the demo is told when it cannot go on."""


class DemoError(RuntimeError):
    """The demo cannot go on; the text says why and what helps."""
