import pytest

from accounts.money import money, unit_price


@pytest.mark.parametrize(
    ("amount", "currency", "words"),
    [
        (1900, "usd", "USD 19.00"),
        (5, "eur", "EUR 0.05"),
        (123456789, "cny", "CNY 1,234,567.89"),
        (1900, "jpy", "JPY 1,900"),
        (1, "krw", "KRW 1"),
        (1234567, "kwd", "KWD 1,234.567"),
        (500, "ugx", "UGX 5.00"),  # sent to Stripe with two decimals, although there are none
    ],
)
def test_an_amount_is_in_the_smallest_unit_of_its_currency(amount, currency, words):
    assert str(money(amount, currency)) == words.replace(" ", "\N{NO-BREAK SPACE}")


@pytest.mark.parametrize(
    ("amount", "currency", "count", "plain"),
    [
        (1900, "usd", 1000, "0.019"),
        (1000, "usd", 1000, "0.01"),
        (100, "usd", 1, "1.00"),
        (1000, "usd", 3, "3.33"),
        (1, "usd", 100000, "0.0000001"),
        (12345600, "usd", 1, "123456.00"),
        (100000, "jpy", 1000, "100"),
        (10, "jpy", 3, "3.33"),
    ],
)
def test_a_unit_price_has_three_figures_or_those_of_its_currency(amount, currency, count, plain):
    assert unit_price(amount, currency, count).plain == plain
