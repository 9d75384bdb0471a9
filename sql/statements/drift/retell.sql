-- A view's query in this server's words; it was read from a server of another version, whose words differ.
-- The query comes in the setting chatctl.query, and the view goes when the transaction is rolled back.
do $$
begin
  execute 'create temporary view chatctl_told as ' || current_setting('chatctl.query');
end
$$;
select pg_get_viewdef('pg_temp.chatctl_told'::regclass) as told;
