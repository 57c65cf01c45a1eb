"""Rules of the observatories: text in, values out; knows neither Django nor disk."""
