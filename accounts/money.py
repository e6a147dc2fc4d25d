"""Amounts of money, counted as Stripe counts them: in the smallest unit of their currency."""

from dataclasses import dataclass
from decimal import Decimal

# https://docs.stripe.com/currencies: these have no smaller unit. UGX and ISK have none either, but are sent as if.
_WHOLE = frozenset(
    ["BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "VND", "VUV", "XAF", "XOF", "XPF"]
)
_THOUSANDTHS = frozenset(["BHD", "JOD", "KWD", "OMR", "TND"])
FIGURES = 3


@dataclass(frozen=True)
class Money:
    """`value` has as many decimals as are shown; `currency` is the ISO 4217 code in capitals."""

    value: Decimal
    currency: str

    @property
    def plain(self) -> str:
        """The figure as programs read it, whatever the language."""
        return f"{self.value:f}"

    def __str__(self) -> str:
        """With the code, the same in every language; static/js/money.js shows it as the reader's own has it."""
        return f"{self.currency}\N{NO-BREAK SPACE}{self.value:,f}"


def money(amount: int, currency: str) -> Money:
    """`amount` in the smallest unit: 1900 usd is 19.00, 1900 jpy is 1900."""
    code = currency.upper()
    return Money(Decimal(amount).scaleb(-_digits_of(code)), code)


def unit_price(amount: int, currency: str, count: int) -> Money:
    """What one of `count` costs, to three figures or as exact as the currency is: 1900 usd for 1000 is 0.019."""
    code = currency.upper()
    exact = money(amount, currency).value / count
    value = round(exact, max(_digits_of(code), FIGURES - 1 - exact.adjusted()))
    needed = max(_digits_of(code), -int(value.normalize().as_tuple().exponent))
    return Money(round(value, needed), code)


def _digits_of(code: str) -> int:
    if code in _WHOLE:
        return 0
    return 3 if code in _THOUSANDTHS else 2
