import io

import av
import httpx
import pytest


@pytest.fixture
def video_url(api, make):
    """Makes a task and returns the link to its file."""

    def video_url(**asked):
        return api.get(f"/tasks/{make(**asked)}").json()["data"]["video_url"]

    return video_url


@pytest.mark.parametrize(
    ("asked", "size", "seconds", "streams"),
    [
        ({}, (854, 480), 5, {"video": "h264"}),
        ({"resolution": "720p", "aspect_ratio": "9:16", "generate_audio": True}, (720, 1280), 5, None),
        ({"duration": 10, "aspect_ratio": "1:1", "generate_audio": True}, (480, 480), 10, None),
    ],
)
def test_the_file_is_what_was_asked_for(video_url, asked, size, seconds, streams):
    response = httpx.get(video_url(**asked), timeout=60)

    with av.open(io.BytesIO(response.content)) as container:
        video = container.streams.video[0]
        made = {stream.type: stream.codec_context.name for stream in container.streams}
        assert response.headers["content-type"] == "video/mp4"
        assert (video.width, video.height) == size
        assert round(container.duration / av.time_base, 1) == seconds
        assert sum(1 for _ in container.decode(video=0)) == seconds * 24
        assert made == (streams or {"video": "h264", "audio": "aac"})


def test_the_index_comes_before_the_pictures(video_url):
    content = httpx.get(video_url(), timeout=60).content

    assert 0 < content.index(b"moov") < content.index(b"mdat")


def test_nothing_is_rendered_until_a_file_is_asked_for_and_then_once(video_url, sandbox):
    before = sandbox.state()["clips_rendered"]
    one, other = video_url(prompt="rendered once"), video_url(prompt="rendered once")
    untouched = sandbox.state()["clips_rendered"] - before

    same = httpx.get(one, timeout=60).content == httpx.get(other, timeout=60).content

    assert (untouched, same) == (0, True)
    assert sandbox.state()["clips_rendered"] == before + 1


def test_a_head_tells_the_length_without_the_body(video_url):
    url = video_url()

    head, whole = httpx.head(url, timeout=60), httpx.get(url)

    assert (head.status_code, head.content) == (200, b"")
    assert int(head.headers["content-length"]) == len(whole.content)
    assert head.headers["etag"] == whole.headers["etag"]


@pytest.mark.parametrize(
    ("asked", "part"),
    [("bytes=0-99", slice(0, 100)), ("bytes=1000-", slice(1000, None)), ("bytes=-50", slice(-50, None))],
)
def test_a_range_is_that_part_of_the_file(video_url, asked, part):
    url = video_url()
    whole = httpx.get(url, timeout=60).content

    response = httpx.get(url, headers={"range": asked})

    first, last, _ = part.indices(len(whole))
    assert response.status_code == 206
    assert response.content == whole[part]
    assert response.headers["content-range"] == f"bytes {first}-{last - 1}/{len(whole)}"


@pytest.mark.parametrize("asked", ["bytes=99999999-", "bytes=-0"])
def test_a_range_outside_the_file_is_refused(video_url, asked):
    response = httpx.get(video_url(), headers={"range": asked}, timeout=60)

    assert response.status_code == 416


def test_a_link_dies_when_its_time_is_up(video_url, sandbox):
    url = video_url()

    sandbox.set(link_seconds=0)

    assert httpx.get(url).status_code == 404


def test_there_is_no_file_before_completion(make, sandbox):
    unfinished, failed = make(fault="never"), make(fault="fail")

    codes = [httpx.get(f"{sandbox.url}/files/{name}.mp4").status_code for name in (unfinished, failed, "unknown")]

    assert codes == [404, 404, 404]


def test_a_dead_link(video_url):
    assert httpx.get(video_url(fault="link_404")).status_code == 404


def test_a_link_to_a_page(video_url):
    response = httpx.get(video_url(fault="link_html"))

    assert (response.status_code, response.headers["content-type"]) == (200, "text/html")


def test_a_file_cut_short(video_url):
    url = video_url(fault="link_truncated")

    with pytest.raises(httpx.RemoteProtocolError, match="without sending complete message body"):
        httpx.get(url, timeout=60)
