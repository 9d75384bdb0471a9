-- Whether there are deferrable constraints or triggers, which may run at the end of a transaction.
select exists (select from pg_catalog.pg_trigger t where t.tgdeferrable)
