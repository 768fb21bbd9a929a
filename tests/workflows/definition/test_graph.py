"""Order, ancestors and cycles."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from hub.workflows.definition.graph import ancestors, cycle_in, in_order

NAMES = [f"n{number}" for number in range(8)]
GRAPHS = st.dictionaries(st.sampled_from(NAMES), st.lists(st.sampled_from(NAMES), max_size=3))


@given(GRAPHS)
def test_order_or_cycle_never_both_nor_neither(needs: dict[str, list[str]]) -> None:
    order, loop = in_order(needs), cycle_in(needs)
    assert (set(order) == set(needs)) == (not loop)
    for position, name in enumerate(order):
        assert {need for need in needs[name] if need in needs} <= set(order[:position])
    assert all(right in needs[left] for left, right in pairwise(loop))
    assert not loop or loop[0] == loop[-1]


@given(GRAPHS)
def test_ancestors_are_all_that_is_needed_directly_or_not(needs: dict[str, list[str]]) -> None:
    above = ancestors(needs)
    assert above.keys() == needs.keys()
    for name in in_order(needs):
        direct = {need for need in needs[name] if need in needs}
        assert above[name] == direct.union(*(above[need] for need in direct))
        assert name not in above[name]


def test_what_could_run_at_once_stays_in_the_order_written() -> None:
    assert in_order({"c": [], "a": ["b"], "b": []}) == ("c", "b", "a")
