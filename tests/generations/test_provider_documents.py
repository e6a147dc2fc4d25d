"""Our tables of parameters against the documents' own: neither names one that the other does not."""

import pytest

from tests import provider_documents
from tests.documented import TABLES

# Of each table of ours, the document's text and what reads it.
READERS = {
    "vibegen": ("vibegen", provider_documents.vibegen),
    "see2ai": ("see2ai", provider_documents.see2ai),
    "seedance": ("seedance2api", provider_documents.seedance),
    "seedream": ("seedance2api", provider_documents.seedream),
}
TYPES = {"string": str, "string[]": list, "array": list, "number": int, "integer": int, "boolean": bool}
# A line of the document after which a row is added, and that row.
ADDED = {
    "vibegen": ("generate_audioboolean是否生成有声视频,默认 falsetruefalse", "camera_motionstring镜头运动pan"),
    "see2ai": ("|--------|------|------|--------|------|", "| `camera_motion` | string | ❌ 否 | `-` | 镜头。 |"),
    "seedance": ("| fps | integer | 否 | 帧率:24, 30, 60 | 24 |", "| camera_motion | string | 否 | 镜头 | |"),
    "seedream": (
        "| seed | integer | 否 | 随机种子,用于重现结果 | 42 |",
        "| camera_motion | string | 否 | 镜头 | |",
    ),
}


@pytest.mark.parametrize("name", TABLES)
def test_what_the_document_has_a_row_for_is_in_our_table_and_nothing_else(name):  # P14
    documented = read(name, text_of(name))

    assert set(documented) == TABLES[name].names


@pytest.mark.parametrize("name", TABLES)
def test_what_is_sent_has_the_type_that_the_document_gives_it(name):  # P14
    documented = read(name, text_of(name))
    sent = {each.name: type(each.sent) for each in TABLES[name].parameters}

    assert {each: TYPES[word] for each, word in documented.items()} == sent


@pytest.mark.parametrize("name", TABLES)
def test_a_row_that_the_document_gains_is_noticed(name):
    line, row = ADDED[name]
    text = text_of(name)
    assert text.count(line) == 1

    gained = read(name, text.replace(line, f"{line}\n{row}"))

    assert set(gained) - TABLES[name].names == {"camera_motion"}


def test_a_property_that_only_the_schema_gains_is_noticed():
    text = text_of("see2ai").replace('"model_name": {', '"camera_motion": {"type": "string"}, "model_name": {', 1)

    assert set(read("see2ai", text)) - TABLES["see2ai"].names == {"camera_motion"}


@pytest.mark.parametrize("name", TABLES)
def test_a_row_that_the_document_loses_is_noticed(name):
    line = ADDED[name][0]
    if name == "see2ai":
        text = text_of(name)
        kept = [each for each in text.splitlines(keepends=True) if not each.startswith("| `watermark`")]
        text = "".join(kept).replace('"watermark": {', '"water_mark": {', 1)
    else:
        text = text_of(name).replace(f"{line}\n", "")

    assert len(TABLES[name].names - set(read(name, text))) == 1


def test_a_row_that_can_not_be_read_is_not_passed_over():
    line, _row = ADDED["vibegen"]
    text = text_of("vibegen").replace(line, f"{line}\ncamera_motionobject镜头运动")

    with pytest.raises(LookupError, match="camera_motionobject"):
        read("vibegen", text)


def text_of(name: str) -> str:
    return provider_documents.document(READERS[name][0])


def read(name: str, text: str) -> dict[str, str]:
    return READERS[name][1](text)
