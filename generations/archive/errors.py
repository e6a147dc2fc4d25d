class ArchiveError(Exception):
    """A result could not be fetched or is not what was asked for. `is_final` where trying again can't help."""

    def __init__(self, reason: str, *, is_final: bool = False) -> None:
        super().__init__(reason)
        self.is_final = is_final
