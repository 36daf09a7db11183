"""The fault rig: departments that misbehave, a driver that kills, a checker that judges from outside.

It talks to the portal as strangers do (HTTP, the department protocol, `flask export`, `verify`, `reconcile`) and never
reads its tables, so any rewrite of the inside is judged by the same rig.
"""
