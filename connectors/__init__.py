"""One file per way to reach a department; `base.py` is the contract. Imports nothing of ours."""
