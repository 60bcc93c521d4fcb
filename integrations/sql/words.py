"""Words of SQL: those that are grammar, those that are refused, and functions that are known to look alone."""

from __future__ import annotations


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Before a parenthesis, and no function.
GRAMMAR = _words(
    """
    all and any array as asc between by case cast check conflict desc distinct do else end except exists extract
    filter from group having in inner insert intersect interval into is join key lateral left like ilike limit
    materialized not nothing of offset on only or order outer over partition returning right row rows select set
    share similar some table then to union update using values when where window with within text varchar char
    character numeric decimal timestamp timestamptz time bit
    """
)
# They look at the data and at the server's own counters, and at nothing else. All are in PostgreSQL's pg_catalog or in
# SQLite's core: https://www.postgresql.org/docs/current/functions.html, https://www.sqlite.org/lang_corefunc.html
LOOKING = _words(
    """
    abs age array_agg array_length array_to_string avg bool_and bool_or btrim cardinality ceil ceiling
    char_length coalesce concat concat_ws count cume_dist current_catalog current_database current_date
    current_schema current_setting current_time current_timestamp current_user date date_bin date_part
    date_trunc datetime dense_rank exp extract first_value floor format_type generate_series greatest
    group_concat hex ifnull iif initcap instr json_agg json_array_length json_extract json_object_agg jsonb_agg
    jsonb_array_length jsonb_extract_path jsonb_extract_path_text julianday justify_interval lag last_value lead
    least left length ln localtimestamp log lower lpad ltrim make_date make_interval make_timestamp max md5 min
    mod mode now nth_value ntile nullif obj_description octet_length overlay percent_rank percentile_cont
    percentile_disc pg_backend_pid pg_blocking_pids pg_column_size pg_current_wal_lsn pg_database_size
    pg_get_constraintdef pg_get_expr pg_get_indexdef pg_get_viewdef pg_index_size pg_indexes_size
    pg_is_in_recovery pg_last_wal_receive_lsn pg_last_wal_replay_lsn pg_last_xact_replay_timestamp
    pg_postmaster_start_time pg_relation_size pg_size_pretty pg_stat_get_activity pg_table_is_visible
    pg_table_size pg_tablespace_size pg_total_relation_size pg_typeof pg_wal_lsn_diff position power quote_ident
    quote_literal rank regexp_match regexp_replace replace reverse right round row_number row_to_json rpad rtrim
    sign split_part sqrt starts_with statement_timestamp stddev strftime string_agg strpos substr substring sum
    time to_char to_date to_json to_jsonb to_number to_timestamp total transaction_timestamp trim trunc typeof
    unicode unixepoch unnest upper variance version width_bucket
    """
)
FORBIDDEN = _words(
    """
    alter analyze attach begin call checkpoint cluster comment commit copy create deallocate declare detach
    discard do drop execute explain fetch grant import listen load lock merge move notify pragma prepare
    reassign refresh reindex release reset revoke rollback savepoint security show start truncate unlisten
    vacuum
    """
)
# They end connections and queries at once, whatever becomes of the rest.
ENDING = frozenset({"pg_terminate_backend", "pg_cancel_backend"})
