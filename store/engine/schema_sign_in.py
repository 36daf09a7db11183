"""Layout 18: how the staff sign in. Beside `schema.py`, whose tables stand there by the number of their layout too."""

from __future__ import annotations

# Who must choose a password of their own, and since when a password stands; of an account its second factor, with the
# step of the last code that was taken, and the recovery codes that are left; sign-ins that are not whole yet; and the
# last ones of every member of the staff.
SEVENTEENTH: tuple[str, ...] = (
    "alter table accounts add column must_change {int} not null default 0",
    "alter table accounts add column password_at {text}",
    """create table factors (account {text} primary key, since {text} not null, step {int} not null,
    body {blob} not null){strict}""",
    """create table recovery_codes (account {text} not null, code {text} not null,
    primary key (account, code)){strict}""",
    """create table half_sign_ins (digest {text} primary key, account {text} not null, until {text} not null,
    body {blob} not null){strict}""",
    "create index half_sign_ins_of_account on half_sign_ins (account)",
    "create index half_sign_ins_over on half_sign_ins (until)",
    """create table sign_ins (account {text} primary key, wrong {int} not null, body {blob} not null){strict}""",
)
