-- The workroom of audit-rls: a schema that no API role can enter, gone with the transaction that makes it.
--
-- id('sender') is the uuid of whatever the fixture calls 'sender', the same in every run; `names` tells it back.
create schema chatctl_audit;
set local search_path = chatctl_audit, public, extensions;

create table chatctl_audit.names (id uuid primary key, name text not null);

create function chatctl_audit.id(p_name text)
returns uuid
language plpgsql
set search_path = ''
as $$
declare
  named uuid := md5('chatctl audit: ' || p_name)::uuid;
begin
  insert into chatctl_audit.names (id, name) values (named, p_name) on conflict do nothing;
  return named;
end
$$;

-- Who is impersonated: `actor` is the user a policy should see, null for nobody. `claims` null leaves the setting
-- of the session as it is, which before the first request is unset.
create table chatctl_audit.identities (
  position integer primary key,
  identity text not null unique,
  role text not null,
  actor uuid,
  trusted boolean not null,
  claims text
);

create table chatctl_audit.probes (
  n integer primary key,
  statement integer not null,
  identity integer not null references chatctl_audit.identities (position),
  args text[] not null,
  -- A query for one boolean, with the identity's position as $1, asked by the operator after the statement and before it is undone.
  holds text
);
