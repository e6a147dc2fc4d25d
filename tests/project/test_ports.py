import os
import subprocess
import sys

import pytest
from django.core.exceptions import ImproperlyConfigured

from project.ports import open_ports


def test_ports_are_opened_by_their_numbers():
    assert open_ports(["8080", " 8443"]) == {8080, 8443}
    assert open_ports([]) == frozenset()


@pytest.mark.parametrize("word", ["0", "-1", "65536", "http", "80a", "８０８０", "", "8080-8090", "1e3", "9" * 5000])
def test_what_is_no_port_is_refused(word):  # S5
    with pytest.raises(ImproperlyConfigured, match="FILMGATE_ALLOW_PORTS holds"):
        open_ports(["8080", word])


@pytest.mark.parametrize("port", [22, 23, 25, 53, 110, 143, 445, 465, 587, 2049, 6000, 6667, 10080])
def test_a_port_that_browsers_never_open_is_refused(port):  # S5
    with pytest.raises(ImproperlyConfigured, match="never open"):
        open_ports([str(port)])


@pytest.mark.parametrize("value", ["8080,http", "25"])
def test_nothing_starts_with_a_wrong_port_and_it_says_so(value):
    started = subprocess.run(
        [sys.executable, "-c", "import project.settings"],
        env=os.environ | {"FILMGATE_ALLOW_PORTS": value},
        capture_output=True,
        text=True,
    )

    assert started.returncode == 1
    assert started.stderr.splitlines()[-1].startswith("django.core.exceptions.ImproperlyConfigured: FILMGATE_ALLOW_PO")
