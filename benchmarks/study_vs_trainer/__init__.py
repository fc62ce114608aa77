"""A whole study against the scripts people write: transformers' Trainer and PEFT, one training after another."""
