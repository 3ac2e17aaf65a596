"""The simulated clinic: patients with known truth, their notes, and the words that notes are made of."""
