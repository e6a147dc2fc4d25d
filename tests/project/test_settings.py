import os
import subprocess
import sys


def test_providers_may_call_back_under_the_name_they_are_given():
    code = "from project import settings; print(settings.ALLOWED_HOSTS)"
    environment = {**os.environ, "PUBLIC_URL": "https://films.example", "CALLBACK_BASE_URL": "http://inner:8000"}

    shown = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)

    assert "'films.example'" in shown.stdout
    assert "'inner'" in shown.stdout
