"""The samples of vibegen's document run against Filmgate with nothing changed but base URL and key.

They are kept beside the project, not in it: skipped where they are not, unless FILMGATE_REQUIRE_SAMPLES=1.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import av
import httpx
import pytest

from project.env import ROOT
from tests.missing import missing

FOLDER = ROOT.parent / "shared" / "provider-docs" / "samples"
SAMPLE_SECONDS = 120
NODE_PACKAGES = ROOT / "var" / "samples"


@pytest.fixture
def sample(running_stack, tmp_path):
    """sample(name) -> the path of a copy that speaks to us."""

    def copy(name: str) -> Path:
        if not (FOLDER / name).exists():
            missing(str(FOLDER / name))
        text = (FOLDER / name).read_text()
        text = text.replace("https://vibegen.art/api/v1", f"{running_stack.url}/api/v1")
        text = text.replace("sk-video-xxxxxxxxxxxxxxxx", running_stack.ready["api_key"])
        (tmp_path / name).write_text(text)
        return tmp_path / name

    return copy


def run(*command: object, folder: Path, **variables: str) -> str:
    done = subprocess.run(
        [str(word) for word in command],
        cwd=folder,
        env=os.environ | {"PYTHONIOENCODING": "utf-8"} | variables,
        capture_output=True,
        text=True,
        timeout=SAMPLE_SECONDS,
    )
    return done.stdout + done.stderr


def assert_is_a_clip(url: str, folder: Path) -> None:
    answer = httpx.get(url, follow_redirects=True)
    (folder / "clip.mp4").write_bytes(answer.raise_for_status().content)
    with av.open(str(folder / "clip.mp4")) as clip:
        stream = clip.streams.video[0]
        frames = sum(1 for _ in clip.decode(video=0))
        assert (stream.codec_context.name, stream.width, stream.height) == ("h264", 1280, 720)
        assert round(float(frames / stream.average_rate)) == 5


def test_the_documents_python_sample_ends_with_a_clip(sample, tmp_path):
    told = run(sys.executable, sample("vibegen.py"), folder=tmp_path)

    assert "最终结果" in told, told
    assert_is_a_clip(re.search(r"视频生成完成: (\S+)", told)[1], tmp_path)


def test_the_documents_javascript_sample_ends_with_a_clip(sample, tmp_path):
    program = sample("vibegen.js")
    if shutil.which("node") is None or shutil.which("npm") is None:
        missing("Node.js with npm")
    if not (NODE_PACKAGES / "node_modules" / "axios").exists():
        NODE_PACKAGES.mkdir(parents=True, exist_ok=True)
        quiet = ("--no-audit", "--no-fund", "--no-save", "--ignore-scripts")
        installed = run("npm", "install", *quiet, "--prefix", NODE_PACKAGES, "axios@1", folder=tmp_path)
        assert (NODE_PACKAGES / "node_modules" / "axios").exists(), installed

    told = run("node", program, folder=tmp_path, NODE_PATH=str(NODE_PACKAGES / "node_modules"))

    assert "最终结果" in told, told
    assert_is_a_clip(re.search(r"视频生成完成: (\S+)", told)[1], tmp_path)
