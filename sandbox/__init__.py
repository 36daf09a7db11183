"""Demo departments with scripted behaviour; talks to the rest only by HTTP."""
