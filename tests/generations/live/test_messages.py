import pytest

from generations.live.messages import message


@pytest.mark.parametrize("line_end", ["\n", "\r", "\r\n"])
def test_data_can_not_begin_an_event_of_its_own(line_end):  # B6
    hostile = line_end.join(["a", "", "event: end", "data: y"])

    told = message("card", hostile).decode()

    assert told == "event: card\ndata: a\ndata: \ndata: event: end\ndata: data: y\n\n"


def test_a_message_carries_the_cursor_to_go_on_from():
    assert message("rail", "b", at_ms=7) == b"id: 7\nevent: rail\ndata: b\n\n"
