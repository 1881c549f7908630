"""What goes wrong while the engine is found or built."""


class EngineError(Exception):
    """A step that failed: the message says which, why, and what to do."""

    def __init__(self, step: str, why: str, do: str) -> None:
        super().__init__(f"{step}: {why}\n  What to do: {do}")
        self.step, self.why, self.do = step, why, do
