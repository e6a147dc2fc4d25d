import base64
import struct

import httpx
import pytest

PATH = "/api/llm/v1/embeddings"
MODEL = "Qwen3-Embedding-8B"


@pytest.fixture
def scnet(sandbox):
    headers = {"authorization": "Bearer any-key"}
    with httpx.Client(base_url=sandbox.url, headers=headers, timeout=60, trust_env=False) as client:
        yield client


@pytest.fixture
def embed(scnet):
    def embed(given, **more):
        return scnet.post(PATH, json={"model": MODEL, "input": given, **more})

    return embed


def vectors_of(response):
    return [each["embedding"] for each in response.json()["data"]]


def nearness(one, other):
    return sum(a * b for a, b in zip(one, other, strict=True))


@pytest.mark.parametrize(
    ("query", "near", "far"),
    [
        ("lighthouse in a storm", "A lone lighthouse on a cliff, storm rolling in", "A storm of applause in a hall"),
        ("日落时的飞行汽车", "一座未来城市,飞行汽车在日落时分穿梭", "女孩抱着狐狸,可以听到风声和鸟鸣"),
        ("ＦＯＸ", "a fox", "an ox"),
    ],
)
def test_texts_with_the_same_words_are_near(embed, query, near, far):
    asked, one, other = vectors_of(embed([query, near, far]))

    assert nearness(asked, one) > nearness(asked, other) + 0.1


@pytest.mark.parametrize("texts", [("the and of a", "Fox"), ("🦊", "🐈"), ("，。", "!")])
def test_texts_without_a_word_in_common_are_not(embed, texts):
    one, other = vectors_of(embed(list(texts)))

    assert abs(nearness(one, other)) < 0.1


def test_floats_and_base64_are_the_same_vector(embed):
    (floats,) = vectors_of(embed("雨", encoding_format="float"))
    (packed,) = vectors_of(embed("雨", encoding_format="base64"))

    assert struct.unpack("<4096f", base64.b64decode(packed)) == pytest.approx(floats, abs=1e-6)


def test_vectors_of_two_models_are_strangers(embed):
    one, other = (
        vectors_of(embed("a fox in the snow", model=model, dimensions=1024))[0]
        for model in ("Qwen3-Embedding-4B", "Qwen3-Embedding-0.6B")
    )

    assert len(one) == len(other) == 1024
    assert abs(nearness(one, other)) < 0.5


@pytest.mark.parametrize(
    "body",
    [
        {"input": []},
        {"input": [""]},
        {"input": [5]},
        {"input": ["a"] * 6},
        {"input": "雨" * 8193},
        {"input": "a", "dimensions": 1024},
        {"input": "a", "dimensions": True},
        {"input": "a", "dimension": "many"},
        {"input": "a", "encoding_format": "hex"},
        {"input": "a", "model": ""},
        {},
    ],
    ids=str,
)
def test_what_can_not_be_is_refused_in_the_envelope(scnet, body):
    response = scnet.post(PATH, json={"model": MODEL, **body})

    assert response.status_code == 400
    assert set(response.json()["error"]) == {"message", "type", "param", "code"}


def test_a_model_that_there_is_not_is_not_found(embed):
    assert embed("a", model="text-embedding-9").json()["error"]["code"] == "model_not_found"


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        *(("reject", 400), ("401", 401), ("402", 402), ("413", 413), ("422", 422), ("429=7", 429)),
        *(("500", 500), ("502", 502), ("504", 504), ("503", 503)),
    ],
)
def test_every_error_can_be_had(embed, sandbox, fault, status):
    sandbox.set_fault(fault, vendor="scnet", count=1)

    assert [embed("a").status_code for _ in range(2)] == [status, 200]


def test_it_counts_every_text_that_it_made_a_vector_of(embed, sandbox):
    embed(["a fox", "a cat"])
    embed("a fox")
    embed(["a fox"] * 6)

    state = sandbox.state()

    assert (state["text_calls"], state["texts_by_text"]) == (3, {"a fox": 2, "a cat": 1})


def test_it_answers_within_a_few_milliseconds(embed):
    """As a model behind a network would not: what is slow elsewhere is not the sandbox."""
    long = ["a fox jumps over the brook, 狐狸跳过小溪, " * 40] * 5

    response = embed(long)

    assert response.elapsed.total_seconds() < 2
