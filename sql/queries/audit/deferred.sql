-- Whether anything may wait until the end of a transaction: constraints, and triggers that are made so.
select exists (select from pg_catalog.pg_trigger t where t.tgdeferrable)
