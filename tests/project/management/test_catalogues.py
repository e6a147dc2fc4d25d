import shutil
import subprocess
from pathlib import Path

import pytest
from django.contrib.auth.password_validation import MinimumLengthValidator
from django.core.management import CommandError, call_command
from django.utils.translation import gettext, override

from project.management.commands.catalogues import MO, PO, POT, TOOLS

needs_gettext = pytest.mark.skipif(not all(map(shutil.which, TOOLS)), reason="GNU gettext is not installed")

PAGE = Path("page.html")
HEADER = """msgid ""
msgstr ""
"Content-Type: text/plain; charset=UTF-8\\n"
"Plural-Forms: nplurals=1; plural=0;\\n"
"""
TRANSLATED = """
msgid "Create"
msgstr "创作"

#, python-format
msgid "%(count)s clip"
msgid_plural "%(count)s clips"
msgstr[0] "%(count)s 个作品"
"""


@pytest.fixture
def source(tmp_path, monkeypatch, settings):
    """A folder with one page and a catalogue in step with it."""
    settings.LOCALE_PATHS = [tmp_path / "locale"]
    monkeypatch.chdir(tmp_path)
    PAGE.write_text(
        '{% translate "Create" %} {% blocktranslate count count=n %}{{ count }} clip{% plural %}{{ count }} clips'
        "{% endblocktranslate %}"
    )
    PO.parent.mkdir(parents=True)
    PO.write_text(HEADER + TRANSLATED)
    subprocess.run(["msgfmt", "-o", MO, PO], check=True)
    return tmp_path


def check():
    call_command("catalogues", "--check")


def replace(path, old, new):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


@needs_gettext
def test_a_catalogue_in_step_passes_and_is_left_as_it_was(source):
    before = (PO.read_bytes(), MO.read_bytes())

    check()

    assert (PO.read_bytes(), MO.read_bytes()) == before
    assert not POT.exists()


@needs_gettext
def test_a_catalogue_compiled_elsewhere_to_other_bytes_passes(source):
    before = MO.read_bytes()
    subprocess.run(["msgfmt", "--endianness=big", "--no-hash", "-o", MO, PO], check=True)
    assert MO.read_bytes() != before

    check()


@needs_gettext
@pytest.mark.parametrize(
    ("path", "old", "new", "complaint"),
    [
        pytest.param(PAGE, "Create", "Make", 'msgid "Make"', id="new-string"),
        pytest.param(PAGE, '{% translate "Create" %}', "", 'msgid "Create"', id="removed-string"),
        pytest.param(PO, 'msgstr "创作"', 'msgstr ""', 'msgid "Create"', id="untranslated"),
        pytest.param(PO, '\nmsgid "Create"', '\n#, fuzzy\nmsgid "Create"', 'msgid "Create"', id="fuzzy"),
        pytest.param(PO, 'msgstr "创作"', 'msgstr "制作"', "stale", id="not-compiled"),
        pytest.param(PO, '"%(count)s 个作品"', '"作品"', "count", id="lost-placeholder"),
    ],
)
def test_what_is_out_of_step_fails_by_name(source, path, old, new, complaint):
    replace(path, old, new)

    with pytest.raises(CommandError, match=complaint):
        check()

    assert not POT.exists()


@needs_gettext
def test_a_catalogue_that_was_never_compiled_fails(source):
    MO.unlink()

    with pytest.raises(CommandError, match="stale"):
        check()


@needs_gettext
def test_collecting_adds_what_is_new_drops_what_is_gone_and_compiles_the_rest(source):
    replace(PAGE, "Create", "Sign out")
    replace(PO, "个作品", "部作品")

    call_command("catalogues")

    collected = PO.read_text()
    assert 'msgid "Sign out"' in collected
    assert "Create" not in collected
    assert "部作品".encode() in MO.read_bytes()
    with pytest.raises(CommandError, match='msgid "Sign out"'):
        check()


def test_the_pages_speak_simplified_chinese():
    with override("zh-hans"):
        assert gettext("Create") == "创作"


def test_what_django_left_in_english_is_chinese_too():
    with override("zh-hans"):
        assert MinimumLengthValidator(8).get_error_message() == "密码太短，至少需要 8 个字符。"
