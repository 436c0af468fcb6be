"""EnvironmentFailed: the one exception that says which environment went wrong, at which step and how."""


class EnvironmentFailed(RuntimeError):
    """An environment raised, or returned a number that is not finite; the message is a sentence for the user."""
