"""The impact of a delivery: the exposures whose references it would change if it were confirmed."""
