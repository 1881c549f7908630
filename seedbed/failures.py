"""Ways in which a command ends other than well, with their exit codes."""

REFUSED = 1
INPUT_WRONG = 2
MACHINE_LACKS = 3
INTERRUPTED = 130


class SeedbedError(Exception):
    """A command's end that a person must act on: what is wrong, and what to do."""

    code = REFUSED

    def __init__(self, message: str, do: str = "") -> None:
        super().__init__(message)
        self.message = message
        """What is wrong, where, and what was found."""
        self.do = do
        """The command or change that mends it; empty where the message says it."""


class RefusedError(SeedbedError):
    """A policy or the engine said no."""

    code = REFUSED


class WrongInputError(SeedbedError):
    """What the user gave is wrong: an environment's name, a settings file."""

    code = INPUT_WRONG


class MissingError(SeedbedError):
    """Something that the machine should have is missing: a checkout, an engine, Go, a port."""

    code = MACHINE_LACKS
