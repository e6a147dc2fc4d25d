from .audit_log import AuditAction, AuditEntry
from .billing import Allowance, CreditPackage, Purchase, RedeemCode
from .credits import BudgetUse, CreditBalance, CreditEntry, EntryKind
from .keys import ApiKey, ApiSecret, RatePlan, RateWindow, Scope
from .teams import Invitation, Membership, Role, Team
from .users import User
from .webhooks import (
    EventType,
    WebhookAttempt,
    WebhookDelivery,
    WebhookEndpoint,
    WebhookEvent,
    WebhookHost,
    WebhookSecret,
)

__all__ = [
    "Allowance",
    "ApiKey",
    "ApiSecret",
    "AuditAction",
    "AuditEntry",
    "BudgetUse",
    "CreditBalance",
    "CreditEntry",
    "CreditPackage",
    "EntryKind",
    "EventType",
    "Invitation",
    "Membership",
    "Purchase",
    "RatePlan",
    "RateWindow",
    "RedeemCode",
    "Role",
    "Scope",
    "Team",
    "User",
    "WebhookAttempt",
    "WebhookDelivery",
    "WebhookEndpoint",
    "WebhookEvent",
    "WebhookHost",
    "WebhookSecret",
]
