-- For --on-existing-data, after prepare.sql: chatctl_live takes a view of each table, by the name of its copy.
create schema chatctl_live;

-- It only looks, so that a query with id('group') in it may find rows by an index.
create or replace function chatctl_names.id(p_name text)
returns uuid
language plpgsql stable
set search_path = ''
as $$
begin
  return coalesce((select n.id from chatctl_audit.names n where n.name = p_name), md5('chatctl audit: ' || p_name)::uuid);
end
$$
