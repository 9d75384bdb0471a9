-- Rows of the bucket without bytes behind them, as a seed without Storage makes them.
--   names  text[]
delete from storage.objects o
where o.bucket_id = 'attachments' and o.name = any (%(names)s::text[]);
