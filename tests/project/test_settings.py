import os
import subprocess
import sys


def shown(expression: str, **environment: str) -> str:
    """What a process with that environment makes of its settings."""
    code = f"from project import settings; print({expression})"
    done = subprocess.run(
        [sys.executable, "-c", code], env=os.environ | environment, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def test_providers_may_call_back_under_the_name_they_are_given():
    hosts = shown("settings.ALLOWED_HOSTS", PUBLIC_URL="https://films.example", CALLBACK_BASE_URL="http://inner:8000")

    assert "'films.example'" in hosts
    assert "'inner'" in hosts


def test_operators_are_told_at_the_addresses_that_are_set():
    told = shown("[address for _, address in settings.MANAGERS]", OPERATOR_EMAILS="ana@example.com,ben@example.com")

    assert told == "['ana@example.com', 'ben@example.com']"
