"""The sections of a model card, in order, with the question that each of them answers."""

# After Mitchell et al. (2019), "Model Cards for Model Reporting", and what Annex IV of the EU AI Act asks for beyond.
SECTIONS = {
    "What it is": "what does the model decide or predict, and what kind of model is it?",
    "Intended use": "who is meant to use it, for which decisions, and about whom?",
    "Out-of-scope use": "for which uses and people must it not be used, although somebody might?",
    "Who is responsible": "which person or office answers for the model, and how can they be reached?",
    "How it was made": "which method and settings was it trained with?",
    "Training data": "where do they come from, who labeled them and how, and is anybody in them whom it was tested on?",
    "Data it was tested on": "which file, which checksum, how many people of which groups?",
    "Results by group": "how often is it right and wrong, for each group, and how sure is that?",
    "Comparisons between groups": "how far are groups apart, and can chance explain it?",
    "Warnings": "which numbers are uncertain or undefined, and why?",
    "Who is left out": "who does not occur in the data, or too rarely to say anything, and why?",
    "Why these metrics": "which error hurts whom here, and do the metrics show it?",
    "Limits": "what does it do badly or not know, and what must a user know of that?",
    "Human oversight": "who sees its decisions, and who can stop or change them?",
    "Changes": "what has changed since the last version, and what has become better or worse?",
    "Monitoring": "who watches it after release, what do they look at, and how do people appeal?",
    "Energy": "how much energy did it take, and how was that measured?",
    "Where the numbers come from": "which command, versions and checksums repeat them, and when were they computed?",
    "Crosswalk": "which section answers which point of the EU AI Act's Annex IV and of NIST's AI RMF?",
}

# What a program writes; people answer the rest. Where it has nothing to say, a person may: see "How it was made".
COMPUTED = (
    "Data it was tested on",
    "Results by group",
    "Comparisons between groups",
    "Warnings",
    "Energy",
    "Where the numbers come from",
    "Crosswalk",
)
STATED = tuple(section for section in SECTIONS if section not in COMPUTED)
SHORT = (*COMPUTED, "Who is responsible", "How it was made")  # sections in which a few words can be enough
MISSING = "**Missing:** nobody has answered this question for the card:"


def key_of(section: str) -> str:
    """Write the name of a section as a key of a file: "Intended use" is ``intended_use``."""
    return section.lower().replace(" ", "_").replace("-", "_")
