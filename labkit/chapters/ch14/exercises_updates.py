"""Exercises of notebook 14, part two: pairs for a monitor, and flips by group."""

from collections import defaultdict

import numpy as np

from labkit.exercises.answers import outputs_of
from labkit.exercises.checking import compare_answers

# ---- 14.4 pairs of the most recent decisions -------------------------------------------------------------------------
STREAMS = (
    ([("a", 1), ("b", 0), ("a", 0), ("b", 1)],),
    ([("a", 1), ("a", 0), ("b", 0), ("b", 1), ("a", 1), ("b", 1)],),
    ([("b", 0), ("b", 1), ("a", 0), ("a", 1), ("a", 1), ("b", 0), ("b", 0), ("a", 1)],),
    ([("a", 0), ("a", 0), ("a", 1), ("b", 0), ("a", 0), ("b", 1), ("b", 1), ("a", 0)],),
    ([("b", 1), ("b", 1), ("b", 0)],),
)


def pair_recent(stream):
    """Pair the most recent decisions of both groups, each at most once."""
    waiting, differences = {}, []
    for group, decision in stream:
        waiting[group] = decision
        if len(waiting) == 2:
            differences.append(waiting["a"] - waiting["b"])
            waiting = {}
    return differences


def pair_from_queues(stream):
    """Take the oldest that waits: as the notebook shows it."""
    waiting, differences = {"a": [], "b": []}, []
    for group, decision in stream:
        waiting[group].append(decision)
        if waiting["a"] and waiting["b"]:
            differences.append(waiting["a"].pop(0) - waiting["b"].pop(0))
    return differences


def draw_streams(rng):
    """Draw streams in which taking the oldest that waits gives other pairs, and a stream of one group alone."""
    streams = []
    while len(streams) < 5:
        size = int(rng.integers(7, 13))
        stream = list(zip(rng.choice(["a", "b"], size).tolist(), rng.integers(0, 2, size).tolist(), strict=True))
        if pair_recent(stream) != pair_from_queues(stream):
            streams.append(stream)
    streams.append([(str(rng.choice(["a", "b"])), decision) for decision in rng.integers(0, 2, 3).tolist()])
    return [(stream,) for stream in streams]


def pair_from_stacks(stream):
    """Take the newest that waits, and keep the older ones for later."""
    waiting, differences = {"a": [], "b": []}, []
    for group, decision in stream:
        waiting[group].append(decision)
        if waiting["a"] and waiting["b"]:
            differences.append(waiting["a"].pop() - waiting["b"].pop())
    return differences


def pair_first_waiting(stream):
    """Drop the newer of two decisions of one group."""
    waiting, differences = {}, []
    for group, decision in stream:
        waiting.setdefault(group, decision)
        if len(waiting) == 2:
            differences.append(waiting["a"] - waiting["b"])
            waiting = {}
    return differences


def pair_again_and_again(stream):
    """Never forget a decision that was in a pair."""
    waiting, differences = {}, []
    for group, decision in stream:
        waiting[group] = decision
        if len(waiting) == 2:
            differences.append(waiting["a"] - waiting["b"])
    return differences


def pair_recent_reversed(stream):
    """Subtract a from b."""
    return [-difference for difference in pair_recent(stream)]


def pair_sizes(stream):
    """Lose the sign."""
    return [abs(difference) for difference in pair_recent(stream)]


def pair_in_turn(stream):
    """Wait for a first: whoever comes later of b completes the pair."""
    waiting, differences = None, []
    for group, decision in stream:
        if group == "a":
            waiting = decision
        elif waiting is not None:
            differences.append(waiting - decision)
            waiting = None
    return differences


compare_answers(
    "14.4",
    points=3,
    objective="14-monitor",
    collect=outputs_of(*STREAMS),
    hidden=draw_streams,
    reference=pair_recent,
    untouched=pair_from_queues,
    wrong=[
        (
            pair_from_stacks,
            "You take the newest decision, but older ones still wait behind it, and are paired later. They should be "
            "dropped for good.",
        ),
        (
            pair_first_waiting,
            "You keep the *older* of two decisions of one group. Which of them is closer in time to the decision of "
            "the other group?",
        ),
        (
            pair_again_and_again,
            "Some decisions are in two pairs. Then the bets are no longer about new decisions, and the guarantee is "
            "gone: what must happen to both after a pair?",
        ),
        (pair_recent_reversed, "These are b's decisions minus a's."),
        (pair_sizes, "The sign is gone. A bettor has to know which group was favored."),
        (
            pair_in_turn,
            "You only make a pair when b comes after a. A decision of b may wait for one of a just as well.",
        ),
    ],
    otherwise="Not these pairs. Write five arrivals on paper, cross out what is dropped, and draw a line between the "
    "two of each pair.",
    hints=(
        "How many decisions of one group can wait at the same time, if newer ones take the place of older ones?",
        "So each group needs one place, not a list. What is in these places right after a pair was made?",
    ),
    idea="A dict with at most one entry per group: each arrival overwrites its own group's entry; when both are there, "
    "append the difference and empty the dict.",
    praise="Now both decisions of a pair are from the same time, and a drift that both groups share cancels.",
)


# ---- 14.5 flips by group ---------------------------------------------------------------------------------------------
DECISIONS = (
    ([0, 0, 1, 1, 0, 1], [1, 0, 1, 0, 0, 0], ["a", "a", "a", "b", "b", "b"]),
    ([0, 1, 1, 0, 1, 0, 0, 1], [1, 1, 0, 1, 1, 0, 1, 0], ["x", "y", "x", "y", "y", "y", "x", "y"]),
    ([1, 1, 0, 0, 0], [1, 0, 1, 1, 0], ["one", "one", "one", "two", "two"]),
    ([0, 1, 0], [0, 1, 0], ["b", "b", "c"]),
)


def flips_by_group(old, new, groups):
    """Return for each group the shares that went from 0 to 1 and from 1 to 0."""
    return count_flips_with(old, new, groups, lambda members: (len(members), len(members)))


def count_flips_with(old, new, groups, wholes):
    """Return both shares by group, of numbers of people that a function gives for (old, new) pairs."""
    members = defaultdict(list)
    for pair in zip(old, new, groups, strict=True):
        members[pair[2]].append(pair[:2])
    found = {}
    for group, pairs in members.items():
        counts = (pairs.count((0, 1)), pairs.count((1, 0)))
        found[group] = [count / max(whole, 1) for count, whole in zip(counts, wholes(pairs), strict=True)]
    return found


def draw_decisions(rng):
    """Draw the decisions of two to four groups of unequal size, and a case in which nobody flips."""
    found = []
    for number in (2, 3, 4):
        names = rng.choice(["a", "b", "c", "north", "south", "x", "y"], number, replace=False)
        groups = rng.permutation(np.repeat(names, rng.integers(3, 9, number))).tolist()
        old, new = rng.integers(0, 2, (2, len(groups))).tolist()
        found.append((old, new, groups))
    return [*found, (old, list(old), groups)]


def flips_of_everyone(old, new, groups):
    """Divide by everyone."""
    return count_flips_with(old, new, groups, lambda members: (len(groups), len(groups)))


def flips_of_those_who_could(old, new, groups):
    """Divide by those whose old decision was 0, or 1."""
    return count_flips_with(
        old, new, groups, lambda members: (sum(o == 0 for o, _ in members), sum(o == 1 for o, _ in members))
    )


def flips_of_the_flipped(old, new, groups):
    """Divide by those who flipped."""

    def flipped(members):
        return (sum(o != n for o, n in members),) * 2

    return count_flips_with(old, new, groups, flipped)


def flips_reversed(old, new, groups):
    """Swap the directions."""
    return {group: pair[::-1] for group, pair in flips_by_group(old, new, groups).items()}


def net_flips(old, new, groups):
    """Let the directions cancel."""
    return {group: pair[0] - pair[1] for group, pair in flips_by_group(old, new, groups).items()}


def flips_of_both_kinds(old, new, groups):
    """Add the directions up."""
    return {group: sum(pair) for group, pair in flips_by_group(old, new, groups).items()}


def counts_of_flips(old, new, groups):
    """Forget to divide."""
    return count_flips_with(old, new, groups, lambda members: (1, 1))


compare_answers(
    "14.5",
    points=2,
    objective="14-monitor",
    collect=outputs_of(*DECISIONS),
    hidden=draw_decisions,
    reference=flips_by_group,
    wrong=[
        (
            flips_of_everyone,
            "You divide by all people. Then a small group looks untouched, however many of its people flipped.",
        ),
        (
            flips_of_those_who_could,
            "You divide by the people whose old decision was 0, or 1. The exercise asks for shares of *all* of the "
            "group's people.",
        ),
        (
            flips_of_the_flipped,
            "You divide by the people who flipped, so the two shares add up to 1 whatever the update does.",
        ),
        (flips_reversed, "The two directions are swapped: from 0 to 1 comes first."),
        (
            net_flips,
            "This is the change of the group's rate. Flips in both directions cancel in it: a rate can stay as it is "
            "while many people get another decision.",
        ),
        (flips_of_both_kinds, "You added both directions up. The exercise asks for each of them."),
        (counts_of_flips, "These are numbers of people. Groups of different size need shares."),
    ],
    otherwise="Not these shares. Take one group, list its people with both decisions, and mark each kind of flip.",
    hints=(
        "Go through the people of one group. Which of the four combinations of old and new decision are flips?",
        "Both shares of a group have the same denominator.",
    ),
    idea="For each group: the number of people with old 0 and new 1, and with old 1 and new 0, each divided by the "
    "number of people in the group.",
    praise="Two models with the same rates in both groups can still have flipped many people.",
)
