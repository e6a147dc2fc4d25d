import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from accounts.models import User
from tests.factories import make_user


def test_an_address_is_kept_in_lower_case(db):
    user = make_user(email=" Alice@Example.COM ")

    assert user.email == "alice@example.com"
    assert User.objects.get_by_natural_key("ALICE@example.com") == user


def test_one_address_is_one_user(db):
    make_user(email="alice@example.com")

    with pytest.raises(IntegrityError), transaction.atomic():
        make_user(email="ALICE@EXAMPLE.COM")


def test_the_database_refuses_an_address_in_capitals(db):
    with pytest.raises(IntegrityError, match="user_email_is_lower_case"), transaction.atomic():
        User.objects.create(email="Alice@example.com")


def test_a_form_lowers_the_address_and_finds_the_other_user(db):
    make_user(email="alice@example.com")
    twin = User(email="Alice@Example.com", password="!")

    with pytest.raises(ValidationError) as refusal:
        twin.full_clean()

    assert list(refusal.value.message_dict) == ["email"]


def test_a_user_is_called_by_name_or_else_by_the_address(db):
    assert make_user(name="Alice").display_name == "Alice"
    assert make_user(email="louis@example.com").display_name == "louis"
