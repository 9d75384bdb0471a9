-- Storage refuses that its rows are deleted by SQL, unless the transaction says that this is meant.
select set_config('storage.allow_delete_query', 'true', true);
