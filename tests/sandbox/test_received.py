import httpx
import pytest

from sandbox.received import Received, ReceivedBook


@pytest.fixture
def received(sandbox):
    def received(**query):
        return httpx.get(f"{sandbox.url}/sandbox/requests", params=query).json()["requests"]

    return received


def test_every_create_is_kept_as_it_arrived_newest_last(received, create, ask_see2ai, ask_seedance, ask_seedream):
    create(prompt="a")
    ask_see2ai(prompt=None, first_frame_url="https://example.com/a.png", watermark=True, unknown=[1])
    ask_seedance(prompt="c", fps=60)
    ask_seedream(prompt="d", style="watercolor")

    kept = received()

    assert [(one["vendor"], one["path"]) for one in kept] == [
        ("vibegen", "/api/v1/generations"),
        ("see2ai", "/api/v1/actions/see2ai_video_generation_v1"),
        ("seedance2api", "/v1/seedance/generate"),
        ("seedance2api", "/v1/seedream/generate"),
    ]
    assert [one["json"] for one in kept] == [
        {"model": "seedance 2.0", "prompt": "a"},
        {
            "prompt": None,
            "sync": False,
            "first_frame_url": "https://example.com/a.png",
            "watermark": True,
            "unknown": [1],
        },
        {"prompt": "c", "model": "seedance-1.5-pro", "duration": 5, "fps": 60},
        {"prompt": "d", "model": "seedream-4.5", "style": "watercolor"},
    ]


def test_those_of_one_prompt_can_be_asked_for(received, ask_seedance):
    for prompt in ("a fox", "a fox runs", "a fox", "狐狸"):
        ask_seedance(prompt=prompt)

    assert [one["json"]["prompt"] for one in received(prompt="a fox")] == ["a fox", "a fox"]
    assert len(received(prompt="狐狸")) == 1
    assert received(prompt="a cat") == []


def test_refused_ones_are_kept_too(received, ask_seedance, sandbox):
    sandbox.set_key("any-key", "refused")

    ask_seedance(fps=25)

    assert [one["json"]["fps"] for one in received()] == [25]


def test_keys_are_not_kept(received, ask_seedance):
    ask_seedance()

    assert set(received()[0]) == {"vendor", "path", "json"}


def test_a_reset_clears_them(received, ask_seedance, sandbox):
    ask_seedance()
    before = len(received())

    sandbox.reset()

    assert (before, received()) == (1, [])


def test_the_latest_thousand_are_kept():
    book = ReceivedBook()
    for number in range(1001):
        book.keep(Received("see2ai", "/", {"prompt": str(number)}))

    kept = book.listed()

    assert (len(kept), kept[0]["json"], kept[-1]["json"]) == (1000, {"prompt": "1"}, {"prompt": "1000"})
