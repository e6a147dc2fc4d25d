"""The only way to a URL that somebody else named: callback URLs, pictures by link, results of providers.

    OutboundError            .code, one of the words below
     └─ UrlRefused           the URL itself is not acceptable; known without asking DNS

Codes of an OutboundError: endpoint_unreachable, endpoint_timeout, bad_answer, too_large, too_many_redirects.
The first means that nothing was sent: no such name, an inner address, connection refused, TLS. One word, so
that nobody maps our network by the differences.
"""

from .calls import Answer, Download, post, stream
from .errors import OutboundError, UrlRefused
from .network import Resolve, lookup
from .urls import check_url

__all__ = [
    "Answer",
    "Download",
    "OutboundError",
    "Resolve",
    "UrlRefused",
    "check_url",
    "lookup",
    "post",
    "stream",
]
