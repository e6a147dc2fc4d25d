"""How credits come in: bought through Stripe, redeemed by code, paid as an allowance, posted by an operator.

Nothing here writes a balance: accounts.credits does. Each change and its audit entry are one transaction.
"""
