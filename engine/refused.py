"""Refused: what the state of a run, or the surroundings of the process, do not allow."""


class Refused(Exception):
    """The message is a sentence for people."""
