"""What was changed of the tables since, layout by layout, as portable text."""

from __future__ import annotations

from collections.abc import Mapping

from store.engine.later_changes import ASKED_BESIDE
from store.engine.schema import FIRST

# What is counted, watched and done by time, each found by an index as small as what is due.
SECOND: tuple[str, ...] = (
    # The first moment after which time alone ends something of a leg.
    "alter table legs add column lapse_at {text}",
    "create index legs_lapsing on legs (lapse_at, reference, leg) where lapse_at is not null",
    # Whoever pages through open work pages through open cases; a department's number is never looked up.
    "drop index legs_open",
    "drop index legs_by_ref",
    "create index cases_open on cases (edition, reference) where closed_at is null",
    # An inbox is an office's, and what is granted waits there for nobody's decision.
    "drop index legs_inbox",
    """create index legs_inbox on legs (office, due_rank, reference, leg)
    where closed_at is null and started_at is not null and state <> 'granted'""",
    # Lights: only while the department's clock runs; yellow is told from red without reading the row.
    "drop index legs_yellow",
    "drop index legs_due",
    """create index legs_yellow on legs (yellow_at, due_at)
    where state in ('received', 'accepted', 'in_review', 'supplemented') and yellow_at is not null""",
    """create index legs_due on legs (due_at, reference, leg)
    where state in ('received', 'accepted', 'in_review', 'supplemented') and due_at is not null""",
    # Troubles and what is tried again, in the order of the list, page by page; neither holds what goes well.
    "drop index messages_held",
    """create index messages_troubled on messages (created_at, reference, leg, type, n, state)
    where state in ('stuck', 'unknown', 'refused')""",
    """create index messages_retried on messages (created_at, reference, leg, type, n)
    where state = 'due' and attempts > 0""",
    "create index quarantine_of_message on quarantine (department, message_id, at)",
    # Counters begin with what is there.
    "delete from counter_deltas",
    "delete from counters",
    """insert into counters (name, key, amount)
    select 'legs', department || '|' || office || '|' || state, count(*) from legs
    group by department, office, state""",
    """insert into counters (name, key, amount)
    select 'created', 'legs', n from (select count(*) as n from legs) as counted where n > 0""",
    """insert into counters (name, key, amount)
    select 'cases', bundle || '|' || case when closed_at is null then 'open' else 'closed' end, count(*) from cases
    group by bundle, closed_at is null""",
    """create table breaches (rule {text} not null, reference {text} not null, leg {text} not null,
    found_at {text} not null, primary key (rule, reference, leg)){strict}""",
)

# What leaves of a case at once is frozen in one row, and an attempt is written once, when it has ended: until then its
# message says that it runs. Nobody looks for a message by its id, nor for the next one of all offices together.
THIRD: tuple[str, ...] = (
    """create table bodies (reference {text} not null references cases, frozen {text} not null, mapping {text},
    body {blob} not null, primary key (reference, frozen)){strict}""",
    """insert into bodies (reference, frozen, mapping, body)
    select reference, leg || ':' || type || ':' || n, mapping, body from messages where body is not null""",
    "alter table messages rename to messages_before",
    """create table messages (reference {text} not null references cases, leg {text} not null, type {text} not null,
    n {int} not null, message_id {text} not null, department {text} not null, office {text} not null,
    state {text} not null, next_at {text}, created_at {text} not null, attempts {int} not null, frozen {text},
    line {int} not null, doing {text}, started_at {text}, token {int} not null, lease_until {text}, settled_at {text},
    detail {text} not null, reason {blob}, primary key (reference, leg, type, n)){strict}""",
    """insert into messages (reference, leg, type, n, message_id, department, office, state, next_at, created_at,
    attempts, frozen, line, doing, started_at, token, lease_until, settled_at, detail, reason)
    select reference, leg, type, n, message_id, department, office, state, next_at, created_at, attempts,
    case when body is null then null else leg || ':' || type || ':' || n end, 0, null, null, token, lease_until,
    settled_at, detail, reason from messages_before""",
    "drop table messages_before",
    "create index messages_due on messages (office, next_at) where next_at is not null",
    "create index messages_leased on messages (lease_until) where state = 'leased'",
    """create index messages_troubled on messages (created_at, reference, leg, type, n, state)
    where (state = 'stuck' or state = 'unknown' or state = 'refused')""",
    """create index messages_retried on messages (created_at, reference, leg, type, n)
    where state = 'due' and attempts > 0""",
    """update messages set doing = running.kind, started_at = running.started_at from attempts as running
    where messages.state = 'leased' and running.ended_at is null and running.reference = messages.reference
    and running.leg = messages.leg and running.type = messages.type and running.n = messages.n
    and running.attempt = messages.attempts""",
    "delete from attempts where ended_at is null",
    # Said with `in`, SQLite would build a table of three or more states each time that it asks whether a row belongs.
    "drop index legs_yellow",
    "drop index legs_due",
    """create index legs_yellow on legs (yellow_at, due_at)
    where (state = 'received' or state = 'accepted' or state = 'in_review' or state = 'supplemented')
    and yellow_at is not null""",
    """create index legs_due on legs (due_at, reference, leg)
    where (state = 'received' or state = 'accepted' or state = 'in_review' or state = 'supplemented')
    and due_at is not null""",
)

# Messages that were tried before come before others (`store.choosing`).
FOURTH: tuple[str, ...] = (
    """create index messages_again on messages (office, next_at)
    where next_at is not null and attempts > 0""",
)

# An offer says of which message it is. So far the offers of a type stood for its messages 1, 2, 3…, which holds only as
# long as every message is offered, once and in order.
FIFTH: tuple[str, ...] = (
    "alter table offers add column message {int} not null default 1",
    """update offers set message = counted.message from (select department, n, row_number()
    over (partition by reference, leg, type order by department, n) as message from offers) as counted
    where offers.department = counted.department and offers.n = counted.n""",
)

# What offices that fetch have yet to take, as small as that is; drafts and files that nobody came back for.
SIXTH: tuple[str, ...] = (
    """create index messages_offered on messages (office, created_at)
    where state = 'due' and next_at is null""",
    "create index drafts_untouched on drafts (updated_at)",
    "drop index files_unlinked",
    "create index files_unlinked on files (created_at, file) where reference is null",
    "create index notices_of_case on notices (reference) where reference is not null",
)

# What an office's officers ask for: what of its feed nobody has opened yet, and what it has done, the latest first;
# what is granted stands there from its grant on, whether or not it was handed over.
SEVENTH: tuple[str, ...] = (
    "create index offers_untaken on offers (department, n) where taken_at is null",
    "drop index legs_closed",
    """create index legs_done on legs (office, since, reference, leg)
    where (closed_at is not null or state = 'granted')""",
)

# What applicants think of how they were served, and what was done about it (`store/ratings.py`); and whether an ended
# case was decided in time (`store/endings.py`), which the sweep notes; its indexes hold only what it has to do.
EIGHTH: tuple[str, ...] = (
    """create table ratings (reference {text} not null references cases, leg {text} not null, bundle {text} not null,
    office {text} not null, level {int} not null, at {text} not null, body {blob}, due_at {text}, fixed_at {text},
    fix {blob}, called_at {text}, call {blob}, primary key (reference, leg)){strict}""",
    """create index ratings_owed on ratings (due_at, reference, leg)
    where due_at is not null and (fixed_at is null or called_at is null)""",
    "alter table cases add column ended_as {text}",
    "create index cases_unjudged on cases (closed_at, reference) where closed_at is not null and ended_as is null",
    "create index cases_reopened on cases (reference) where closed_at is null and ended_as is not null",
)

# What was made for what never came is gone: who held a case was never asked for, a calendar is read from its file, and
# the audit log is asked by time. Lists that grow with what is open are read from their indexes, page by page, those of
# one office too; what an office has yet to take is told by its messages, so that what was cancelled or overtaken is
# not passed over at each look for ever.
NINTH: tuple[str, ...] = (
    # Its column stays, always empty: SQLite would write every case anew to take one byte from each, and a host that
    # still has the version before names it when it files.
    "drop index cases_of_holder",
    "drop table publications",
    "drop table calendar_years",
    "drop index audit_of_target",
    "create index audit_by_time on audit (at, n)",
    "drop index offers_untaken",
    "drop index messages_offered",
    """create index messages_offered on messages (office, created_at, reference, leg, type, n)
    where state = 'due' and next_at is null""",
    "drop index messages_troubled",
    """create index messages_troubled on messages (created_at, reference, leg, type, n, state, office)
    where (state = 'stuck' or state = 'unknown' or state = 'refused')""",
    "drop index messages_retried",
    """create index messages_retried on messages (created_at, reference, leg, type, n, office)
    where state = 'due' and attempts > 0""",
    "drop index legs_yellow",
    """create index legs_yellow on legs (yellow_at, reference, leg, due_at, office)
    where (state = 'received' or state = 'accepted' or state = 'in_review' or state = 'supplemented')
    and yellow_at is not null""",
    "drop index legs_due",
    """create index legs_due on legs (due_at, reference, leg, office)
    where (state = 'received' or state = 'accepted' or state = 'in_review' or state = 'supplemented')
    and due_at is not null""",
    # Staff among a hundred times as many applicants; what a case that is erased has in the quarantine.
    "create index accounts_of_staff on accounts (role, created_at, account) where role <> 'applicant'",
    "create index quarantine_of_case on quarantine (reference) where reference is not null",
    # Each night it is asked which cases ended before a day and are not erased yet; to look through them all would read
    # what was filed with each.
    "create index cases_unerased on cases (closed_at, reference) where closed_at is not null and subject <> ''",
    "create index consents_taken_back on consents (reference) where withdrawn_at is not null",
    # Whose plan a plan is: it goes with the last case that was filed with it (`store/erasure.py`).
    "create index cases_of_plan on cases (plan)",
    # What one person may still add: of drafts by what of theirs is not filed yet, of files by what they hold. An index
    # of files by owner would cost every filing a tenth, for it takes each of its papers out.
    "create index drafts_open on drafts (subject, draft) where submitted_as is null",
    "create table holdings (owner {text} primary key, bytes {int} not null){strict}",
    """insert into holdings (owner, bytes) select owner, sum(size + 4096) from files
    where reference is null and owner <> '' group by owner""",
)

# Identities of the city's platform and the accounts they open; of a session the platform's own name for the sign-in it
# came by, so that signing out there ends it here; marks of what may be used once.
TENTH: tuple[str, ...] = (
    """create table identities (identity {text} primary key, account {text} not null, body {blob} not null,
    bound_at {text} not null, seen_at {text} not null){strict}""",
    "create index identities_of_account on identities (account)",
    "alter table sessions add column via {text}",
    "create index sessions_via on sessions (via) where via is not null",
    "create table spent (mark {text} primary key, until {text} not null){strict}",
    "create index spent_over on spent (until)",
)

# Who may act for whom (`store/mandates.py`), and which cases were filed so. Nothing of it is read where a person acts
# for themself. A mandate goes some time after its end, unless a case still stands under it.
ELEVENTH: tuple[str, ...] = (
    """create table mandates (mandate {text} primary key, principal {text} not null, agent {text} not null,
    valid_from {text} not null, valid_until {text} not null, given_at {text} not null, revoked_at {text},
    body {blob} not null){strict}""",
    "create index mandates_between on mandates (principal, agent) where revoked_at is null",
    "create index mandates_of_principal on mandates (principal, given_at, mandate)",
    "create index mandates_of_agent on mandates (agent, given_at, mandate)",
    "create index mandates_ended on mandates (valid_until)",
    """create table mandate_codes (agent {text} primary key, code {text} not null unique,
    expires_at {text} not null){strict}""",
    """create table agencies (reference {text} primary key references cases, bundle {text} not null,
    mandate {text} not null, agent {text} not null, filed_at {text} not null, code {blob} not null){strict}""",
    "create index agencies_of_agent on agencies (agent, filed_at, reference)",
    "create index agencies_under on agencies (mandate)",
)

# What applicants are told: which cases moved since they were told of them, noted by the sealer and gone once it is
# looked at; the news of each person; what leaves for one of them at once through the city's message gateway; and what a
# person wants to be told.
TWELFTH: tuple[str, ...] = (
    "create table moved (reference {text} primary key, since {int} not null, n {int} not null){strict}",
    """create table news (reference {text} not null references cases, key {text} not null, subject {text} not null,
    bundle {text} not null, kind {text} not null, leg {text} not null, about {text} not null, text {text} not null,
    until {text}, at {text} not null, read_at {text}, tell_at {text}, remind_at {text}, bulletin {text},
    primary key (reference, key)){strict}""",
    "create index news_of_subject on news (subject, at, reference, key)",
    "create index news_unread on news (subject) where read_at is null",
    "create index news_to_tell on news (tell_at, subject) where tell_at is not null",
    "create index news_to_remind on news (remind_at, reference, key) where remind_at is not null",
    "create index news_of_bulletin on news (bulletin) where bulletin is not null",
    """create table bulletins (bulletin {text} primary key, subject {text} not null, state {text} not null,
    created_at {text} not null, next_at {text}, attempts {int} not null, token {int} not null, body {blob},
    detail {text} not null, settled_at {text}){strict}""",
    "create index bulletins_due on bulletins (next_at, bulletin) where next_at is not null",
    """create index bulletins_troubled on bulletins (created_at, bulletin)
    where (state = 'stuck' or state = 'refused')""",
    # What departments ask just now was told by nobody, and is not told any more; but the end of its limit is.
    """insert into moved (reference, since, n) select distinct legs.reference, heads.n, heads.n from legs
    join heads on heads.chain = legs.reference where legs.closed_at is null and legs.next_actor = 'applicant'""",
    """create table preferences (subject {text} primary key, filed {int} not null, body {blob} not null){strict}""",
)

# An agent's mandates in force among thousands that are over; who has not signed in for long; and what happened since a
# moment, for whoever exports that alone: what is sealed, tried, and said in ratings, by time.
THIRTEENTH: tuple[str, ...] = (
    "create index mandates_standing on mandates (agent, valid_until, mandate) where revoked_at is null",
    "create index identities_seen on identities (seen_at, identity)",
    "create index seals_by_time on seals (at, n)",
    "create index attempts_by_end on attempts (ended_at, reference)",
    "create index ratings_by_time on ratings (at, reference)",
    "create index ratings_fixed on ratings (fixed_at, reference) where fixed_at is not null",
    "create index ratings_called on ratings (called_at, reference) where called_at is not null",
    "create index consents_by_end on consents (withdrawn_at, reference) where withdrawn_at is not null",
)

# What a report of a period is added up of: every day by itself (`store/days.py`), which is counted by what was filed,
# decided and ended on it. A day whose `counted_at` is empty is to be counted again as soon as may be.
FOURTEENTH: tuple[str, ...] = (
    """create table days (day {text} primary key, counted_at {text} not null, counted_by {text} not null,
    cases {int} not null, body {blob} not null){strict}""",
    "create index cases_closed on cases (closed_at, reference) where closed_at is not null",
    """create index events_decided on events (at, reference) where (type = 'leg.granted' or type = 'leg.refused'
    or type = 'leg.not_accepted' or type = 'leg.delivered' or type = 'leg.corrected')""",
)

# Who must agree before somebody else files (`store/agreements.py`): one for each draft and role. It goes with the
# draft, or with the case that the draft became.
FIFTEENTH: tuple[str, ...] = (
    """create table agreements (agreement {text} primary key, draft {text} not null, role {text} not null,
    owner {text} not null, party {text}, state {text} not null, code {text} unique, expires_at {text}, digest {text},
    body {blob} not null, made_at {text} not null, said_at {text}, reference {text} references cases){strict}""",
    "create unique index agreements_of_draft on agreements (draft, role)",
    "create index agreements_of_party on agreements (party, made_at, agreement) where party is not null",
    "create index agreements_of_case on agreements (reference) where reference is not null",
)

# When the chains were last walked, by whom, and what came out (`store/chains/`). When an applicant last came,
# however they sign in, and that an account was erased of which cases still tell by its id.
SIXTEENTH: tuple[str, ...] = (
    """create table verifications (at {text} not null, actor {text} not null, holds {int} not null,
    chains {int} not null, entries {int} not null, erased {int} not null, seals {int} not null, outside {int},
    first_bad {text}, primary key (at, actor)){strict}""",
    "alter table accounts add column seen_at {text}",
    "alter table accounts add column erased_at {text}",
    """update accounts set seen_at = (select max(seen_at) from identities where identities.account = accounts.account)
    where role = 'applicant'""",
    "create index accounts_seen on accounts (seen_at, account) where role = 'applicant'",
    "drop index identities_seen",
)

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

# Files that no virus scanner has cleared (`store/uploads/uncleared.py`).
EIGHTEENTH: tuple[str, ...] = (
    """create table uncleared (file {text} primary key, state {text} not null, since {text} not null, next_at {text},
    tries {int} not null, detail {text} not null){strict}""",
    "create index uncleared_next on uncleared (next_at, file) where next_at is not null",
)

# What was erased, closed and taken back, in its order: it is written into the journal (`store/copies/journal.py`).
NINETEENTH: tuple[str, ...] = (
    """create index audit_taken_away on audit (n) where (action = 'case.erase' or action = 'account.erase'
    or action = 'account.disable' or action = 'account.enable' or action = 'account.reset-factor'
    or action = 'account.unbind' or action = 'token.revoke' or action = 'mandate.revoke' or action = 'draft.drop'
    or action = 'store.redone')""",
)

# When an operator had done what an infected file called for.
TWENTIETH: tuple[str, ...] = ("alter table uncleared add column seen_at {text}",)

# When a person last had a message sent again: asked at each attempt of one that is old. And what nobody reads: an index
# to which every filing wrote, and two columns that were always 0.
TWENTY_FIRST: tuple[str, ...] = (
    "create index audit_retried on audit (target, n) where action = 'retry'",
    "drop index consents_of_subject",
    # A host that still has the version before fails to note a lane until it finds itself behind, at its next sweep;
    # it loses nothing by that, and the table is small.
    "alter table lanes drop column paused",
    "alter table lanes drop column probing",
    # What everybody holds, anew: what they named to one case a second time was taken off a second time.
    "delete from holdings",
    """insert into holdings (owner, bytes) select owner, sum(size + 4096) from files
    where reference is null and owner <> '' and substr(owner, 1, 9) <> 'infected:' group by owner""",
)

# From when a leg has stood still for too long (`cases/stalled.py`).
TWENTY_SECOND: tuple[str, ...] = (
    "alter table legs add column stalls_at {text}",
    "create index legs_stalled on legs (stalls_at, reference, leg, office) where stalls_at is not null",
)

# Whom clerks at counters attended to (`store/visits/`), what was filed so, and whose account a person's number is of.
TWENTY_THIRD: tuple[str, ...] = (
    """create table visits (visit {text} primary key, clerk {text} not null, counter {text} not null,
    subject {text} not null, session {text} unique, opened_at {text} not null, until {text} not null, ended_at {text},
    how {text}, body {blob} not null){strict}""",
    "create index visits_by_time on visits (opened_at, visit)",
    "create index visits_of_person on visits (subject, opened_at)",
    """create table visit_cases (reference {text} primary key references cases, counter {text} not null,
    visit {text} not null, filed_at {text} not null){strict}""",
    "create index visit_cases_of_counter on visit_cases (counter, filed_at, reference)",
    "create index visit_cases_of_visit on visit_cases (visit)",
    """create table known_numbers (mark {text} not null, account {text} not null,
    primary key (mark, account)){strict}""",
    "create index known_numbers_of_account on known_numbers (account)",
)

# Which officers want to hear of work.
TWENTY_FIFTH: tuple[str, ...] = (
    """create table bells (account {text} primary key references accounts, office {text} not null,
    look_at {text} not null, told_at {text}, body {blob} not null){strict}""",
    "create index bells_to_look on bells (look_at, account)",
    "create index bells_of_office on bells (office)",
)

# Every layout by its name, which each store notes once it has it: none is ever renamed, moved or changed.
LAYOUTS: Mapping[str, tuple[str, ...]] = {
    "0001_first": FIRST,
    "0002_watched": SECOND,
    "0003_frozen_together": THIRD,
    "0004_tried_before_first": FOURTH,
    "0005_offers_name_their_message": FIFTH,
    "0006_what_waits_is_found": SIXTH,
    "0007_for_officers": SEVENTH,
    "0008_ratings": EIGHTH,
    "0009_lists_of_what_is_open": NINTH,
    "0010_identities_of_the_platform": TENTH,
    "0011_mandates": ELEVENTH,
    "0012_news": TWELFTH,
    "0013_what_happened_since": THIRTEENTH,
    "0014_days_of_reports": FOURTEENTH,
    "0015_agreements": FIFTEENTH,
    "0016_who_looked_and_who_came": SIXTEENTH,
    "0017_second_factors": SEVENTEENTH,
    "0018_files_not_cleared": EIGHTEENTH,
    "0019_what_was_taken_away": NINETEENTH,
    "0020_infected_files_seen": TWENTIETH,
    "0021_found_at_once": TWENTY_FIRST,
    "0022_what_stands_still": TWENTY_SECOND,
    "0023_visits_at_counters": TWENTY_THIRD,
    "0024_asked_beside": ASKED_BESIDE,
    "0025_bells_of_officers": TWENTY_FIFTH,
}
