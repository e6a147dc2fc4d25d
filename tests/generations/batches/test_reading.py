import csv
import io

import pytest
from django.utils import translation

from generations.batches import reading
from generations.batches.reading import MAX_BYTES, MAX_ROWS, Unreadable
from generations.catalog import MODELS


def test_each_line_that_is_not_blank_is_a_prompt():
    assert reading.prompts("A gate\r\n\r\n  A lighthouse  \n\nA\u2028ship") == [
        {"prompt": "A gate"},
        {"prompt": "A lighthouse"},
        {"prompt": "A\u2028ship"},
    ]


def test_a_table_is_read_by_its_header_whatever_the_case():
    assert reading.table("Prompt, DURATION ,image_urls\r\nA gate,5,https://a.example/1.png\r\nA ship,,\r\n") == [
        {"prompt": "A gate", "duration": "5", "image_urls": "https://a.example/1.png"},
        {"prompt": "A ship"},
    ]


def test_commas_quotation_marks_and_line_breaks_stand_in_a_cell():
    told = 'A "gate", and\r\nlight'
    line = io.StringIO(newline="")
    csv.writer(line).writerows([["prompt", "seed"], [told, "7"]])

    assert reading.table(line.getvalue()) == [{"prompt": told, "seed": "7"}]


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_the_separators_of_other_spreadsheets_are_known(separator):
    assert reading.table(f"prompt{separator}seed\nA gate{separator}7") == [{"prompt": "A gate", "seed": "7"}]


def test_rows_of_empty_cells_are_no_rows():
    assert reading.table("prompt,seed\n,\nA gate,\n  , \n") == [{"prompt": "A gate"}]


def test_cells_beyond_the_header_make_their_row_bad_and_no_other():
    assert reading.table("prompt\nA gate,7,8\nA ship") == [{"prompt": "A gate", "": "7 8"}, {"prompt": "A ship"}]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_a_text_is_read_in_each_encoding(encoding):
    with translation.override("zh-hans"):
        assert reading.text_of("prompt\n一座灯塔".encode(encoding)) == "prompt\n一座灯塔"


@pytest.mark.parametrize("encoding", ["cp1252", "gb18030"])
def test_what_is_not_utf_8_is_taken_for_chinese_by_chinese_readers_alone(encoding):
    with translation.override("en"), pytest.raises(Unreadable, match="UTF-8 or GB18030"):
        reading.text_of("prompt\nEin Märchen über uns".encode(encoding))


@pytest.mark.parametrize("header", ["prompt", "Prompt, DURATION", "\r\nprompt;seed", "prompt\tseed", '"prompt","seed"'])
def test_a_first_line_of_columns_makes_a_table(header):
    assert reading.is_table(f"{header}\r\nA gate")


@pytest.mark.parametrize("text", ["", "A gate", "A gate, prompt", "prompt,color\nA gate,red", "x" * 500_000])
def test_any_other_first_line_makes_none(text):
    assert not reading.is_table(text)


def test_blank_lines_before_the_header_are_none():
    assert reading.table("\r\n  \r\n,\r\nprompt,seed\r\nA gate,7") == [{"prompt": "A gate", "seed": "7"}]


def test_a_cell_of_any_length_leaves_the_table_readable():
    assert reading.table(f"prompt\n{'x' * 200_000}\nA ship")[1:] == [{"prompt": "A ship"}]


def test_names_are_listed_as_the_language_lists_them():
    with translation.override("zh-hans"), pytest.raises(Unreadable) as caught:
        reading.table("prompt,color,size\nA gate,red,1")

    assert "color、size" in caught.value.message


def test_what_is_no_text_is_refused():
    with pytest.raises(Unreadable, match="UTF-8 or GB18030"):
        reading.text_of(b"\x89PNG\r\n\x1a\n\xff\xff\xff")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "The table is empty"),
        ("prompt,color,Größe\nA gate,red,1", "no such column: color, größe"),
        ("prompt,metadata\nA gate,x", "no such column: metadata"),
        ("prompt,callback_url\nA gate,x", "no such column: callback_url"),
        ("prompt,,seed\nA gate,,7", "no such column: (no name)"),
        ("prompt,seed,Prompt\nA gate,7,x", "there twice: prompt"),
        ("prompt\n", "There is no row in it"),
        ('prompt\n"A gate\nA ship', "from line 3 on"),
        ('prompt\nA gate\n"A" ship', "from line 3 on"),
    ],
)
def test_a_table_that_cannot_be_read_says_why(text, words):
    with pytest.raises(Unreadable) as caught:
        reading.table(text)

    assert words in caught.value.message


@pytest.mark.parametrize("read", [reading.prompts, lambda text: reading.table(f"prompt\n{text}")])
def test_there_are_at_most_so_many_rows(read):
    assert len(read("A gate\n" * MAX_ROWS)) == MAX_ROWS
    with pytest.raises(Unreadable, match="more than 1000 rows"):
        read("A gate\n" * (MAX_ROWS + 1))


def test_there_are_at_most_so_many_bytes():
    assert len(reading.text_of(b"x" * MAX_BYTES)) == MAX_BYTES
    with pytest.raises(Unreadable, match="more than 1 MB"):
        reading.text_of(b"x" * (MAX_BYTES + 1))


def test_whatever_a_model_takes_has_a_column():
    wanted = {each.name for spec in MODELS.values() for each in (*spec.fields, *spec.inputs)}

    assert wanted | {"prompt", "model"} == set(reading.COLUMNS)
