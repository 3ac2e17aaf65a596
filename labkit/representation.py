"""Change what the classifier reads: without linear correlation with the group, or against an adversary."""

from dataclasses import dataclass

import numpy as np

from labkit.estimators import Model
from labkit.frames import sorted_groups
from labkit.methods import CONSTRAINTS, Method, check_choice, check_share


def indicators(groups, known) -> np.ndarray:
    """Return a column of 0 and 1 for each known group but the first, shape (n, k - 1)."""
    return np.column_stack([np.equal(groups, group) for group in known[1:]]).astype(float)


@dataclass(frozen=True, kw_only=True)
class CorrelationRemover(Method):
    """Subtract from each feature what the group predicts of it linearly (fairlearn's `CorrelationRemover`).

    The groups' means become equal, so that a linear model cannot tell them apart by these. Other traces of the group
    (spread, interactions) stay. A prediction needs the group.

    Parameters
    ----------
    alpha : float
        In [0, 1]: 0 leaves the features as they are, 1 removes all correlation.
    """

    alpha: float = 1.0

    @property
    def needs_groups(self):
        """The group's part is subtracted at prediction too."""
        return True

    def learn(self, X, y, groups):
        """Fit fairlearn's remover on the estimator's features, and the classifier on what is left."""
        from fairlearn.preprocessing import CorrelationRemover

        check_share("alpha", self.alpha)
        model, known = Model(self.estimator, X), sorted_groups(set(groups))
        remover = CorrelationRemover(sensitive_feature_ids=range(len(known) - 1), alpha=self.alpha)
        features = np.hstack([indicators(groups, known), model.make_features(X, y, dense=True)])
        model.classifier.fit(remover.fit_transform(features), y)

        def decide(X, groups):
            features = np.hstack([indicators(groups, known), model.make_features(X, dense=True)])
            return model.classifier.predict_proba(remover.transform(features))[:, 1], None

        return decide


@dataclass(frozen=True, kw_only=True)
class AdversarialFairnessClassifier(Method):
    """Train a linear model against an adversary that guesses the group from its score (fairlearn's, torch backend).

    Zhang, Lemoine and Mitchell (2018). It replaces the estimator's classifier; the estimator's features stay.

    Parameters
    ----------
    constraints : {"demographic_parity", "equalized_odds"}
        For the second, the adversary also sees the label.
    alpha : float
        At least 0: how much the adversary counts.
    hidden : int
        Width of the adversary's hidden layer, in units.
    epochs, batch_size : int
    learning_rate : float
        Of Adam, for both.
    seed : int
        Draws the linear model. The order of the rows and the adversary are the same for every seed: fairlearn 0.15
        hands torch a random number below 1 as its seed, which torch cuts to 0.
    """

    constraints: str = "demographic_parity"
    alpha: float = 1.0
    hidden: int = 8
    epochs: int = 20
    batch_size: int = 64
    learning_rate: float = 0.01
    seed: int = 0

    def learn(self, X, y, groups):
        """Train both on the estimator's features, scaled."""
        import torch
        from fairlearn.adversarial import AdversarialFairnessClassifier
        from sklearn.preprocessing import StandardScaler

        check_choice("constraints", self.constraints, CONSTRAINTS[:2])
        if not self.alpha >= 0:
            raise ValueError(f"alpha is {self.alpha!r}; give a number of at least 0")
        model, scaler = Model(self.estimator, X), StandardScaler()
        features = scaler.fit_transform(model.make_features(X, y, dense=True)).astype(np.float32)
        with torch.random.fork_rng():  # fairlearn seeds torch's global generator
            torch.manual_seed(self.seed)
            predictor = torch.nn.Sequential(torch.nn.Linear(features.shape[1], 1), torch.nn.Sigmoid())
            fair = AdversarialFairnessClassifier(
                backend="torch",
                predictor_model=predictor,
                adversary_model=[self.hidden, "leaky_relu"],
                constraints=self.constraints,
                learning_rate=self.learning_rate,
                alpha=self.alpha,
                epochs=self.epochs,
                batch_size=self.batch_size,
                shuffle=True,
                random_state=self.seed,
            )
            fair.fit(features, y, sensitive_features=groups.astype(str))
        predictor.eval()

        def decide(X, groups):
            features = scaler.transform(model.make_features(X, dense=True)).astype(np.float32)
            with torch.inference_mode():
                return predictor(torch.from_numpy(features)).squeeze(1).double().numpy(), None

        return decide
