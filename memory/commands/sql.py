"""SQL statements: by their first word, and by what may change something within a reading one."""

from __future__ import annotations

import re
from collections.abc import Iterator

from bot.domain.remembered import CommandRisk
from memory.commands.programs import words

_READS = words(
    """
    select show explain describe desc table values with fetch declare use help status begin start commit
    end rollback savepoint release prepare deallocate close listen unlisten discard
    """
)
_CHANGES = words(
    """
    insert update delete merge replace upsert truncate create alter drop rename grant revoke vacuum
    analyze analyse reindex cluster refresh copy lock call do set reset kill comment security import
    load handler optimize repair notify execute checkpoint reassign flush purge change shutdown
    """
)
_WITHIN = re.compile(
    r"\b(insert\s+into|update\s+\w[\w.\"]*\s+set|delete\s+from|truncate\s+|drop\s+(table|index|database|schema|role)|"
    r"alter\s+(table|index|system|role|database)|create\s+(table|index|role|database|unique)|for\s+update|"
    r"pg_terminate_backend|pg_cancel_backend|pg_reload_conf|pg_rotate_logfile|pg_promote|pg_switch_wal|pg_switch_xlog|"
    r"pg_create_restore_point|pg_drop_replication_slot|pg_create_\w*replication_slot|pg_replication_slot_advance|"
    r"pg_stat_reset\w*|pg_stat_statements_reset|pg_wal_replay_pause|pg_wal_replay_resume|pg_xlog_replay_\w+|"
    r"pg_(advisory|try_advisory)\w*lock\w*|setval|nextval|set_config|lo_unlink|lo_import|dblink_exec|"
    r"pg_repack\w*|pg_prewarm|pg_start_backup|pg_stop_backup|pg_backup_start|pg_backup_stop)\b",
    re.IGNORECASE,
)
_INTO = re.compile(r"\bselect\b.*\binto\s+(?!@)(temp|table|unlogged|outfile|dumpfile|\w)", re.IGNORECASE | re.DOTALL)
# psql's own: \d, \l, \x ... only show; \copy, \!, \i and \o touch other things.
_META_READS = re.compile(
    r"\\(d\w*\+?|l\+?|x|timing|conninfo|z|sf|sv|echo|pset|a|t|q|h|\?|watch|c|connect|g|gx|set|unset)\b"
)
_COMMENT = re.compile(r"--[^\n]*|/\*.*?\*/", re.DOTALL)
_STRING = re.compile(r"'(?:[^']|'')*'|\$\$.*?\$\$", re.DOTALL)
_ORDER = (CommandRisk.READ, CommandRisk.UNKNOWN, CommandRisk.MUTATING)


def sql_risk(text: str) -> CommandRisk:
    """Of the worst of the statements in `text`; unknown where there is none."""
    found = [_one(statement) for statement in statements(text)]
    return max(found, key=_ORDER.index, default=CommandRisk.UNKNOWN)


def is_sql(text: str) -> bool:
    """Whether it begins like a statement, not like a word of prose or a program."""
    bare = _COMMENT.sub(" ", text).strip().lower()
    first = re.match(r"[a-z]+", bare)
    if first is None or first.group() not in _READS | _CHANGES:
        return False
    starts = (
        r"(select|with|explain|insert\s+into|update\s+\S+\s+set|delete\s+from|"
        r"(create|alter|drop)\s+(or\s+replace\s+)?(unique\s+)?(table|index|view|database|schema|user|role|function|trigger|"
        r"extension|sequence|type|materialized|publication|subscription|system|tablespace)|truncate|grant|revoke|"
        r"vacuum|analyze|reindex|show|begin|commit|rollback|set\s+\S+\s*(=|to)|copy|lock\s+table|table|kill|call|do)\b"
    )
    return re.match(starts, bare) is not None and (bare.endswith(";") or " " in bare)


def statements(text: str) -> Iterator[str]:
    """At semicolons outside of texts and comments; psql's own commands line by line."""
    masked = _STRING.sub(lambda m: m.group().replace(";", ","), text)
    masked = _COMMENT.sub(
        lambda m: " " * len(m.group()) if "\n" not in m.group() else m.group().replace(";", ","), masked
    )
    start = 0
    for end in [*(m.start() for m in re.finditer(r";|\n(?=\s*\\[a-z?!])|(?<=\S)\n(?=\s*\n)", masked)), len(masked)]:
        if (part := text[start:end].strip().strip(";").strip()) and _COMMENT.sub("", part).strip():
            yield part
        start = end


def _one(statement: str) -> CommandRisk:
    bare = _COMMENT.sub(" ", statement).strip()
    if bare.startswith("\\"):
        return CommandRisk.READ if _META_READS.match(bare) else CommandRisk.MUTATING
    without_texts = _STRING.sub("''", bare)
    first = next(iter(re.findall(r"[a-z_]+", without_texts.lower()[:200])), "")
    if first == "explain":  # ANALYZE runs the statement
        runs = re.search(r"\banaly[sz]e\b", without_texts.lower()) is not None
        return (
            _one(re.sub(r"(?is)^explain\s*(\([^)]*\)|(analy[sz]e|verbose|extended)\s*)*", "", bare))
            if runs
            else CommandRisk.READ
        )
    if first in _CHANGES:
        harmless = first == "set" and re.match(
            r"(?i)set\s+(local\s+|session\s+)?(statement_timeout|lock_timeout|role|search_path|transaction|"
            r"client_encoding|timezone|work_mem)\b",
            bare,
        )
        return CommandRisk.READ if harmless else CommandRisk.MUTATING
    if _WITHIN.search(without_texts) or _INTO.search(without_texts):
        return CommandRisk.MUTATING
    return CommandRisk.READ if first in _READS else CommandRisk.UNKNOWN
