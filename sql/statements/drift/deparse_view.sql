-- A view's query as deparsed by this server; it comes from a server of another version, which deparses differently.
-- The query is passed in the setting chatctl.query; the view is removed by rolling back the transaction.
do $$
begin
  execute 'create temporary view chatctl_view as ' || current_setting('chatctl.query');
end
$$;
select pg_get_viewdef('pg_temp.chatctl_view'::regclass) as query;
