"""The commands of `flask`. Each is imported when somebody asks for it: the server has no use for any, and a command has
none for the others."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import cast

import click
from flask import Flask
from flask.cli import AppGroup

COMMANDS: Mapping[str, str] = {  # name: module:attribute
    "check": "commands.definitions:check", "plan": "commands.definitions:plan",
    "figures": "commands.definitions:figures", "sheet": "commands.definitions:sheet", "due": "commands.definitions:due",
    "sandbox": "commands.joining:sandbox", "conform": "commands.joining:conform", "gateway": "commands.joining:gateway",
    "legs": "commands.legs:legs", "retry": "commands.legs:retry", "settle": "commands.legs:settle",
    "scans": "commands.scans:scans",
    "quarantine": "commands.quarantine:quarantine", "reconcile": "commands.reconciling:reconcile",
    "pause": "commands.running:pause", "resume": "commands.running:resume", "dispatch": "commands.running:dispatch",
    "keys": "commands.keys:keys",
    "token": "commands.people:token", "tokens": "commands.people:tokens",
    "account": "commands.people:account", "accounts": "commands.people:accounts",
    "export": "commands.reading:export_", "verify": "commands.reading:verify_", "audit": "commands.reading:audit_",
    "diff": "commands.reading:diff", "report": "commands.reporting:report_", "pledges": "commands.reporting:pledges_",
    "visits": "commands.reporting:visits_",
    "backup": "commands.copies:backup", "restore": "commands.copies:restore_",
    "redo": "commands.copies:redo_",
    "archive": "commands.archiving:archive", "erase": "commands.erasing:erase",
}


class Commands(AppGroup):
    """Flask's own kind of group, but for commands that are imported at their first use."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names of all commands."""
        return sorted({*super().list_commands(ctx), *COMMANDS})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name; None if there is none."""
        if cmd_name not in COMMANDS:
            return super().get_command(ctx, cmd_name)
        module, _, attribute = COMMANDS[cmd_name].partition(":")
        return cast(click.Command, getattr(import_module(module), attribute))


def register(app: Flask) -> None:
    """Give the app its commands."""
    app.cli = Commands(app.name)
