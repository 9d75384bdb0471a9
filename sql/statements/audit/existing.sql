-- For --on-existing-data, run after prepare.sql: chatctl_live is for a view of each table, named like its copy.
create schema chatctl_live;

-- This version does not insert and is stable, so that a query with id('group') can use an index.
create or replace function chatctl_names.id(p_name text)
returns uuid
language plpgsql stable
set search_path = ''
as $$
begin
  return coalesce((select n.id from chatctl_audit.names n where n.name = p_name), md5('chatctl audit: ' || p_name)::uuid);
end
$$
