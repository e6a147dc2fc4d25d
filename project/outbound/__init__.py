"""The only way to a URL that somebody else named: callback URLs, pictures by link, results of providers.

    OutboundError            .code, one of the words below
     └─ UrlRefused           the URL itself is not acceptable; known without asking DNS

Codes of an OutboundError: endpoint_unreachable, endpoint_timeout, bad_answer, too_large, too_many_redirects.
The first means that no answer came: no such name, an inner address, a closed port, no TLS, an open port that talks
no HTTP. One word, so that nobody maps a network by the differences. The second means that all the time was used up.
"""

from .calls import Answer, Download, post, stream
from .errors import OutboundError, UrlRefused
from .network import Resolve, lookup
from .urls import check_url, host_of, netloc_of

__all__ = [
    "Answer",
    "Download",
    "OutboundError",
    "Resolve",
    "UrlRefused",
    "check_url",
    "host_of",
    "lookup",
    "netloc_of",
    "post",
    "stream",
]
