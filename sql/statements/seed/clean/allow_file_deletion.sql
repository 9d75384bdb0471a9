-- Storage rejects deleting its rows with SQL unless this setting allows it in the transaction.
select set_config('storage.allow_delete_query', 'true', true);
