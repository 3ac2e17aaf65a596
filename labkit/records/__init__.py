"""What remains of decisions and models, so that somebody else can check them.

A `DecisionLog` is a chain of hashes, so that a later change shows; `verify` reads it and says what was changed and
where, and `repair_log` cuts off what a crash left. `hash_inputs` gives the hash by which an entry can be recognized.
Model cards and datasheets are written from a run rather than from memory: `write_model_card` takes an audit and what
only people can say, `check_card` names what is missing, and `crosswalk` says which section answers which point of
regulation.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "log.writing": ["DecisionLog"],
        "log.verifying": ["verify", "Verification"],
        "log.repairing": ["repair_log", "LogRepair"],
        "log.inputs": ["hash_inputs"],
        "cards.writing": ["write_model_card", "ModelCardText"],
        "cards.checking": ["check_card"],
        "cards.regulation": ["crosswalk"],
        "cards.statements": ["read_statements"],
        "cards.datasheet": ["write_run_datasheet", "check_run_datasheet"],
    },
)
