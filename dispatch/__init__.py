"""Claim a due message, hand it to its connector, give the answer to the desk; retry, lanes, sweeps."""
