"""Exercises of notebook 14 about cards and appeals: what a card says, and what settles an appeal."""

from dataclasses import dataclass

from labkit.exercises.checking import compare_answers, open_question
from labkit.exercises.variants import Variant

# ---- 14.3 what does the card say? ------------------------------------------------------------------------------------
SAYS = (
    "the card gives the number that is asked for",
    "the card says that its data cannot answer it",
    "the card rules out what is asked for",
    "the section that would answer it is missing",
)
ANSWERS, CANNOT, RULES_OUT, MISSING = SAYS
REQUESTS = {"sex": ANSWERS, "bail": RULES_OUT, "weights": MISSING, "young": CANNOT, "phone": CANNOT}

compare_answers(
    "14.3",
    points=2,
    objective="14-card",
    reference=REQUESTS,
    choices=dict.fromkeys(REQUESTS, SAYS),
    wrong=[
        (
            REQUESTS | {"young": ANSWERS},
            "Eleven people are in the test, and a rate can be computed from them. What does the card say about them?",
        ),
        (
            REQUESTS | {"phone": MISSING},
            "The card does speak of people without a telephone. Read *Who is left out*.",
        ),
        (
            REQUESTS | {"phone": RULES_OUT},
            "Nothing forbids the question about people without a telephone: the data have nobody to answer it with.",
        ),
        (
            REQUESTS | {"young": RULES_OUT},
            "The request about people under 18 asks for a number, not for a use. Which section says something about "
            "them?",
        ),
        (
            REQUESTS | {"bail": ANSWERS},
            "The card does speak of bail: to forbid it. Nobody asked for a number there.",
        ),
        (
            REQUESTS | {"bail": MISSING},
            "The card has a sentence about bail. In which section?",
        ),
        (
            REQUESTS | {"weights": CANNOT},
            "Data could tell how the score was made, and so could its maker. Which section would have the answer, and "
            "what is in it?",
        ),
        (
            REQUESTS | {"sex": CANNOT},
            "Both sexes are in the test, 900 and 2,100 people, and a needless call is a false positive.",
        ),
        (
            REQUESTS | {"young": ANSWERS, "phone": MISSING},
            "Two are not right. Read *Who is left out* again: two of the requests are about people in it.",
        ),
    ],
    otherwise="Not all five. For each request, find the one section that speaks of it, and read what is in it.",
    hints=(
        "A request can ask for a number or for a use. The card has one section about uses that are not intended.",
        "*Missing* means that nobody has written the section. *Left out* means that somebody has written who is not "
        "in the data, or hardly.",
    ),
    idea="Results by group answer the question about women and men; two requests are about people who are left out; "
    "one is a use out of scope; one asks for what is missing.",
    praise="Only one of five requests gets a number. The other four get a sentence that says why not.",
)


# ---- 14.7 an appeal against a refusal --------------------------------------------------------------------------------
SETTLES = (
    "the log's hash of the inputs, and the kept inputs",
    "the log's checksum of the model, and the kept file",
    "the head that was printed",
    "none of these records",
)
INPUTS, MODEL, HEAD, NONE = SETTLES
CLAIMS = {"used": INPUTS, "true": NONE, "model": MODEL, "edited": HEAD, "unlogged": NONE}
STEPS = ("train the model", "choose the threshold", "watch the refusals by group", "answer appeals")
DOES = {"one": ("R, A", "C"), "two": ("R, A", "A"), "nobody": ("R", "C")}


@dataclass(frozen=True)
class Appeal:
    """The claims of an applicant, and the numbers of the steps in which two are accountable, and nobody."""

    two: int = 2
    nobody: int = 3

    def found(self, **changes):
        """Return the right answer with some parts changed."""
        return CLAIMS | {"broken": sorted([self.two, self.nobody])} | changes

    def table(self):
        """Return the rows of the table in the notebook: bank, vendor and auditor; the vendor trains the model."""
        rows = []
        for number, step in enumerate(STEPS, 1):
            kind = {self.two: "two", self.nobody: "nobody"}.get(number, "one")
            bank, vendor = DOES[kind] if number > 1 else DOES[kind][::-1]
            rows.append(f"| {number}. {step} | {bank} | {vendor} | I |")
        return "\n".join(rows)

    def wrong(self):
        """Return wrong answers with their hints."""
        sound = next(number for number in range(1, len(STEPS) + 1) if number not in (self.two, self.nobody))
        return [
            (
                self.found(true=INPUTS),
                "The hash shows on which inputs the bank *decided*. Does it show what happened to the payments?",
            ),
            (
                self.found(unlogged=HEAD),
                "A printed head has the number of entries at that time, and protects them. A refusal that was never an "
                "entry is not among them.",
            ),
            (
                self.found(edited=INPUTS),
                "Who rewrites the log can compute new hashes for other inputs as well. What was out of the bank's "
                "reach three weeks ago?",
            ),
            (
                self.found(edited=NONE),
                "Something about the log of three weeks ago is in every library that keeps newspapers.",
            ),
            (self.found(model=INPUTS), "The inputs are the same for both models. What else does an entry have?"),
            (
                self.found(broken=[self.nobody]),
                f"The claims are right. Step {self.nobody} has no A. Is there a step with more than one?",
            ),
            (
                self.found(broken=[self.two]),
                f"The claims are right. Step {self.two} has two people who are accountable. Is there a step with "
                "nobody?",
            ),
            (
                self.found(broken=sorted([self.two, self.nobody, sound])),
                f"The claims are right. In step {sound} one party does the work and answers for it: that is allowed.",
            ),
            (self.found(broken=[]), "The claims are right. Count the letters A in each row of the table."),
        ]


def draw_appeal(rng):
    """Draw other steps in which two are accountable, and nobody."""
    while True:
        two, nobody = (1 + rng.choice(len(STEPS), 2, replace=False)).tolist()
        appeal = Appeal(two, nobody)
        if appeal.found() != Appeal().found():
            return Variant(appeal.found(), appeal.wrong(), [(Appeal().table(), appeal.table())])


compare_answers(
    "14.7",
    points=3,
    objective="14-appeal",
    reference=Appeal().found(),
    wrong=Appeal().wrong(),
    variants=draw_appeal,
    choices=dict.fromkeys(CLAIMS, SETTLES),
    any_length=True,
    otherwise="Not all of it. For each claim, ask what would be different in the records if the claim were true. For "
    "the table, count the letters A in each row, and give the steps in increasing order.",
    hints=(
        "Some claims are about what the bank did, others about what happened in the world. Records of the bank can "
        "only show the first.",
        "For *edited*: a forger who can write all of the bank's files has no way to change one thing. And for the "
        "table: two are as bad as none.",
    ),
    idea="Inputs by their hash, the model by its checksum, rewriting by what was published; truth, and what was never "
    "written down, by none of them. One row of the table has two A, and one has none.",
    praise="Two of five claims stay open, whatever the bank has logged.",
)


# ---- 14.8 would you sign? --------------------------------------------------------------------------------------------
open_question(
    "14.8",
    objective="14-appeal",
    model_answer="I would sign for answering appeals. I would have to be given the inputs of every case, the file of "
    "every model that has decided, and a copy of the head every day, which I keep at home and not on the office's "
    "computers; and the right to have a new decision entered, because somebody who answers and can change nothing is "
    "only a complaint box. I would not sign for the truth of the records that others type, whatever I was given: I "
    "can only say what was typed. And not for the threshold, unless the same person may also change it.\n\nA good "
    "answer names one step, ties it to a record *and* to a power to act, and says where the records end.",
)
