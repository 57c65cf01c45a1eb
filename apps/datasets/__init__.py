"""The matching parameters of observed datasets."""
