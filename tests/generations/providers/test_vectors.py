import base64
import math
import struct

import pytest

from generations.providers.base import Unclear
from generations.providers.vectors import indexed_vectors, model_option, number_option, of_one_size, read_vector


def packed(*numbers: float) -> str:
    return base64.b64encode(struct.pack(f"<{len(numbers)}f", *numbers)).decode()


@pytest.mark.parametrize("value", [[3, 4.0], packed(3, 4), [3e300, 4e300], [3e-320, 4e-320]], ids=str)
def test_a_vector_is_read_with_a_length_of_one_whatever_it_had(value):
    assert read_vector(value, dims=2) == pytest.approx((0.6, 0.8), rel=1e-3)


@pytest.mark.parametrize(
    "value",
    [
        *(None, {}, 7, "", [], [0, 0.0], [1, None], [1, "2"], [True, 1], [[1, 2]], [math.nan, 1], [math.inf, 1]),
        *([10**400, 1], [1.7e308, 1.7e308], [1] * 16_001, "not base64", "AAAA5", packed(math.nan, 1), packed(0, 0)),
        base64.b64encode(b"12345").decode(),
    ],
    ids=lambda value: str(value)[:20],
)
def test_what_is_no_vector_is_unclear(value):  # P7
    with pytest.raises(Unclear):
        read_vector(value)


def test_a_vector_of_another_size_than_it_should_have_is_unclear():
    with pytest.raises(Unclear, match="3 dimensions, not 4"):
        read_vector([1, 2, 3], dims=4)


def test_vectors_are_matched_by_their_index():
    items = [{"index": 1, "embedding": [0, 2]}, {"index": 0, "embedding": [2, 0], "object": "embedding"}]

    assert indexed_vectors(items, 2) == [(1, 0), (0, 1)]


ONE, OTHER = {"index": 0, "embedding": [1]}, {"index": 1, "embedding": [1]}


@pytest.mark.parametrize(
    "items",
    [
        *(None, [], [ONE], [ONE, ONE], [ONE, OTHER, OTHER], [ONE, {"index": 2, "embedding": [1]}], [ONE, None]),
        *([ONE, {"index": True, "embedding": [1]}], [ONE, {"embedding": [1]}], [ONE, {"index": "1"}], {"0": ONE}),
        [ONE, {"index": 1}],
    ],
    ids=str,
)
def test_unless_each_is_there_once_none_is(items):
    with pytest.raises(Unclear):
        indexed_vectors(items, 2)


def test_vectors_of_several_sizes_are_no_answer():
    with pytest.raises(Unclear):
        of_one_size([(1.0,), (0.6, 0.8)])


@pytest.mark.parametrize("given", ["", "-1", "1.5", "0", "٣", "1e3", "10000", "99999999999"])
def test_an_option_that_is_no_such_number_can_not_be_set(given):
    with pytest.raises(ValueError, match="version must be a whole number from 1 to 9999"):
        number_option("version", given, least=1, most=9999)


@pytest.mark.parametrize("given", ["", "  ", "a\nb", "x" * 101])
def test_a_name_that_is_none_can_not_be_a_model(given):
    with pytest.raises(ValueError, match="model must be"):
        model_option(given)
