"""From a sender's request to its reply: `pipeline.py` takes the nine steps of `steps/`, one file each."""
