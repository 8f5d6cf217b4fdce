"""Stand-in until the real one lands."""


def mask(text, environ):
    return text, 0
