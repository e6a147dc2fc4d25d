"""What can go wrong on the way out; the tree is drawn in the package's docstring."""


class OutboundError(Exception):
    """A request to somebody else's URL failed. `code` is all there is to say: no address, no foreign text."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class UrlRefused(OutboundError):
    """The URL is not one we send anything to. Codes: url_malformed, url_host, url_port, url_private."""
