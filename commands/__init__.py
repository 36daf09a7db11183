"""The commands of `flask`, a file for each kind, read when one of them is asked for; `cli.py` names them all."""
