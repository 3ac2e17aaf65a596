"""Exercises of notebook 01 on the five mechanisms: explain one, recognise each."""

from labkit.exercises.answers import outputs_of
from labkit.exercises.checking import choice, exercise

# ---- 01.1 what the figure shows -------------------------------------------------------------------------------------
choice(
    "01.1",
    points=1,
    objective="01-mechanisms",
    options={
        "falls": "Think of who stays at home: mild cases, of whom few are ill. With them gone, what is left?",
        "stays": "The share of *all* people of Birch who are ill stays. Among those who come it does not: who comes "
        "depends on how ill they are.",
        "rises": None,
        "rises in both groups": "Only mild cases of Birch stay away. Nobody from Alder does anything differently.",
    },
    praise="Severe cases remain, so that those who come are more often ill. The figure shows how much.",
    hints=(
        "The mild cases of Birch are missing. Are mild cases more often, or less often, truly ill than severe ones?",
        "Take ten people, five of them mild and all of these healthy. Send three mild ones home. Which share is ill "
        "now?",
    ),
    idea="Leave out people who are mostly healthy, and the share of the ill among the others goes up.",
)


# ---- 01.2 write a function that recognises the knob ------------------------------------------------------------------
KNOBS = ("representation", "label_bias", "measurement_bias", "collection_bias", "proxy_strength", "none")


def traces(share_b=0.5, recorded=(0.45, 0.44), true=(0.45, 0.44), written=(1.0, 1.0), guess=0.51):
    """Return rates as the exercise describes them; pairs are for groups a and b."""
    pairs = {"recorded": recorded, "true": true, "written": written}
    return {"share_b": share_b, "guess": guess} | {
        name: dict(zip("ab", pair, strict=True)) for name, pair in pairs.items()
    }


CASES = {  # numbers move by chance, by less than 0.05, so that a gap of two of them may come near 0.1
    "few": (traces(share_b=0.1), "representation"),
    "many": (traces(share_b=0.63, recorded=(0.46, 0.43)), "representation"),
    "fewer": (traces(share_b=0.395, written=(0.97, 1.0)), "representation"),
    "disbelieved": (traces(recorded=(0.46, 0.27)), "label_bias"),
    "doubted": (traces(recorded=(0.44, 0.32), true=(0.43, 0.47), written=(0.98, 0.96)), "label_bias"),
    "vague": (traces(written=(1.0, 0.6)), "measurement_bias"),
    "vaguer": (traces(recorded=(0.47, 0.43), written=(0.95, 0.845), guess=0.53), "measurement_bias"),
    "absent": (traces(recorded=(0.45, 0.61), true=(0.45, 0.61)), "collection_bias"),
    "rarer": (traces(recorded=(0.42, 0.56), true=(0.44, 0.545), written=(0.97, 0.99)), "collection_bias"),
    "told": (traces(guess=0.83), "proxy_strength"),
    "hinted": (traces(recorded=(0.45, 0.41), written=(0.99, 0.97), guess=0.63), "proxy_strength"),
    "calm": (traces(recorded=(0.45, 0.49), true=(0.45, 0.49), guess=0.53), "none"),
    "noisy": (traces(share_b=0.46, recorded=(0.48, 0.4), true=(0.46, 0.42), written=(0.99, 0.91), guess=0.54), "none"),
}


def draw_traces(rng):
    """Draw each case of `CASES` again, in order: the same knob turned as far, and other numbers."""

    def near(value, noise=0.04):
        return round(value + rng.uniform(-noise, noise), 3)

    def chance():  # pairs whose gaps differ by less than 0.1, too
        return near(0.45, 0.02), near(0.44, 0.02)

    def whole(lost=0.0):
        return tuple(round(1 - each, 3) for each in (rng.uniform(0, 0.02), lost + rng.uniform(0, 0.02)))

    def parted(size, sign=-1):
        a = near(0.46)
        return a, round(a + sign * size, 3)

    def ill(size):
        true = parted(size, sign=1)
        return {"true": true, "recorded": tuple(round(each + rng.uniform(-0.01, 0.01), 3) for each in true)}

    def case(**moved):
        neutral = {
            "share_b": near(0.5),
            "recorded": chance(),
            "true": chance(),
            "written": whole(),
            "guess": near(0.51),
        }
        return traces(**neutral | moved)

    def little():
        return rng.uniform(0.103, 0.14)

    def far():
        return rng.uniform(0.18, 0.34)

    alike = {"true": (near(0.43, 0.01), near(0.45, 0.01))}  # and not less often ill where the records say so
    calm = rng.uniform(0.42, 0.44)
    pair = (round(calm, 3), round(calm + rng.uniform(0.03, 0.045), 3))
    noisy = (round(0.45 + rng.uniform(0.03, 0.045), 3), round(0.44 - rng.uniform(0.03, 0.04), 3))
    cases = {
        "few": case(share_b=round(0.5 - far(), 3)),
        "many": case(share_b=round(0.5 + far(), 3)),
        "fewer": case(share_b=round(0.5 - little(), 3)),
        "disbelieved": case(recorded=parted(far()), **alike),
        "doubted": case(recorded=parted(little()), **alike),
        "vague": case(written=whole(far())),
        "vaguer": case(written=whole(little() + 0.02)),
        "absent": case(**ill(far())),
        "rarer": case(**ill(little())),
        "told": case(guess=round(0.51 + far(), 3)),
        "hinted": case(guess=round(0.505 + little(), 3)),
        "calm": case(recorded=pair, true=pair),
        "noisy": case(
            recorded=noisy, true=(near(0.465, 0.01), near(0.43, 0.01)), guess=round(rng.uniform(0.54, 0.559), 3)
        ),
    }
    return [(cases[name],) for name in CASES]


def find_knob(rates):
    """Return the name of the knob that was turned."""
    gap = {name: rates[name]["a"] - rates[name]["b"] for name in ("recorded", "true", "written")}
    if abs(rates["share_b"] - 0.5) > 0.1:
        return "representation"
    if abs(gap["true"]) > 0.1:
        return "collection_bias"
    if gap["recorded"] > 0.1:
        return "label_bias"
    if gap["written"] > 0.1:
        return "measurement_bias"
    return "proxy_strength" if rates["guess"] > 0.6 else "none"


def labels_first(rates):
    """Takes every gap in the records for label bias."""
    apart = abs(rates["recorded"]["a"] - rates["recorded"]["b"]) > 0.1
    return "label_bias" if apart else find_knob(rates)


def never_none(rates):
    """Always finds a culprit."""
    found = find_knob(rates)
    return "proxy_strength" if found == "none" else found


def jumpy(rates):
    """Takes chance for a knob."""
    apart = abs(rates["true"]["a"] - rates["true"]["b"]) > 0.02
    return "collection_bias" if apart else find_knob(rates)


def only_large(rates):
    """Overlooks what moved by less than 0.15."""
    gaps = [rates[name]["a"] - rates[name]["b"] for name in ("recorded", "true", "written")]
    largest = max(map(abs, [rates["share_b"] - 0.5, *gaps, rates["guess"] - 0.5]))
    return find_knob(rates) if largest > 0.15 else "none"


def truth_alone(rates):
    """Looks at the truth and the group's share only."""
    found = find_knob(rates)
    return found if found in ("representation", "collection_bias") else "none"


HINTS = {
    (
        "absent",
        "label_bias",
    ): "In one case the records differ *because the truth among those who came differs*: the labels are right. Compare "
    "recorded with true before you blame the labels.",
    (
        "calm",
        "proxy_strength",
    ): "In one case nothing was turned: every number is within 0.05 of its neutral value. Your function names a knob "
    "all the same.",
    (
        "calm",
        "collection_bias",
    ): "You take a small difference for a turned knob. Chance alone moves a number by as much; the trace of a knob is "
    "larger than 0.1.",
    (
        "doubted",
        "none",
    ): "In one case the records of a and b differ by little more than 0.1, and you say that nothing was turned. The "
    "trace of a knob is larger than 0.1, not always much larger.",
    (
        "disbelieved",
        "none",
    ): "The truth is equal in both groups in one case, and the records are not. Which knob makes records differ from "
    "the truth?",
}


@exercise(
    "01.2",
    points=3,
    objective="01-mechanisms",
    reference=find_knob,
    collect=outputs_of(*((rates,) for rates, _ in CASES.values())),
    hidden=draw_traces,
    wrong=[
        (labels_first, HINTS["absent", "label_bias"]),
        (never_none, HINTS["calm", "proxy_strength"]),
        (jumpy, HINTS["calm", "collection_bias"]),
        (truth_alone, HINTS["disbelieved", "none"]),
        (only_large, HINTS["doubted", "none"]),
    ],
    hints=(
        "Go through the figures of part one: which two numbers moved apart for each knob, and which stayed together?",
        "Two knobs make the *recorded* shares differ. For one of them the *true* shares differ as well. Ask about it "
        "first.",
    ),
    idea="Ask in this order: share of b away from one half; true shares apart (collection); recorded shares apart "
    "(labels); symptoms written apart (measurement); a guess well above one half (proxies); else none.",
    praise="In a real clinic you would not have `true`: then knobs 2 and 4 cannot be told from a real difference.",
)
def judge_knobs(collected, asked):
    """Name the first case that is taken for another knob, known confusions first."""
    found = dict(zip(CASES, collected, strict=True))
    for (case, taken), message in HINTS.items():
        if found[case] == taken and not (case == "doubted" and found["disbelieved"] == taken):
            return message
    for (rates,), (case, (_, right)) in zip(asked.calls, CASES.items(), strict=True):
        if found[case] not in KNOBS:
            return f"{found[case]!r} is no answer; return one of {', '.join(KNOBS)}."
        if found[case] != right:
            return f"For {rates} you return {found[case]!r}. Which of these numbers moved by more than chance?"
    return None
