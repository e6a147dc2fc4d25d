from .credits import CreditBalance, CreditEntry, EntryKind
from .keys import ApiKey, RateWindow
from .teams import Membership, Role, Team
from .users import User
from .webhooks import WebhookAttempt, WebhookDelivery, WebhookEvent, WebhookSecret

__all__ = [
    "ApiKey",
    "CreditBalance",
    "CreditEntry",
    "EntryKind",
    "Membership",
    "RateWindow",
    "Role",
    "Team",
    "User",
    "WebhookAttempt",
    "WebhookDelivery",
    "WebhookEvent",
    "WebhookSecret",
]
