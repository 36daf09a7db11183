"""The one door for every change: each verb is one transaction around pure functions."""
