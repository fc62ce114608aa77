"""Which way of fine-tuning is worth it."""
