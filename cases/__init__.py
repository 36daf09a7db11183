"""The life of an application: model, states (one transition table), clock, due dates, lights. Pure."""
