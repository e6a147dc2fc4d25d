import pytest
from django.core.exceptions import ValidationError

from accounts import names
from accounts.forms import AccountForm
from accounts.forms.teams import TeamNameForm
from accounts.key_settings import KeySettings, check
from accounts.refusals import InvalidSetting

HIDDEN = ["a\u202eb", "a\u2066b", "a\u200bb", "a\ufeffb", "a\x00b", "a\x07b", "a\nb", "a\u2028b", "a\ud800b"]


@pytest.mark.parametrize("name", ["Lumière", "电影门", "👩\u200d🚀 Space", "❤\ufe0f", "<b>'\"&amp;"])
def test_whatever_can_be_seen_is_a_name(name):  # B11
    names.validate(name)


@pytest.mark.parametrize("name", HIDDEN)
def test_a_name_holds_nothing_hidden(name):  # B11
    with pytest.raises(ValidationError):
        names.validate(name)


@pytest.mark.parametrize("name", ["a\u202eb", "a\u200bb", "a\x07b"])
def test_nobody_can_give_a_hidden_name_to_a_team_a_key_or_themselves(name):  # B11
    assert "name" in TeamNameForm({"name": name}).errors
    assert "name" in AccountForm({"name": name, "language": ""}).errors
    with pytest.raises(InvalidSetting):
        check(KeySettings(name=name))
