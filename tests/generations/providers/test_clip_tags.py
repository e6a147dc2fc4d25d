import pytest

from generations.providers.clip_tags import read_tags
from generations.providers.embedding import MachineTag

LOW = MachineTag("angle", "low_angle")
CLOSE = MachineTag("shot_size", "close_up")
PAN = MachineTag("camera_movement", "pan_left")


@pytest.mark.parametrize(
    "answer",
    [
        {"tags": {"shot_size": "close_up", "camera_movement": "pan_left", "angle": "low_angle"}},
        {"tags": {"shotSize": "Close-Up", "camera motion": ["Pan Left"], "cameraAngle": {"label": "LowAngle"}}},
        {"tags": {"镜头大小": "close up", "摄像机运动": "pan-left", "拍摄角度": "low angle"}},
        {
            "tags": [
                {"type": "shot_size", "name": "close-up", "score": 0.9},
                {"category": "camera_movement", "label": "pan left"},
                {"kind": "angle", "value": "low angle"},
            ]
        },
        {
            "tagging": {
                "shot_size": {"value": "close_up", "confidence": 0.5},
                "movement": "pan_left",
                "angle": "low_angle",
            }
        },
        {"embedding": {"shot_size": "close_up", "camera_movement": "pan_left", "angle": "low_angle"}},
        {"tags": None, "result": {"tags": {"shot": "close_up", "motion": "pan left", "angle": "low_angle"}}},
        {"status": "completed", "shot_size": "close_up", "camera_movement": "pan_left", "angle": "low_angle"},
    ],
)
def test_tags_by_kind_are_read_however_they_are_told(answer):
    assert set(read_tags(answer)) == {CLOSE, PAN, LOW}


def test_tags_of_no_kind_are_read_too():
    assert read_tags({"tags": ["Night", "night", {"name": "Neon lights"}]}) == (
        MachineTag("", "night"),
        MachineTag("", "neon_lights"),
    )


@pytest.mark.parametrize("answer", [{"tags": {}}, {"tags": []}, {"tagging": [], "embedding": [1.0]}])
def test_none_were_found_is_an_answer(answer):
    assert read_tags(answer) == ()


@pytest.mark.parametrize(
    "answer", [{}, {"tags": None}, {"embedding": [0.1, 0.2]}, {"embedding": [1, None]}, {"result": {}}, {"tags": "x"}]
)
def test_an_answer_about_something_else_has_none(answer):
    assert read_tags(answer) is None


@pytest.mark.parametrize(
    ("told", "name"),
    [("x" * 100, "x" * 40), ("a\0b\ud800c", "a_b_c"), ("特写", "特写"), ("<b>", "<b>"), ("  A -- b ", "a_b")],
)
def test_names_can_be_stored(told, name):  # P7
    assert read_tags({"tags": [told]}) == (MachineTag("", name),)


def test_no_answer_brings_more_than_can_be_read():  # P12
    deep: list[object] = ["deep"]
    for _ in range(1000):
        deep = [deep]

    assert read_tags({"tags": [deep]}) == ()
    assert len(read_tags({"tags": [f"tag {number}" for number in range(1000)]})) == 50
