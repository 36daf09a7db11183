"""What is wrong with definitions, each with file, line and advice."""
