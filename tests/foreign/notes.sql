-- A notes app without objects of chatctl or Supabase: it has its own roles, settings, schemas and names.
-- Created by a superuser in an empty database.
create role app_guest;
create role app_user;
create role app_admin bypassrls;
create role app_login login noinherit;
create role app_owner;
grant app_guest, app_user, app_admin to app_login;

create schema app authorization app_owner;
create schema inner_parts authorization app_owner;
revoke all on schema public from public;
set role app_owner;
alter default privileges revoke execute on functions from public;
grant usage on schema app to app_guest, app_user, app_admin;
grant usage on schema inner_parts to app_user, app_admin;

create type app.access_level as enum ('read', 'write');

-- The caller, from a setting that contains only an id.
create function inner_parts.me() returns uuid language sql stable set search_path = ''
return case
  when current_setting('app.user_id', true) ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'
  then current_setting('app.user_id', true)::uuid
end;
grant execute on function inner_parts.me() to app_user;

create table app.people (
  id uuid primary key,
  "displayName" varchar(40) not null
);

-- Logins of a person. The table has the same name as one of the audit.
create table app.identities (
  number bigint generated always as identity primary key,
  person uuid not null references app.people,
  provider text not null default 'mail'
);
create index on app.identities (person);

-- The client chooses the name: the answer reveals whether a name is taken.
create table app.probes (
  name text primary key,
  maker uuid not null references app.people
);
create index on app.probes (maker);

create table app."Lists" (
  owner uuid not null references app.people,
  "Slug" text not null,
  title text not null,
  first_item integer,
  primary key (owner, "Slug")
);

create table app."to do" (
  owner uuid not null,
  list text not null,
  "No." integer not null,
  "it's ""done""?" boolean not null default false,
  what text not null,
  primary key (owner, list, "No."),
  foreign key (owner, list) references app."Lists" on delete cascade
);
-- A list and its first item are created together, in either order.
alter table app."Lists" add constraint "first item" foreign key (owner, "Slug", first_item)
  references app."to do" (owner, list, "No.") on delete set null (first_item) deferrable initially deferred;
create index on app."Lists" (owner, "Slug", first_item);

create table app.readers (
  owner uuid not null,
  list text not null,
  reader uuid not null references app.people,
  level app.access_level not null default 'read',
  primary key (owner, list, reader),
  foreign key (owner, list) references app."Lists" on delete cascade
);
create index on app.readers (reader);

create table app.journal (
  id uuid not null,
  day date not null,
  author uuid not null references app.people,
  entry text not null,
  primary key (id, day)
) partition by range (day);
create table app.journal_old partition of app.journal for values from (minvalue) to ('2020-01-01');
create table app.journal_new partition of app.journal for values from ('2020-01-01') to (maxvalue);
create index on app.journal (author);

-- Bypasses the policies of readers and lists, which would call each other without end.
create function inner_parts.level_of(p_owner uuid, p_list text) returns app.access_level
language sql stable security definer set search_path = ''
return (
  select r.level from app.readers r
  where (r.owner, r.list, r.reader) = (p_owner, p_list, inner_parts.me())
);
grant execute on function inner_parts.level_of(uuid, text) to app_user;

alter table app.people enable row level security;
alter table app.identities enable row level security;
alter table app.probes enable row level security;
alter table app."Lists" enable row level security;
alter table app."to do" enable row level security;
alter table app.readers enable row level security;
alter table app.journal enable row level security;
alter table app.journal_old enable row level security;
alter table app.journal_new enable row level security;

create policy mine on app.people for all to app_user
  using (id = (select inner_parts.me())) with check (id = (select inner_parts.me()));
create policy mine on app.identities for select to app_user using (person = (select inner_parts.me()));
create policy mine on app.probes for all to app_user
  using (maker = (select inner_parts.me())) with check (maker = (select inner_parts.me()));
create policy "my lists" on app."Lists" for all to app_user
  using (owner = (select inner_parts.me())) with check (owner = (select inner_parts.me()));
create policy "shared lists" on app."Lists" for select to app_user
  using (inner_parts.level_of(owner, "Slug") is not null);
create policy "my items" on app."to do" for all to app_user
  using (owner = (select inner_parts.me())) with check (owner = (select inner_parts.me()));
create policy "shared items" on app."to do" for select to app_user
  using (inner_parts.level_of(owner, list) is not null);
create policy "written items" on app."to do" for update to app_user
  using (inner_parts.level_of(owner, list) = 'write') with check (inner_parts.level_of(owner, list) = 'write');
create policy mine on app.readers for select to app_user
  using (reader = (select inner_parts.me()) or owner = (select inner_parts.me()));
create policy mine on app.journal for all to app_user
  using (author = (select inner_parts.me())) with check (author = (select inner_parts.me()));

-- Shows callers their own rows, with the privileges of its owner.
create view app."my lists" with (security_barrier) as
select l.owner, l."Slug", count(t.*) as items
from app."Lists" l left join app."to do" t on (t.owner, t.list) = (l.owner, l."Slug")
where l.owner = inner_parts.me() or inner_parts.level_of(l.owner, l."Slug") is not null
group by l.owner, l."Slug";

create view app.undone with (security_invoker) as
select owner, list, "No.", what from app."to do" where not "it's ""done""?";

create function app."shareList"(p_list text, p_reader uuid, "p Level" app.access_level) returns integer
language plpgsql security definer set search_path = '' as $$
begin
  if inner_parts.me() is null or not exists (
    select from app."Lists" l where (l.owner, l."Slug") = (inner_parts.me(), p_list)
  ) then
    raise insufficient_privilege using message = 'no such list';
  end if;
  insert into app.readers (owner, list, reader, level) values (inner_parts.me(), p_list, p_reader, "p Level")
  on conflict (owner, list, reader) do update set level = excluded.level;
  return (select count(*) from app.readers r where (r.owner, r.list) = (inner_parts.me(), p_list));
end
$$;
create function app.write_entry(p_id uuid, p_day date) returns void
language sql security invoker set search_path = ''
begin atomic
  insert into app.journal (id, day, author, entry) values (p_id, p_day, inner_parts.me(), 'written');
end;
grant execute on function app."shareList"(text, uuid, app.access_level), app.write_entry(uuid, date) to app_user;

grant select, update ("displayName") on app.people to app_user;
grant select on app.identities, app.readers, app."my lists", app.undone to app_user;
grant select, insert on app.probes to app_user;
grant select, insert (owner, "Slug", title), update (title), delete on app."Lists" to app_user;
grant select, insert (owner, list, "No.", what), update ("it's ""done""?"), delete on app."to do" to app_user;
grant select, insert, update (entry), delete on app.journal to app_user;
grant select, insert, update, delete on all tables in schema app to app_admin;
grant execute on all functions in schema app, inner_parts to app_admin;
reset role;
