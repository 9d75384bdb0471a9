-- Tenants, the people in them, and the schema for what the API must not reach.

create schema if not exists private;

create table public.user_profiles (
  id uuid primary key references auth.users (id) on delete cascade,
  email text,
  full_name text,
  avatar_url text,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint user_profiles_full_name_length check (char_length(full_name) <= 255),
  constraint user_profiles_avatar_url_length check (char_length(avatar_url) <= 2048)
);
alter table public.user_profiles enable row level security;

create table public.organizations (
  id uuid primary key default gen_random_uuid(),
  name text not null,
  slug text not null unique,
  created_at timestamptz not null default now(),
  constraint organizations_name check (char_length(btrim(name)) between 1 and 255),
  constraint organizations_slug check (slug ~ '^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$')
);
alter table public.organizations enable row level security;

create table public.organization_members (
  organization_id uuid not null references public.organizations (id) on delete cascade,
  user_id uuid not null references public.user_profiles (id) on delete cascade,
  role text not null default 'member',
  joined_at timestamptz not null default now(),
  primary key (organization_id, user_id),
  constraint organization_members_role check (role in ('owner', 'admin', 'member'))
);
alter table public.organization_members enable row level security;

-- "My organizations", and the oldest of them as the default one.
create index organization_members_user on public.organization_members (user_id, joined_at, organization_id);
