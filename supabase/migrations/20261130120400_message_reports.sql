-- What people report to the operators, and what these make of it. See docs/operators/README.md.

-- The ids of the message are copied, so that a report of a purged message keeps its meaning. Its text is not: operators
-- read it where it is, also after its sender deleted it.
create table public.message_reports (
  id uuid primary key default gen_random_uuid(),
  message_id uuid not null,
  conversation_id uuid not null,
  organization_id uuid not null,
  sender_id uuid references public.user_profiles (id) on delete set null,
  -- Null: erased, and their comment with them.
  reporter_id uuid references public.user_profiles (id) on delete set null,
  kind text not null,
  comment text,
  status text not null default 'open',
  created_at timestamptz not null default now(),
  constraint message_reports_once unique (message_id, reporter_id),
  constraint message_reports_conversation_fkey foreign key (conversation_id, organization_id)
    references public.conversations (id, organization_id) on delete cascade,
  constraint message_reports_kind check (
    kind in ('spam', 'harassment', 'hate', 'violence', 'sexual', 'self_harm', 'illegal', 'other')
  ),
  constraint message_reports_comment check (char_length(comment) <= 1000),
  constraint message_reports_status check (status in ('open', 'claimed', 'resolved'))
);
alter table public.message_reports enable row level security;
create index message_reports_queue on public.message_reports (status, created_at, id);
create index message_reports_conversation on public.message_reports (conversation_id, organization_id);
create index message_reports_sender on public.message_reports (sender_id, created_at);
create index message_reports_reporter on public.message_reports (reporter_id, created_at);

-- Which operator holds a report, and the verdict. An open report has no row here.
create table private.report_reviews (
  report_id uuid primary key references public.message_reports (id) on delete cascade,
  claimed_by text,
  claimed_at timestamptz,
  verdict text,
  resolved_by text,
  resolved_at timestamptz,
  constraint report_reviews_verdict check (verdict in ('upheld', 'dismissed', 'duplicate')),
  constraint report_reviews_claimed check ((claimed_by is null) = (claimed_at is null)),
  constraint report_reviews_resolved check (num_nonnulls(verdict, resolved_by, resolved_at) in (0, 3)),
  constraint report_reviews_not_open check (claimed_by is not null or verdict is not null)
);

insert into private.limits (action, allowed, per, what)
values ('report', 30, '1 hour', 'messages reported');

-- A report that an operator names, for objects/moderation/reports.sql.
create type private.report_target as (
  place bigint, -- in the list of ids, from 1
  id uuid,
  message_id uuid,
  organization_id uuid,
  sender_id uuid,
  reporter_id uuid,
  status text,
  review jsonb, -- its row of private.report_reviews; null: open
  problem text -- why it cannot be acted upon: NOT_FOUND, CLAIMED or RESOLVED
);

-- chatctl:objects
-- From here on: the objects as they are with this version, applied again with every newer one. Written by
-- `chatctl migrate export`; change the files of objects/ instead.
reset all; set check_function_bodies = off;

-- The Supabase CLI's history (the first four statements are its own), and chatctl's own details: checksums, who applied
-- a version, and the objects, which have no version. Tables of an older chatctl lack some of the columns.
create schema if not exists supabase_migrations;
create table if not exists supabase_migrations.schema_migrations (version text not null primary key);
alter table supabase_migrations.schema_migrations add column if not exists statements text[];
alter table supabase_migrations.schema_migrations add column if not exists name text;
create table if not exists supabase_migrations.chatctl_migrations (
  version text primary key,
  sha256 text not null,
  applied_at timestamptz not null default now(),
  applied_by text not null default session_user,
  chatctl_version text not null,
  duration_ms integer not null
);
alter table supabase_migrations.chatctl_migrations
  add column if not exists actor text,
  add column if not exists git_revision text;
create table if not exists supabase_migrations.chatctl_objects (
  path text primary key,
  sha256 text not null,
  applied_at timestamptz not null default now(),
  applied_by text not null default session_user,
  chatctl_version text not null
);
-- drops: the statements that drop the objects of the file, for when the file is deleted.
alter table supabase_migrations.chatctl_objects
  add column if not exists drops text[] not null default '{}',
  add column if not exists actor text,
  add column if not exists git_revision text;
-- Files that run outside a transaction, from before they start until they are recorded as applied.
create table if not exists supabase_migrations.chatctl_unfinished (
  version text primary key,
  sha256 text not null,
  started_at timestamptz not null default now(),
  actor text
);

-- A table for the current object files, to determine which objects are obsolete. `drop_obsolete` drops it in the same
-- transaction.
create table supabase_migrations.chatctl_current_objects (
  path text primary key,
  sha256 text not null,
  drops text[] not null
);

insert into supabase_migrations.chatctl_current_objects (path, sha256, drops)
values ('objects/functions/refuse.sql', '5cd043dadc8d535615a6f81db136a6ce8a8807210e86f17c7153b75ce6a2c8b9', '{"revoke execute on function private.refuse(text, text, text, jsonb) from authenticated, service_role","drop function if exists private.refuse(p_sqlstate text, p_code text, p_message text, p_details jsonb)"}'::text[]);

insert into supabase_migrations.chatctl_current_objects (path, sha256, drops)
values ('objects/functions/allow_one_row.sql', '72ab59aeeb5b89a9cd3e990b5502d0a820a02593354fbb61e88821e81e2ee388', '{"drop function if exists private.restore_lock_timeout()","drop function if exists private.allow_one_row(p_sentence text)"}'::text[]);

insert into supabase_migrations.chatctl_current_objects (path, sha256, drops)
values ('objects/views/suspended.sql', '4769ce8302674cec453491cc21d5a5ce74d860d76c1da0956fea20821aa43c7b', '{"drop view if exists private.suspended"}'::text[]);

insert into supabase_migrations.chatctl_current_objects (path, sha256, drops)
values ('objects/functions/current_user_id.sql', '69912fdf5bd61efb725e06ae3cbff712165b426c335272a5a7ba3879fc3cb7e6', '{"revoke execute on function private.current_user_id() from authenticated, service_role","revoke execute on function private.claimed_user_id() from authenticated, service_role","drop function if exists private.current_user_id()","drop function if exists private.claimed_user_id()"}'::text[]);

insert into supabase_migrations.chatctl_current_objects (path, sha256, drops)
values ('objects/functions/refuse_row.sql', 'dcc66f631a6afc15f7f7346d7df10d3d3daed9415effdf5dbd5d2083088acf31', '{"drop function if exists private.refuse_row(p_table text)"}'::text[]);

insert into supabase_migrations.chatctl_current_objects (path, sha256, drops)
values ('objects/functions/api_user.sql', '9f46b5918df6e5aee6da4dec318686fa62e018e5222667e8881e35395413817d', '{"drop function if exists private.api_writer(p_table text)","drop function if exists private.api_user()"}'::text[]);

insert into supabase_migrations.chatctl_current_objects (path, sha256, drops)
values ('objects/functions/attachments_fit.sql', '67558f994329b73d1fca53325aa682e9c3bebcc600dbfeba129c19d70a80d03a', '{"revoke execute on function private.attachments_fit(jsonb) from authenticated, service_role","drop function if exists private.attachments_fit(p_attachments jsonb)"}'::text[]);

insert into supabase_migrations.chatctl_current_objects (path, sha256, drops)
values ('objects/functions/before_request.sql', 'cf9014afea37f5e40e9bb7a7843a0d3006e9442c90a6ec7af55c6d7ec8141c4e', '{"revoke execute on function chat_hooks.before_request() from anon, authenticated, service_role","drop function if exists chat_hooks.before_request()"}'::text[]);

insert into supabase_migrations.chatctl_current_objects (path, sha256, drops)
values ('objects/functions/window_entries.sql', '99312e4d2dfa127544f1b601523d8370da164546654ca6e05aed81d0698d39fd', '{"drop function if exists private.window_entries(p_at timestamptz[], p_amount bigint[], p_now timestamptz, p_per interval)"}'::text[]);

insert into supabase_migrations.chatctl_current_objects (path, sha256, drops)
values ('objects/functions/check_message_rate_limit.sql', '01fdf2e49c3916d63b9d65c7a69011d6d05a4d672612fd9d37f0a61afb0208a7', '{"revoke execute on function public.check_message_rate_limit() from authenticated, service_role","drop function if exists public.check_message_rate_limit()"}'::text[]);

insert into supabase_migrations.chatctl_current_objects (path, sha256, drops)
values ('objects/functions/refuse_limited.sql', 'fbc97c0d1a45369488f149dca3d6aec9abaf8b9729cc412ad58c9c862c44ab84', '{"revoke execute on function private.refuse_limited(text, bigint, bigint, timestamptz, text) from authenticated, service_role","drop function if exists private.refuse_limited(p_action text, p_allowed bigint, p_remaining bigint, p_reset_at timestamptz, p_message text)"}'::text[]);

insert into supabase_migrations.chatctl_current_objects (path, sha256, drops)
values ('objects/functions/count_against_limit.sql', '464898e5b9d04c5888a6a0d3888638436185c8002fc812f6a5730c6e13a591bd', '{"drop function if exists private.refuse_spent(p_user_id uuid, p_action text)","drop function if exists private.count_against_limit(p_user_id uuid, p_action text, p_amount bigint)"}'::text[]);

insert into supabase_migrations.chatctl_current_objects (path, sha256, drops)
values ('objects/views/my_participations.sql', '94029c1b12edebac067ec09b2f67f19d9b8ed8a22a570b1d0ec74c99bfaef098', '{"revoke select on private.my_participations from authenticated","drop view if exists private.my_participations","drop view if exists private.participations"}'::text[]);

insert into supabase_migrations.chatctl_current_objects (path, sha256, drops)
values ('objects/functions/refuse_full_window.sql', '0663bb16a733a721258369a3ee087e2792142f12480e01fc46a19896afb7b24c', '{"drop function if exists private.refuse_full_window(p_sent timestamptz[])"}'::text[]);

insert into supabase_migrations.chatctl_current_objects (path, sha256, drops)
values ('objects/functions/refuse_to_wait.sql', '3dcd0a144c613182306b9f611548cb261c604e8bb37a106315288bdab85297c3', '{"drop function if exists private.refuse_to_wait()"}'::text[]);

insert into supabase_migrations.chatctl_current_objects (path, sha256, drops)
values ('objects/triggers/mutes_changed.sql', '25a20e003b88962d92f51ee09bd4f8eb3d979e1fa3441243b5827da91268ddee', '{"drop trigger if exists mutes_changed on private.mutes","drop function if exists private.mute_end(p_user_id uuid)","drop function if exists private.mutes_changed()"}'::text[]);

insert into supabase_migrations.chatctl_current_objects (path, sha256, drops)
values ('objects/functions/take_turn.sql', '10ab796a51774fb04b2c978ec8b25ec248ab897eeb77b5453548dd2befc78fd8', '{"drop function if exists private.take_turn(p_user_id uuid)"}'::text[]);

insert into supabase_migrations.chatctl_current_objects (path, sha256, drops)
values ('objects/views/muted.sql', '6dc2e2315e900d2d3404cc05a37f2189dbcd5af5283bc9a96235a7d37af8f7b9', '{"drop view if exists private.muted"}'::text[]);

insert into supabase_migrations.chatctl_current_objects (path, sha256, drops)
values ('objects/functions/refuse_muted.sql', 'e19168d90b7351a3b4e5539a0ec87360ee8738a05d60e8fa615679d3ecb6860c', '{"drop function if exists private.refuse_locked(p_conversation_id uuid)","drop function if exists private.refuse_muted(p_user_id uuid, p_organization_id uuid, p_conversation_id uuid)"}'::text[]);

insert into supabase_migrations.chatctl_current_objects (path, sha256, drops)
values ('objects/functions/count_message.sql', '8aef8d150c67d95b5a468c4f42bb95860ed9156d4b060bb5aab6ac1deb351287', '{"drop function if exists private.count_message(p_conversation_id uuid, p_organization_id uuid, p_sender_id uuid, p_noted timestamptz, p_trusted boolean)"}'::text[]);

insert into supabase_migrations.chatctl_current_objects (path, sha256, drops)
values ('objects/functions/is_trusted.sql', '0e42b83b3f003f876dc2970a8203f33457faaef51195ab82a3cdf014eddf585c', '{"revoke execute on function private.is_trusted() from authenticated, service_role","drop function if exists private.is_trusted()"}'::text[]);

insert into supabase_migrations.chatctl_current_objects (path, sha256, drops)
values ('objects/functions/require_caller.sql', '12ec8834db6f6d2b4b474dd54db103114af76e788709c782caff9f1819946d86', '{"revoke execute on function private.require_caller(uuid) from authenticated, service_role","drop function if exists private.require_caller(p_user_id uuid)"}'::text[]);

insert into supabase_migrations.chatctl_current_objects (path, sha256, drops)
values ('objects/functions/get_user_default_organization.sql', '19ab712b12e7a81ce9746217d86feb22a06a68705b5291c33650c04c497dbd8a', '{"revoke execute on function public.get_user_default_organization(uuid) from authenticated, service_role","drop function if exists public.get_user_default_organization(p_user_id uuid)"}'::text[]);

insert into supabase_migrations.chatctl_current_objects (path, sha256, drops)
values ('objects/functions/create_group_conversation.sql', 'ce749ed29638f9725253467d4b5d198afd270f8efc63fe51671b7e5d69318abb', '{"revoke execute on function public.create_group_conversation(text, uuid[], uuid) from authenticated, service_role","drop function if exists public.create_group_conversation(p_name text, p_participant_ids uuid[], p_organization_id uuid)"}'::text[]);

insert into supabase_migrations.chatctl_current_objects (path, sha256, drops)
values ('objects/functions/creator_of.sql', '5fbe0e32a8702480d2611ea4f19094eafac199913c2f7abf71604383deacca96', '{"drop function if exists private.creator_of(p_conversation_id uuid)"}'::text[]);

insert into supabase_migrations.chatctl_current_objects (path, sha256, drops)
values ('objects/functions/plain_text.sql', '2bf65851389a3cb8cc8c469eec5e189cd4568b3a5aab0ba817d590c7b00586a7', '{"drop function if exists private.plain_text(p_text text)"}'::text[]);

insert into supabase_migrations.chatctl_current_objects (path, sha256, drops)
values ('objects/functions/file_ids.sql', '3efbf2b62ff0974d44b0a1ec95ed5ec9eb811af9f1a89179687c703bc2f8d812', '{"drop function if exists private.file_ids(p_attachments jsonb)"}'::text[]);

insert into supabase_migrations.chatctl_current_objects (path, sha256, drops)
values ('objects/functions/get_conversations_with_details.sql', 'd2092ec9776ffc3531f2c99393b0cf03ee4456de7c747ade86b42c7e74f9ecb8', '{"revoke execute on function public.get_conversations_with_details(uuid) from authenticated, service_role","drop function if exists public.get_conversations_with_details(p_user_id uuid)"}'::text[]);

insert into supabase_migrations.chatctl_current_objects (path, sha256, drops)
values ('objects/functions/get_messages_page.sql', '213c3db26db86bb26b253a2286727fa06a1a867eb673e56db8bed55f2a9821a1', '{"revoke execute on function public.get_messages_page(uuid, bigint, integer) from authenticated, service_role","drop function if exists public.get_messages_page(p_conversation_id uuid, p_before bigint, p_limit integer)"}'::text[]);

insert into supabase_migrations.chatctl_current_objects (path, sha256, drops)
values ('objects/functions/get_my_restrictions.sql', '80286cdc32350cfaae1a7892ee011441036b4f71375d3610b5e20ad37b9b0013', '{"revoke execute on function public.get_my_restrictions() from authenticated, service_role","drop function if exists public.get_my_restrictions()"}'::text[]);

insert into supabase_migrations.chatctl_current_objects (path, sha256, drops)
values ('objects/functions/get_unread_count.sql', 'c8fc020063598ecd90f3816f6b9a352f4b9d6998a915f41b24ae36aba50c6444', '{"revoke execute on function public.get_unread_count(uuid, uuid) from authenticated, service_role","drop function if exists public.get_unread_count(p_conversation_id uuid, p_user_id uuid)"}'::text[]);

insert into supabase_migrations.chatctl_current_objects (path, sha256, drops)
values ('objects/functions/hide_files.sql', 'f07a8b08a1da88a918defe554058400f05223aab4df8f8e1ad144d9281aa2e3f', '{"drop function if exists private.hide_files(p_message public.messages)"}'::text[]);

insert into supabase_migrations.chatctl_current_objects (path, sha256, drops)
values ('objects/functions/hold_briefly.sql', '7f213896e2e0670d0e4d1616f82ee9571c6db25e237ed3640a6da74a0701caef', '{"drop function if exists private.wait_unhurried()","drop function if exists private.hold_briefly()"}'::text[]);

insert into supabase_migrations.chatctl_current_objects (path, sha256, drops)
values ('objects/functions/is_conversation_participant.sql', '3ba3cf477e01bafd63e9eb897a6e404f9fb96c1e56e01f7974f4fef27a1a616a', '{"revoke execute on function public.is_conversation_participant(uuid, uuid) from authenticated, service_role","drop function if exists public.is_conversation_participant(p_conversation_id uuid, p_user_id uuid)"}'::text[]);

insert into supabase_migrations.chatctl_current_objects (path, sha256, drops)
values ('objects/functions/lock_conversations.sql', '2987494267a5418e98d89ad535691b5d7b28d052916e22301211ac71a99e2ea5', '{"drop function if exists private.lock_conversations(p_conversation_ids uuid[])","drop function if exists private.lock_conversation(p_conversation_id uuid)"}'::text[]);

insert into supabase_migrations.chatctl_current_objects (path, sha256, drops)
values ('objects/functions/mark_conversation_read.sql', 'ff58e453240caaab6c954e7b89091e2b6ca73a2821f6d8fb1f15a9716388eb90', '{"revoke execute on function public.mark_conversation_read(uuid, bigint) from authenticated, service_role","drop function if exists public.mark_conversation_read(p_conversation_id uuid, p_seq bigint)"}'::text[]);

insert into supabase_migrations.chatctl_current_objects (path, sha256, drops)
values ('objects/functions/may_add.sql', 'dabdcea163c3f719d8db32486f485af62a32d4cee5b3e1c2dec9c8319e7eb6b7', '{"drop function if exists private.may_add(p_caller uuid, p_conversation_id uuid, p_user_id uuid)"}'::text[]);

insert into supabase_migrations.chatctl_current_objects (path, sha256, drops)
values ('objects/functions/refuse_message.sql', 'ffdf3b5705f6f755a560ec487565a5110419ae940116c4ab6b3a3e029d86b5bf', '{"revoke execute on function private.refuse_message(text, jsonb, jsonb) from authenticated, service_role","drop function if exists private.refuse_message(p_content text, p_attachments jsonb, p_reactions jsonb)"}'::text[]);

insert into supabase_migrations.chatctl_current_objects (path, sha256, drops)
values ('objects/functions/merge_reactions.sql', 'cda2ff990786668d6d92adff697f304277c4a451ba597d7ecf8e4a75b990e500', '{"drop function if exists private.merge_reactions(p_old jsonb, p_new jsonb, p_user_id uuid)"}'::text[]);

insert into supabase_migrations.chatctl_current_objects (path, sha256, drops)
values ('objects/functions/messages_after.sql', '307ff98d85ade973b8bf79fb27ca46cf0eccd35622282f7bb772802526a7b075', '{"drop function if exists private.messages_after(p_conversation_id uuid, p_moment timestamptz)"}'::text[]);

insert into supabase_migrations.chatctl_current_objects (path, sha256, drops)
values ('objects/functions/read_position.sql', 'c650645584e32100e6073399e431844b782f6875882c85b5d4404f39d5f786b0', '{"drop function if exists private.read_position(p_conversation_id uuid, p_user_id uuid, p_read_at timestamptz, out last_read_seq bigint, out seen_count bigint)"}'::text[]);

insert into supabase_migrations.chatctl_current_objects (path, sha256, drops)
values ('objects/functions/reading_moment.sql', '23b43b00807a9cf61d3b78f28c3ecd720a0c34f5a018f5691e2729587d629117', '{"drop function if exists private.reading_moment(p_conversation_id uuid, p_read_at timestamptz)"}'::text[]);

insert into supabase_migrations.chatctl_current_objects (path, sha256, drops)
values ('objects/functions/refuse_outsider.sql', '5b6ba54d901171e86751841c9a5f9d1b21cd4fb627b76e18105da1534698e8df', '{"drop function if exists private.refuse_outsider(p_table text, p_conversation_ids uuid[])"}'::text[]);

insert into supabase_migrations.chatctl_current_objects (path, sha256, drops)
values ('objects/functions/refuse_return.sql', '7d2085606724258504388d8c517c38274a8e996ed58f44cbd6c23d94dc17c17e', '{"drop function if exists private.refuse_return(p_conversation_id uuid, p_user_id uuid)"}'::text[]);

insert into supabase_migrations.chatctl_current_objects (path, sha256, drops)
values ('objects/functions/report_message.sql', '3fb5c49272f3f32f05a952bf84a2f7a404216c0f42243e867e3bcf7c12847494', '{"revoke execute on function public.report_message(uuid, text, text) from authenticated, service_role","drop function if exists public.report_message(p_message_id uuid, p_kind text, p_comment text)"}'::text[]);

insert into supabase_migrations.chatctl_current_objects (path, sha256, drops)
values ('objects/functions/send_message.sql', '40ee53ed37dde1afa576025b1593ce9c45fae369397aae26173b01eec19ec4b1', '{"revoke execute on function public.send_message(uuid, text, jsonb) from authenticated, service_role","drop function if exists public.send_message(p_conversation_id uuid, p_content text, p_attachments jsonb)"}'::text[]);

insert into supabase_migrations.chatctl_current_objects (path, sha256, drops)
values ('objects/functions/set_limit.sql', '2864f9510c20e36eae50cf8a441546fefa098061bc863f12c5e46858a193e408', '{"drop function if exists private.set_limit(p_action text, p_allowed bigint, p_per interval, p_actor text, p_reason text)"}'::text[]);

insert into supabase_migrations.chatctl_current_objects (path, sha256, drops)
values ('objects/functions/start_direct_conversation.sql', '237dcc60c5b703abe3b495e4702cba98a07b3b063f4d1df5d5b21bfa6b13746d', '{"revoke execute on function public.start_direct_conversation(uuid, uuid) from authenticated, service_role","drop function if exists public.start_direct_conversation(p_recipient_id uuid, p_organization_id uuid)"}'::text[]);

insert into supabase_migrations.chatctl_current_objects (path, sha256, drops)
values ('objects/functions/take_pair.sql', 'f1ffe220def25682819efee3f9fd61c1b822c4b34ceaaa65034cb7ce4d44e202', '{"drop function if exists private.take_pair(p_organization_id uuid, p_user_a uuid, p_user_b uuid)"}'::text[]);

insert into supabase_migrations.chatctl_current_objects (path, sha256, drops)
values ('objects/functions/toggle_reaction.sql', 'f9601e6b9b3c4862099c679d90e8df2a4e5cc04e3a19626c9fa1a9bda47c44db', '{"revoke execute on function public.toggle_reaction(uuid, text) from authenticated, service_role","drop function if exists public.toggle_reaction(p_message_id uuid, p_emoji text)"}'::text[]);

insert into supabase_migrations.chatctl_current_objects (path, sha256, drops)
values ('objects/functions/wait_for_participant.sql', '1d8212d03214bf85b8df3ee8a0a893f6d63d687c8c399f64c59b5d6d45cce2a1', '{"drop function if exists private.wait_for_participant(p_conversation_id uuid, p_user_id uuid)"}'::text[]);

insert into supabase_migrations.chatctl_current_objects (path, sha256, drops)
values ('objects/views/my_colleagues.sql', '323646c5d8a126470a38fc723297bd001d16fd8e2577acecab2d1deec56f28cb', '{"revoke select on private.my_colleagues from authenticated","drop view if exists private.my_colleagues"}'::text[]);

insert into supabase_migrations.chatctl_current_objects (path, sha256, drops)
values ('objects/views/my_hidden_attachments.sql', '967a2a88a12159f1ae5da1a71f4731d6a8ce7eba1b16d9e1a72c212e179c035d', '{"revoke select on private.my_hidden_attachments from authenticated","drop view if exists private.my_hidden_attachments"}'::text[]);

insert into supabase_migrations.chatctl_current_objects (path, sha256, drops)
values ('objects/views/my_listings.sql', '8137b0d188493a5c3cbd3898b3a7fa2d1845bcfe96815e1ab201fe7ec74d5d5e', '{"revoke select on private.my_listings from authenticated","drop view if exists private.my_listings"}'::text[]);

insert into supabase_migrations.chatctl_current_objects (path, sha256, drops)
values ('objects/views/my_organizations.sql', 'f529de3337ccd89806e5017547ec7b33aab3e158032ec2c41b1fd8247beff3af', '{"revoke select on private.my_organizations from authenticated","drop view if exists private.my_organizations"}'::text[]);

insert into supabase_migrations.chatctl_current_objects (path, sha256, drops)
values ('objects/views/my_writable.sql', 'fbc4179dfe787f070077616755f50666fb77e08c7327a264d5cbac23f36544be', '{"revoke select on private.my_writable from authenticated","drop view if exists private.my_writable"}'::text[]);

insert into supabase_migrations.chatctl_current_objects (path, sha256, drops)
values ('objects/triggers/conversations_checked.sql', '08657250c9a33701447257a7f58dc2f97a1c5d4bdd8e198af221e579df2d9e6d', '{"drop trigger if exists conversations_checked on public.conversations","drop function if exists private.conversations_checked()"}'::text[]);

insert into supabase_migrations.chatctl_current_objects (path, sha256, drops)
values ('objects/triggers/conversations_limited.sql', '34742f3281561bb4d271253fc99c61035da78e6349bc4832d281e39b4a6d752a', '{"drop trigger if exists conversations_changed on public.conversations","drop trigger if exists conversations_update_limited on public.conversations","drop trigger if exists conversations_insert_limited on public.conversations","drop function if exists private.conversations_changed()","drop function if exists private.conversations_limited()"}'::text[]);

insert into supabase_migrations.chatctl_current_objects (path, sha256, drops)
values ('objects/triggers/limits_changed.sql', 'ba9d87642741eb4d15bb8baf8350376e7d15fe91736e3c64661f4fe3305f9c2f', '{"drop trigger if exists limits_stay on private.limits","drop trigger if exists limits_changed on private.limits","drop function if exists private.limits_stay()","drop function if exists private.limits_changed()"}'::text[]);

insert into supabase_migrations.chatctl_current_objects (path, sha256, drops)
values ('objects/triggers/members_before_insert.sql', '920f8e9f6a58acbafae02de268f37ea8cb06ee318bd004422383f5eaa6ef4569', '{"drop trigger if exists members_before_insert on public.organization_members","drop function if exists private.members_before_insert()"}'::text[]);

insert into supabase_migrations.chatctl_current_objects (path, sha256, drops)
values ('objects/triggers/members_changed.sql', '7ca8a6823541bad5b61b67dc1446c6f004de00fa97ef492a0326640e0c2d91d3', '{"drop trigger if exists members_added on public.organization_members","drop trigger if exists members_removed on public.organization_members","drop function if exists private.members_changed()"}'::text[]);

insert into supabase_migrations.chatctl_current_objects (path, sha256, drops)
values ('objects/triggers/writes_in_turn.sql', 'df3fb9edefb4b23d2123c4ebe1289df2d4801096cf1069709e1cdd490c84f63f', '{"drop trigger if exists profiles_update_in_turn on public.user_profiles","drop trigger if exists messages_update_in_turn on public.messages","drop trigger if exists participants_delete_in_turn on public.conversation_participants","drop trigger if exists participants_update_in_turn on public.conversation_participants","drop trigger if exists participants_insert_in_turn on public.conversation_participants","drop trigger if exists conversations_update_in_turn on public.conversations","drop trigger if exists conversations_insert_in_turn on public.conversations","drop function if exists private.writes_in_turn()"}'::text[]);

insert into supabase_migrations.chatctl_current_objects (path, sha256, drops)
values ('objects/triggers/message_reports_before_insert.sql', '40b4cebc800627eca7339d1b53273da4891618646f5b36d50b6d906d9a7fb597', '{"drop trigger if exists message_reports_erased on public.message_reports","drop trigger if exists message_reports_before_insert on public.message_reports","drop trigger if exists message_reports_insert_in_turn on public.message_reports","drop function if exists private.message_reports_erased()","drop function if exists private.message_reports_before_insert()"}'::text[]);

insert into supabase_migrations.chatctl_current_objects (path, sha256, drops)
values ('objects/triggers/messages_before_insert.sql', '1d8c3ca5bfb2d7c99003cf526630f6839898de83e78807db52e251087a6a4a0c', '{"drop trigger if exists messages_before_insert on public.messages","drop function if exists private.messages_before_insert()"}'::text[]);

insert into supabase_migrations.chatctl_current_objects (path, sha256, drops)
values ('objects/triggers/messages_before_update.sql', '255d9d7a994b0f80db969b523382c56a45ba2a28eae8c5cae623a3db691cb4ab', '{"drop trigger if exists messages_before_update on public.messages","drop function if exists private.messages_before_update()"}'::text[]);

insert into supabase_migrations.chatctl_current_objects (path, sha256, drops)
values ('objects/triggers/messages_make_room.sql', '6fbaee6b1dfda803721ef3888383008c16e894383024f95efe1386bc607b469b', '{"drop trigger if exists messages_make_room on public.messages","drop function if exists private.messages_make_room()"}'::text[]);

insert into supabase_migrations.chatctl_current_objects (path, sha256, drops)
values ('objects/moderation/naming_people.sql', '49dec76af069761d9a962fb92e243ed9ffeb1a9c6dfd7b134b314929b7b876f3', '{"drop function if exists private.people_of(p_targets text[])","drop function if exists private.names_people(p_text text, p_user_ids uuid[])","drop function if exists private.is_telling_name(p_name text)","drop function if exists private.word_pattern(p_pattern text)","drop function if exists private.id_pattern(p_user_id uuid)","drop function if exists private.name_pattern(p_name text)"}'::text[]);

insert into supabase_migrations.chatctl_current_objects (path, sha256, drops)
values ('objects/moderation/log_act.sql', '7f6741f13b3007c02da0e55e25d45b4b739f84ca16d2df35fcdc9348c4725318', '{"drop function if exists private.text_hash(p_text text)","drop function if exists private.content_hash(p_message_id uuid, p_content text, p_attachments jsonb)","drop function if exists private.keyed_hash(p_values jsonb)","drop function if exists private.require_actor(p_actor text)","drop function if exists private.require_reason(p_actor text, p_reason text, p_ticket text, p_user_ids uuid[])","drop function if exists private.log_pseudonym(p_user_id uuid)","drop function if exists private.log_act(p_action text, p_targets text[], p_actor text, p_reason text, p_ticket text, p_organization_id uuid, p_details jsonb, p_job_id uuid)"}'::text[]);

insert into supabase_migrations.chatctl_current_objects (path, sha256, drops)
values ('objects/moderation/holds.sql', 'af65b0d794e1fd8a67770c2f51760aa19efdc21426dcd84530a834d38178eed1', '{"drop function if exists private.undo_hold(p_entry private.moderation_log, p_actor text, p_reason text, p_ticket text)","drop function if exists moderation.release_hold(p_name text, p_actor text, p_reason text, p_ticket text)","drop function if exists private.log_hold(p_action text, p_hold private.holds, p_actor text, p_reason text, p_ticket text)","drop function if exists moderation.create_hold(p_name text, p_actor text, p_reason text, p_ticket text, p_organization_id uuid, p_conversation_id uuid, p_user_id uuid)","drop trigger if exists holds_before_delete on private.holds","drop function if exists private.holds_before_delete()","drop view if exists private.active_holds","drop function if exists private.refuse_held(p_organization_ids uuid[], p_conversation_ids uuid[], p_sender_ids uuid[])","drop trigger if exists holds_changed on private.holds","drop function if exists private.holds_changed()","drop function if exists private.lock_holds()"}'::text[]);

insert into supabase_migrations.chatctl_current_objects (path, sha256, drops)
values ('objects/triggers/messages_recounted.sql', '1dff44b6f906f8f5d803fc1f22bd333ab8a4af961567a0f6abdb37a4e8452eb9', '{"drop trigger if exists messages_purged on public.messages","drop trigger if exists messages_deleted_or_restored on public.messages","drop function if exists private.messages_recounted()"}'::text[]);

insert into supabase_migrations.chatctl_current_objects (path, sha256, drops)
values ('objects/triggers/moderation_log_is_append_only.sql', '1ededab4d3cfa6ee915cba927081c81c75af8993657a51fd8705807373cc25f5', '{"drop trigger if exists moderation_log_is_append_only on private.moderation_log","drop function if exists private.moderation_log_is_append_only()"}'::text[]);

insert into supabase_migrations.chatctl_current_objects (path, sha256, drops)
values ('objects/triggers/participants_before_delete.sql', '62312e14ac5e7ee9c4c04009ce95e3ad73c45bae567ae9d11d63a29ceb2bb26c', '{"drop trigger if exists participants_before_delete on public.conversation_participants","drop function if exists private.participants_before_delete()"}'::text[]);

insert into supabase_migrations.chatctl_current_objects (path, sha256, drops)
values ('objects/triggers/participants_before_insert.sql', '3c97088fb5ee719035d5a30c8c5e5592757f46b3513add125b944dd6e43de59c', '{"drop trigger if exists participants_before_insert on public.conversation_participants","drop function if exists private.participants_before_insert()"}'::text[]);

insert into supabase_migrations.chatctl_current_objects (path, sha256, drops)
values ('objects/triggers/participants_before_mark.sql', '618c038e3bd6bfa93d1fe076fcabd6e3aa1171b3d62301d9984ab70a81bca6b9', '{"drop trigger if exists participants_before_mark on public.conversation_participants","drop function if exists private.participants_before_mark()"}'::text[]);

insert into supabase_migrations.chatctl_current_objects (path, sha256, drops)
values ('objects/triggers/participants_joined.sql', '5447a0a2d07c43485ed127bd5f5492e5532440630cb98b64845ed900d2c853db', '{"drop trigger if exists participants_joined on public.conversation_participants","drop function if exists private.participants_joined()"}'::text[]);

insert into supabase_migrations.chatctl_current_objects (path, sha256, drops)
values ('objects/triggers/participants_left.sql', '9d8757e51b5b904304b0ee0f87a5f7449065d13e92c05f83823b18633436a946', '{"drop trigger if exists participants_left on public.conversation_participants","drop function if exists private.participants_left()"}'::text[]);

insert into supabase_migrations.chatctl_current_objects (path, sha256, drops)
values ('objects/triggers/participants_read.sql', '1b6e6ce7ff75d4f9d37a64389e42e2f5be9dcb4a68289958c713c458953bbfaa', '{"drop trigger if exists participants_read on public.conversation_participants","drop function if exists private.participants_read()"}'::text[]);

insert into supabase_migrations.chatctl_current_objects (path, sha256, drops)
values ('objects/triggers/profiles_limited.sql', 'c3b547cfde5d52a1038e0c3ccab553042ba112e5a2598e3bb7caa7209cd5881c', '{"drop trigger if exists profiles_limited on public.user_profiles","drop function if exists private.profiles_limited()"}'::text[]);

insert into supabase_migrations.chatctl_current_objects (path, sha256, drops)
values ('objects/triggers/set_updated_at.sql', '359b91cd23c274d79f83894e7df0fd6d1647ab4c6cb91be008c1eee423340605', '{"drop trigger if exists set_user_profiles_updated_at on public.user_profiles","drop trigger if exists set_conversations_updated_at on public.conversations","drop function if exists private.set_conversations_updated_at()","drop function if exists private.set_updated_at()"}'::text[]);

insert into supabase_migrations.chatctl_current_objects (path, sha256, drops)
values ('objects/triggers/sync_profile.sql', '137791077bb46fd2995d29881d1e801e05a32c505a3a55c2fcd2de175446cfd3', '{"drop trigger if exists chat_sync_profile on auth.users","drop function if exists private.sync_profile()"}'::text[]);

insert into supabase_migrations.chatctl_current_objects (path, sha256, drops)
values ('objects/triggers/uploads_limited.sql', '723d658ecb498071e3e19866034efcfea867309972f41f544e426ba9892e50a5', '{"drop trigger if exists chat_uploads_limited on storage.objects","drop function if exists private.uploads_limited()"}'::text[]);

insert into supabase_migrations.chatctl_current_objects (path, sha256, drops)
values ('objects/triggers/users_before_delete.sql', '0f62d47446dec122c45310781b8d5e097e4b07a512db59ffd1316c113def9f07', '{"drop trigger if exists chat_users_before_delete on auth.users","drop function if exists private.conversations_of(p_user_id uuid)","drop function if exists private.users_before_delete()"}'::text[]);

insert into supabase_migrations.chatctl_current_objects (path, sha256, drops)
values ('objects/access/chat_hooks.sql', '945c7b46c261d17fbb4b9053861f7b44604985ebf8c35e7cd60d1673a679ba04', '{"revoke usage on schema chat_hooks from anon, authenticated, service_role"}'::text[]);

insert into supabase_migrations.chatctl_current_objects (path, sha256, drops)
values ('objects/access/conversation_participants.sql', '88f7e6293243a8eb3fb29f6ceae8b72bf9a643098426670ba71d39e7b57900bf',  E'{"drop policy if exists \\"people leave a group, or its creator removes them\\" on public.conversation_participants","drop policy if exists \\"participants change their own marks\\" on public.conversation_participants","drop policy if exists \\"the creator adds members of the organization\\" on public.conversation_participants","drop policy if exists \\"participants read the participants\\" on public.conversation_participants","revoke delete on public.conversation_participants from authenticated","revoke update (is_starred, is_muted, last_read_at) on public.conversation_participants from authenticated","revoke insert (conversation_id, user_id, last_read_at) on public.conversation_participants from authenticated","revoke select on public.conversation_participants from authenticated"}'::text[]);

insert into supabase_migrations.chatctl_current_objects (path, sha256, drops)
values ('objects/access/conversations.sql', '3668547fa19c613527458880916114b1b4b3663d8c88187b6334639acbc9c75d',  E'{"drop policy if exists \\"the creator names a group\\" on public.conversations","drop policy if exists \\"members start conversations as themselves\\" on public.conversations","drop policy if exists \\"participants read their conversations\\" on public.conversations","revoke update (name, updated_at) on public.conversations from authenticated","revoke insert (organization_id, name, is_group, created_by) on public.conversations from authenticated","revoke select on public.conversations from authenticated"}'::text[]);

insert into supabase_migrations.chatctl_current_objects (path, sha256, drops)
values ('objects/access/message_reports.sql', 'beaae4aa4559f3cf69555c0c21a85eeb31ad20c992f85dc1f1f164ff7b7a1e9a',  E'{"drop policy if exists \\"participants report messages as themselves\\" on public.message_reports","drop policy if exists \\"people read their own reports\\" on public.message_reports","revoke insert (message_id, reporter_id, kind, comment) on public.message_reports from authenticated","revoke select on public.message_reports from authenticated"}'::text[]);

insert into supabase_migrations.chatctl_current_objects (path, sha256, drops)
values ('objects/access/messages.sql', 'ab75dc1e12559e791dff59ee528bd2954e83dc36ddc424006974ce6a8a78c365',  E'{"drop policy if exists \\"participants update messages\\" on public.messages","drop policy if exists \\"participants send as themselves\\" on public.messages","drop policy if exists \\"participants read messages\\" on public.messages","revoke update (content, reactions, deleted_at) on public.messages from authenticated","revoke insert (organization_id, conversation_id, sender_id, content, attachments, reactions) on public.messages from authenticated","revoke select on public.messages from authenticated"}'::text[]);

insert into supabase_migrations.chatctl_current_objects (path, sha256, drops)
values ('objects/access/organization_members.sql', '3117e85c6a2c48133cc27df20d9fa95ee16ecb2295767d548111644c563bf237',  E'{"drop policy if exists \\"members read the members of their organizations\\" on public.organization_members","revoke select on public.organization_members from authenticated"}'::text[]);

insert into supabase_migrations.chatctl_current_objects (path, sha256, drops)
values ('objects/access/organizations.sql', 'f9bcd6ed2c222c339381807e4b8b2e8778ad80cb04b2f283aab7eae25e8d4600',  E'{"drop policy if exists \\"members read their organizations\\" on public.organizations","revoke select on public.organizations from authenticated"}'::text[]);

insert into supabase_migrations.chatctl_current_objects (path, sha256, drops)
values ('objects/access/private.sql', '97b738a526ca23d7236a6e8e94110217883defa9147b430c43e13d66dfeb98e1', '{"revoke usage on schema private from authenticated, service_role"}'::text[]);

insert into supabase_migrations.chatctl_current_objects (path, sha256, drops)
values ('objects/access/user_profiles.sql', 'be907b9d1859b400dc5bac7578700c1b0618b33f98396f3fc876340bb2081ca2',  E'{"drop policy if exists \\"people change their own profile\\" on public.user_profiles","drop policy if exists \\"people read themselves and their colleagues\\" on public.user_profiles","revoke update (full_name, avatar_url) on public.user_profiles from authenticated","revoke select on public.user_profiles from authenticated"}'::text[]);

insert into supabase_migrations.chatctl_current_objects (path, sha256, drops)
values ('objects/storage/attachments.sql', '87d191aa56d4cb9fb929a5f988a398b25faa0159c2956d6b068c09987b3eb829',  E'{"drop policy if exists \\"participants add attachments\\" on storage.objects","drop policy if exists \\"participants read attachments\\" on storage.objects"}'::text[]);

insert into supabase_migrations.chatctl_current_objects (path, sha256, drops)
values ('objects/realtime/publication.sql', 'b9bed5949cf76aad7d6d474a4f7fcd13d72d06bcbf558c80b5016699ceb2cb02', '{}'::text[]);

insert into supabase_migrations.chatctl_current_objects (path, sha256, drops)
values ('objects/moderation/auth_bans.sql', '53d0c016aea32cac7abe4b53f86e30b68056e187cd037c9f42bd0ded88355ce6', '{"drop function if exists private.end_sessions(p_user_id uuid)","drop function if exists private.ban_end(p_suspended_until timestamptz)","drop function if exists private.ban_of_auth(p_user_id uuid)","drop function if exists private.ban_until(p_user_id uuid, p_until timestamptz)","drop function if exists private.banned_until(p_user_id uuid)","drop function if exists private.lock_user_of_auth(p_user_id uuid)"}'::text[]);

insert into supabase_migrations.chatctl_current_objects (path, sha256, drops)
values ('objects/moderation/claims_of.sql', '46c2942afd8291647e5ccef214be8f31c1886b45e0081ba97f153d6de6649477', '{"drop function if exists private.claims_of(p_user_id uuid)"}'::text[]);

insert into supabase_migrations.chatctl_current_objects (path, sha256, drops)
values ('objects/moderation/lock_messages.sql', '279335f4f72c423a151ef902fb5890b957c3e0595cb0d98f313dea900bd6811a', '{"drop function if exists private.queue_files(p_messages private.message_target[])","drop function if exists private.message_outcomes(p_action_id bigint, p_messages private.message_target[], p_done uuid[])","drop function if exists private.deletions_of(p_ids uuid[])","drop function if exists private.log_messages(p_action text, p_messages private.message_target[], p_done uuid[], p_actor text, p_reason text, p_ticket text, p_job_id uuid, p_deletions jsonb)","drop view if exists private.message_versions","drop function if exists private.require_message_reason(p_messages private.message_target[], p_actor text, p_reason text, p_ticket text, p_job_id uuid)","drop function if exists private.lock_messages(p_ids uuid[], p_versions text[], p_removes boolean)"}'::text[]);

insert into supabase_migrations.chatctl_current_objects (path, sha256, drops)
values ('objects/moderation/delete_messages.sql', '5d49fc0a81765c41cf617b3e2f1ee02864defef72fbf462168a8c1f57061a554', '{"drop function if exists moderation.delete_messages(p_ids uuid[], p_actor text, p_reason text, p_ticket text, p_versions text[], p_job_id uuid)"}'::text[]);

insert into supabase_migrations.chatctl_current_objects (path, sha256, drops)
values ('objects/moderation/traces.sql', '8e14b1ccb884e60bf8f03231982a718e9ffb1bd643c34223d517c3f7dd01bba2', '{"drop function if exists private.tables_of_auth(p_privilege text)","drop function if exists private.forget_in_auth(p_user_id uuid, p_email text)","drop function if exists private.traces_in_auth(p_user_id uuid, p_email text)","drop function if exists private.tables_of_uploads(p_privilege text)","drop function if exists private.forget_in_storage(p_user_id uuid)","drop function if exists private.traces_in_storage(p_user_id uuid)","drop function if exists private.uploads_of(p_user_id uuid)","drop function if exists private.traces_of(p_user_id uuid, p_messages text)"}'::text[]);

insert into supabase_migrations.chatctl_current_objects (path, sha256, drops)
values ('objects/moderation/erase_user.sql', '0dc94b51bced1d7c1e8e046d87520b9a6aa9511a8210d7c11fac59e3f99725e4', '{"drop function if exists private.masked(p_text text, p_person public.user_profiles)","drop function if exists private.without_reactions_of(p_reactions jsonb, p_user_id uuid)","drop function if exists private.refuse_held_of(p_user_id uuid, p_message_ids uuid[])","drop function if exists private.messages_of(p_user_id uuid)","drop function if exists moderation.erase_user(p_user_id uuid, p_messages text, p_actor text, p_reason text, p_ticket text)"}'::text[]);

insert into supabase_migrations.chatctl_current_objects (path, sha256, drops)
values ('objects/moderation/files.sql', '8fb4a81945527b6a2cb8a43305d8cd34b6563fbd913792597c07dfea5fb407fc', '{"drop function if exists private.delete_file_rows()","drop function if exists moderation.forget_deleted_files()","drop view if exists moderation.files_to_delete"}'::text[]);

insert into supabase_migrations.chatctl_current_objects (path, sha256, drops)
values ('objects/moderation/files_of.sql', '677af25ed034b8efa52239078adf944f2caf9d818a0b21920e14b595ce4b98a5', '{"drop function if exists moderation.files_of(p_message_ids uuid[])"}'::text[]);

insert into supabase_migrations.chatctl_current_objects (path, sha256, drops)
values ('objects/moderation/views/holds.sql', 'f2c12f44acb877d09cbd38961c2e32777bb91c1468c727e8505da132013d15cc', '{"drop view if exists moderation.holds"}'::text[]);

insert into supabase_migrations.chatctl_current_objects (path, sha256, drops)
values ('objects/moderation/held_rows.sql', 'e54141b185cb811d7c6a39b19967dc626aa049a6476017384a202e9667624189', '{"drop trigger if exists deleted_messages_removed on private.deleted_messages","drop trigger if exists deleted_messages_changed on private.deleted_messages","drop function if exists private.kept_content_removed()","drop trigger if exists holds_before_update on private.holds","drop function if exists private.holds_before_update()","drop trigger if exists holds_truncate_refused on private.holds","drop trigger if exists deleted_messages_truncate_refused on private.deleted_messages","drop trigger if exists organizations_truncate_refused on public.organizations","drop trigger if exists conversations_truncate_refused on public.conversations","drop trigger if exists messages_truncate_refused on public.messages","drop function if exists private.truncate_refused_while_held()"}'::text[]);

insert into supabase_migrations.chatctl_current_objects (path, sha256, drops)
values ('objects/moderation/restore_messages.sql', '5d1d054ef4e24a0be6cefd3a433140a03543df230edc4fb1e3afa0058ad078d7', '{"drop function if exists private.restore_locked(p_messages private.message_target[], p_actor text, p_reason text, p_ticket text, p_job_id uuid)","drop function if exists moderation.restore_messages(p_ids uuid[], p_actor text, p_reason text, p_ticket text, p_versions text[], p_job_id uuid)"}'::text[]);

insert into supabase_migrations.chatctl_current_objects (path, sha256, drops)
values ('objects/moderation/redact_messages.sql', '78dc246ae83eaccb63b708dc54c9b77c9da3ea6759f40811c1006118e22666f9', '{"drop function if exists moderation.redact_messages(p_ids uuid[], p_actor text, p_reason text, p_ticket text, p_versions text[], p_job_id uuid)"}'::text[]);

insert into supabase_migrations.chatctl_current_objects (path, sha256, drops)
values ('objects/moderation/purge_messages.sql', '6c3c1c1b2e47eb39333ff9eddd6f1facc30a856d50a799ae723c4b01a725c964', '{"drop function if exists moderation.purge_messages(p_ids uuid[], p_actor text, p_reason text, p_ticket text, p_versions text[], p_job_id uuid)"}'::text[]);

insert into supabase_migrations.chatctl_current_objects (path, sha256, drops)
values ('objects/moderation/jobs.sql', '402a23e421d4197b9fb261a75e8aef134a4f9cf1c8c1ce1e2c23d65e0932ea75', '{"drop function if exists private.moderate_messages(p_job private.moderation_jobs, p_ids uuid[], p_versions text[])","drop function if exists private.lock_job(p_job_id uuid)","drop function if exists moderation.cancel_job(p_job_id uuid, p_actor text, p_reason text, p_ticket text)","drop function if exists moderation.run_job(p_job_id uuid, p_count integer, p_actor text)","drop function if exists private.job_of_plan(p_plan_hash text, p_verb text, p_ids uuid[], p_versions text[])","drop function if exists moderation.create_job(p_verb text, p_ids uuid[], p_versions text[], p_actor text, p_reason text, p_ticket text, p_plan_hash text)"}'::text[]);

insert into supabase_migrations.chatctl_current_objects (path, sha256, drops)
values ('objects/moderation/states.sql', '6daa6fb9cb232c6e8b83b8f8ded56902346b6b15d1c97b20ea0b5a2a2f238ac7', '{"drop function if exists private.same_state(p_kind text, p_one jsonb, p_other jsonb)","drop function if exists private.can_take_part(p_user_id uuid, p_conversation_id uuid)","drop function if exists private.lock_changed(p_action_id bigint)","drop function if exists private.undo_changes(p_action_id bigint, p_actor text, p_reason text, p_ticket text)","drop function if exists private.change_state(p_action text, p_kind text, p_user_id uuid, p_organization_id uuid, p_conversation_id uuid, p_state jsonb, p_actor text, p_reason text, p_ticket text, p_details jsonb)","drop function if exists private.log_changes(p_action text, p_changes private.undo_states[], p_actor text, p_reason text, p_ticket text, p_details jsonb)","drop function if exists private.set_state(p_kind text, p_user_id uuid, p_organization_id uuid, p_conversation_id uuid, p_state jsonb)","drop function if exists private.is_in_force(p_state jsonb)","drop function if exists private.state_of(p_kind text, p_user_id uuid, p_organization_id uuid, p_conversation_id uuid)"}'::text[]);

insert into supabase_migrations.chatctl_current_objects (path, sha256, drops)
values ('objects/moderation/suspend_user.sql', 'ad8fbbcaf544b51253d21394e78138400869cede028dcabd9322f0b848e6a9ae', '{"drop function if exists private.require_restriction(p_actor text, p_reason text, p_ticket text, p_user_ids uuid[], p_until timestamptz, p_visible_reason text)","drop function if exists private.lock_user(p_user_id uuid)","drop function if exists moderation.unsuspend_user(p_user_id uuid, p_actor text, p_reason text, p_ticket text)","drop function if exists moderation.suspend_user(p_user_id uuid, p_actor text, p_reason text, p_ticket text, p_until timestamptz, p_visible_reason text)"}'::text[]);

insert into supabase_migrations.chatctl_current_objects (path, sha256, drops)
values ('objects/moderation/lock_conversation.sql', '3b0b1620af5b691ac153421cbb8f11a3cf87c0d948bb323130b71ba1355f9dac', '{"drop function if exists private.change_lock(p_action text, p_conversation_id uuid, p_state jsonb, p_actor text, p_reason text, p_ticket text)","drop function if exists moderation.unlock_conversation(p_conversation_id uuid, p_actor text, p_reason text, p_ticket text)","drop function if exists moderation.lock_conversation(p_conversation_id uuid, p_visible_reason text, p_actor text, p_reason text, p_ticket text)"}'::text[]);

insert into supabase_migrations.chatctl_current_objects (path, sha256, drops)
values ('objects/moderation/log_reading.sql', '7f6b28cfb8bd7e7e11c8127c55a366d65fa4b56aa8c77d264b9c42a8571502c1', '{"drop function if exists private.log_reading(p_command text, p_user_ids uuid[], p_targets text[], p_arguments jsonb, p_actor text, p_reason text, p_ticket text, p_organization_id uuid)"}'::text[]);

insert into supabase_migrations.chatctl_current_objects (path, sha256, drops)
values ('objects/moderation/log_read.sql', '48d31202bf30ca984bf8520ee3a32c80fc1bdfa52ccf189f7cb85a3eca996ebe', '{"drop function if exists moderation.log_read(p_command text, p_targets text[], p_arguments jsonb, p_actor text, p_reason text, p_ticket text)"}'::text[]);

insert into supabase_migrations.chatctl_current_objects (path, sha256, drops)
values ('objects/moderation/log_read_of_users.sql', '7255b4e4d73fd981ac7ed9aa2e7e54d0754cb5ff9aa4b3b7c212178760302461', '{"drop function if exists moderation.log_read_of_users(p_command text, p_user_ids uuid[], p_targets text[], p_arguments jsonb, p_actor text, p_reason text, p_ticket text)"}'::text[]);

insert into supabase_migrations.chatctl_current_objects (path, sha256, drops)
values ('objects/moderation/log_search.sql', '4e36ea7f5ba8a0c04115e689e49e025d9041b0b78a530a6d3f9468245b18935e', '{"drop function if exists moderation.log_search(p_command text, p_organization_id uuid, p_conversation_id uuid, p_sender_id uuid, p_arguments jsonb, p_text text, p_regex text, p_actor text, p_reason text, p_ticket text)"}'::text[]);

insert into supabase_migrations.chatctl_current_objects (path, sha256, drops)
values ('objects/moderation/message_versions.sql', 'c5b2582578f8e8180b22990e4d7d00e745c8d0557b4b3798c0bfb76128873bab', '{"drop function if exists moderation.message_versions(p_ids uuid[])"}'::text[]);

insert into supabase_migrations.chatctl_current_objects (path, sha256, drops)
values ('objects/moderation/moderation_log_chained.sql', '5d2e4f436e8c6b031daa87a8c42d1ee18af5383f54bd3873ede3b3e9da83d8fd', '{"drop trigger if exists moderation_log_chained on private.moderation_log","drop function if exists private.moderation_log_chained()","drop function if exists moderation.log_entry_hash(p_entry private.moderation_log)","drop function if exists private.moderation_log_hash(p_entry private.moderation_log)"}'::text[]);

insert into supabase_migrations.chatctl_current_objects (path, sha256, drops)
values ('objects/moderation/mute_user.sql', '79e0875ffa8c7f9c91784fdd79a74173e47f370aa322710783f6b02bc6e93af8', '{"drop function if exists private.require_place(p_organization_id uuid, p_conversation_id uuid)","drop function if exists moderation.unmute_user(p_user_id uuid, p_actor text, p_reason text, p_ticket text, p_organization_id uuid, p_conversation_id uuid)","drop function if exists moderation.mute_user(p_user_id uuid, p_actor text, p_reason text, p_ticket text, p_organization_id uuid, p_conversation_id uuid, p_until timestamptz, p_visible_reason text)"}'::text[]);

insert into supabase_migrations.chatctl_current_objects (path, sha256, drops)
values ('objects/moderation/views/operators.sql', '0e5418e5cfff1efaa188c973d688edb8d4f332804d452ef3339f3b5983a103bc', '{"drop view if exists moderation.operators"}'::text[]);

insert into supabase_migrations.chatctl_current_objects (path, sha256, drops)
values ('objects/moderation/operators.sql', 'bfce3bb271c20368c1c460b6e12de0e45ba1905bad5c9ab578c0b6ae96e6a987', '{"drop function if exists private.owner_of_moderation()","drop function if exists private.revoke_in_moderation(p_role text)","drop function if exists private.revoke_operator(p_role text, p_actor text, p_reason text, p_ticket text)","drop function if exists private.grant_operator(p_role text, p_actor text, p_reason text, p_ticket text)","drop function if exists private.require_operator_role(p_role text)"}'::text[]);

insert into supabase_migrations.chatctl_current_objects (path, sha256, drops)
values ('objects/moderation/participants.sql', '7ae1abfdc3270431f03a35ece69f310a18c442708e0a61c11dbabdedd9653613', '{"drop function if exists private.change_participants(p_action text, p_conversation_id uuid, p_user_ids uuid[], p_actor text, p_reason text, p_ticket text)","drop function if exists moderation.remove_participants(p_conversation_id uuid, p_user_ids uuid[], p_actor text, p_reason text, p_ticket text)","drop function if exists moderation.add_participants(p_conversation_id uuid, p_user_ids uuid[], p_actor text, p_reason text, p_ticket text)"}'::text[]);

insert into supabase_migrations.chatctl_current_objects (path, sha256, drops)
values ('objects/moderation/repair_conversation.sql', 'c546f60e59a8ec676079a94bbf206ad9fdfddafe82f93321753f698be0a1bb6a', '{"drop function if exists moderation.repair_conversation(p_conversation_id uuid, p_actor text, p_reason text, p_ticket text)"}'::text[]);

insert into supabase_migrations.chatctl_current_objects (path, sha256, drops)
values ('objects/moderation/undo_messages.sql', '33ec81f071e9204271caf08d5f3827b711fc30ea73ced25c8bf39854ba12426b', '{"drop function if exists private.undo_restoration(p_entry private.moderation_log, p_actor text, p_reason text, p_ticket text)","drop function if exists private.undo_deletion(p_entry private.moderation_log, p_ids uuid[], p_actor text, p_reason text, p_ticket text)","drop function if exists private.logged_deletions(p_entry private.moderation_log)"}'::text[]);

insert into supabase_migrations.chatctl_current_objects (path, sha256, drops)
values ('objects/moderation/reports.sql', '48959d5aaf9f8c90587e7ebf7e2fb964a6718a1df2bb203898e59cd0cb4eb4df', '{"drop function if exists private.suspend_reported(p_reports private.report_target[], p_ids uuid[], p_actor text, p_reason text, p_ticket text, out reports private.report_target[], out action_ids bigint[])","drop function if exists private.act_on_reported(p_do text, p_reports private.report_target[], p_ids uuid[], p_actor text, p_reason text, p_ticket text, p_deletion private.moderation_log, out reports private.report_target[], out action_id bigint)","drop function if exists moderation.resolve_reports(p_ids uuid[], p_verdict text, p_actor text, p_reason text, p_ticket text, p_do text)","drop function if exists moderation.release_reports(p_ids uuid[], p_actor text, p_reason text, p_ticket text, p_holder text)","drop function if exists moderation.claim_reports(p_ids uuid[], p_actor text, p_reason text, p_ticket text)","drop function if exists private.people_of_reports(p_reports private.report_target[])","drop function if exists private.report_outcomes(p_action_id bigint, p_reports private.report_target[], p_done uuid[])","drop function if exists private.report_changes(p_reports private.report_target[], p_ids uuid[], p_review jsonb)","drop function if exists private.change_reports(p_action text, p_changes jsonb, p_actor text, p_reason text, p_ticket text, p_details jsonb)","drop function if exists private.lock_reports(p_ids uuid[], p_holder text)"}'::text[]);

insert into supabase_migrations.chatctl_current_objects (path, sha256, drops)
values ('objects/moderation/schema.sql', '14061f5248e7e0ad307c1bccb2b426bfe1fc875b7b16e3933583487faa1f35a8', '{}'::text[]);

insert into supabase_migrations.chatctl_current_objects (path, sha256, drops)
values ('objects/moderation/search_words.sql', '5825dc4745e766fd30c87e21a3aed55e42eef4e5f861dd81d9fd1e8a7e487272', '{"drop function if exists moderation.search_terms(p_text text)","drop function if exists moderation.search_words(p_text text)"}'::text[]);

insert into supabase_migrations.chatctl_current_objects (path, sha256, drops)
values ('objects/moderation/undo_report_act.sql', 'c7d6f4d6c8a5181dfde53a908090f02a244f468be3980ab457d051a142f71733', '{"drop function if exists private.changed_since(p_action_ids jsonb)","drop function if exists private.undo_report_act(p_entry private.moderation_log, p_actor text, p_reason text, p_ticket text)"}'::text[]);

insert into supabase_migrations.chatctl_current_objects (path, sha256, drops)
values ('objects/moderation/undo.sql', 'ad27f2a372523488716813bb8d14984f80818e31b09495b9eb3011c9e767dfb6', '{"drop function if exists moderation.undo(p_action_id bigint, p_actor text, p_reason text, p_ticket text)"}'::text[]);

insert into supabase_migrations.chatctl_current_objects (path, sha256, drops)
values ('objects/moderation/views/conversations.sql', '8d2263fa9bf037ded73f1bfb74a81eb4093b831a686372efb95ae62c38f1f619', '{"drop view if exists moderation.conversations"}'::text[]);

insert into supabase_migrations.chatctl_current_objects (path, sha256, drops)
values ('objects/moderation/views/jobs.sql', 'c89c287dc160879d745a8ed51fdf6e2dbf40f095c4af2a69f1af1ce1f951f1bb', '{"drop view if exists moderation.job_items","drop view if exists moderation.jobs"}'::text[]);

insert into supabase_migrations.chatctl_current_objects (path, sha256, drops)
values ('objects/moderation/views/log.sql', 'b5322bb4f2e7a554d9659b87f97bbed1d48c0ef1653bcd4dc571bdd666c1549f', '{"drop view if exists moderation.log_head","drop view if exists moderation.log"}'::text[]);

insert into supabase_migrations.chatctl_current_objects (path, sha256, drops)
values ('objects/moderation/views/log_pseudonyms.sql', 'a44b8f1bf660869df32fed8149da0d9d55612a975183e40e2412da0295a2dbc7', '{"drop view if exists moderation.log_pseudonyms"}'::text[]);

insert into supabase_migrations.chatctl_current_objects (path, sha256, drops)
values ('objects/moderation/views/members.sql', '4a49a781f8ddd46d496c979c265ee219b161df68e86ece24e720c875a2e66ed5', '{"drop view if exists moderation.members"}'::text[]);

insert into supabase_migrations.chatctl_current_objects (path, sha256, drops)
values ('objects/moderation/views/messages.sql', '69631a49f9b7aa4a5fd73ae9b3733583cb4d0c6e44d7704da4f967e8bd16a5fe', '{"drop view if exists moderation.messages"}'::text[]);

insert into supabase_migrations.chatctl_current_objects (path, sha256, drops)
values ('objects/moderation/views/mutes.sql', 'be71deda5e71a3eea869d96e85271087b688866a5324300e739e084a1e3f1d7d', '{"drop view if exists moderation.mutes"}'::text[]);

insert into supabase_migrations.chatctl_current_objects (path, sha256, drops)
values ('objects/moderation/views/organizations.sql', 'fb607d4819bc7f75f3be3d87d07f23da7d0a6ef8c3adfef8e548d7cd7662e437', '{"drop view if exists moderation.organizations"}'::text[]);

insert into supabase_migrations.chatctl_current_objects (path, sha256, drops)
values ('objects/moderation/views/participants.sql', '74c75d672c842f80677896dbb45fecfbd41fef97cbdc8d1c16b2c814e68d55d8', '{"drop view if exists moderation.participants"}'::text[]);

insert into supabase_migrations.chatctl_current_objects (path, sha256, drops)
values ('objects/moderation/views/purged_messages.sql', '86888c4b662436f32a1cdfbc651ec737e47b186b1aacd0008baeade43b126962', '{"drop view if exists moderation.purged_messages"}'::text[]);

insert into supabase_migrations.chatctl_current_objects (path, sha256, drops)
values ('objects/moderation/views/reports.sql', '0d98437148f46363ec880f897f0fe327000b1ca3cb0000bf17d5e7cf536b0668', '{"drop view if exists moderation.reports"}'::text[]);

insert into supabase_migrations.chatctl_current_objects (path, sha256, drops)
values ('objects/moderation/views/search_index.sql', '8d134ca215691e65d9ea18ac4ab72b417262d5f3b6489ff349dadbbb3dd75af8', '{"drop view if exists moderation.search_index"}'::text[]);

insert into supabase_migrations.chatctl_current_objects (path, sha256, drops)
values ('objects/moderation/views/searched_messages.sql', 'c4144cb3e59437199f9d2dcadc0a9ddb6edafa195b81a3bd52db096a65e4a228', '{"drop view if exists moderation.deleted_messages","drop view if exists moderation.live_messages"}'::text[]);

insert into supabase_migrations.chatctl_current_objects (path, sha256, drops)
values ('objects/moderation/views/send_windows.sql', '8276ae7a49bdb0b97a99f2e570fa7e294e782bb73e874632b86e2bf6e7e326bc', '{"drop view if exists moderation.send_windows"}'::text[]);

insert into supabase_migrations.chatctl_current_objects (path, sha256, drops)
values ('objects/moderation/views/stored_files.sql', 'ffeac11ef34565c02d8e0a9bf9b5c0b56fd25a0d20f5facec5b68e0da7a478ad', '{"drop view if exists moderation.stored_files"}'::text[]);

insert into supabase_migrations.chatctl_current_objects (path, sha256, drops)
values ('objects/moderation/views/users.sql', '7715d9500d036f19df68bcd9cfd8eaeaee385ab6273107e61bfdd34f863e7809', '{"drop view if exists moderation.users"}'::text[]);

-- Before the objects are applied: find objects that no file defines any more, the last applied first, because dependents
-- are applied last; and revoke obsolete privileges. Privileges that a file still grants on the same object are granted
-- again when the file is applied.
create table supabase_migrations.chatctl_obsolete as
select row_number() over (order by o.applied_at desc, o.path desc, d.place) as place, d.statement
from supabase_migrations.chatctl_objects o
cross join lateral unnest(o.drops) with ordinality as d (statement, place)
left join supabase_migrations.chatctl_current_objects w on w.path = o.path
where w.sha256 is distinct from o.sha256
  -- A file's own drop statements run only when the file is deleted.
  and (w.path is null or d.statement not like '-- chatctl:drop%')
  and not exists (select from supabase_migrations.chatctl_current_objects e where d.statement = any (e.drops));

do $$
declare
  obsolete text;
begin
  for obsolete in
    select b.statement from supabase_migrations.chatctl_obsolete b where b.statement ~* '^revoke ' order by b.place
  loop
    begin
      execute obsolete;
    exception
      when undefined_table or undefined_function or undefined_object or undefined_column or invalid_schema_name
        or wrong_object_type then
        null; -- dropped already, with its privileges
      when others then
        raise exception using errcode = sqlstate, message = format('cannot run: %s: %s', obsolete, sqlerrm);
    end;
  end loop;
end
$$;

-- If the signature of a function changes, policies and triggers would keep using the old function. Those that files
-- define are dropped with it and applied again.
do $$
declare
  obsolete record;
  old oid;
  holder record;
begin
  for obsolete in
    select b.place, b.statement, regexp_replace(b.statement, '^drop (function|procedure) if exists ', '\1 ', 'i') as what
    from supabase_migrations.chatctl_obsolete b
    where b.statement ~* '^drop (function|procedure) if exists '
    order by b.place
  loop
    begin
      begin
        execute format('comment on %s is %L', obsolete.what, 'chatctl: this one?');
        select d.objoid into old from pg_catalog.pg_description d where d.description = 'chatctl: this one?';
        raise exception using errcode = 'CC000';
      exception when sqlstate 'CC000' then null; -- this rolls back the comment and keeps the variable
      end;
      for holder in
        select format('drop policy %I on %s', p.polname, p.polrelid::regclass) as statement, p.polname as name
        from pg_catalog.pg_policy p
        join pg_catalog.pg_depend d on d.classid = 'pg_catalog.pg_policy'::regclass and d.objid = p.oid
        where d.refclassid = 'pg_catalog.pg_proc'::regclass and d.refobjid = old
        union
        select format('drop trigger %I on %s', t.tgname, t.tgrelid::regclass), t.tgname
        from pg_catalog.pg_trigger t
        where t.tgfoid = old
      loop
        if exists (
          select from supabase_migrations.chatctl_current_objects w, unnest(w.drops) as d (statement)
          where d.statement ~* '^drop (policy|trigger) ' and position(holder.name::text in d.statement) > 0
        ) then
          execute holder.statement;
        end if;
      end loop;
      execute obsolete.statement;
      delete from supabase_migrations.chatctl_obsolete b where b.place = obsolete.place;
    exception
      when lock_not_available or deadlock_detected or query_canceled then
        raise;
      when others then
        null; -- something else depends on it: drop_obsolete tries again when all objects are applied
    end;
  end loop;
end
$$;

-- objects/functions/refuse.sql
-- Refuse a request in the form that clients expect: PostgREST turns the SQLSTATE into the HTTP status; the hint is the
-- plan's error code, the detail its JSON.
create or replace function private.refuse(
  p_sqlstate text, p_code text, p_message text, p_details jsonb default '{}'
)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  raise exception using
    errcode = p_sqlstate, message = p_message, hint = p_code, detail = p_details::text;
end
$$;

revoke execute on function private.refuse(text, text, text, jsonb) from public;
grant execute on function private.refuse(text, text, text, jsonb) to authenticated, service_role;
reset all; set check_function_bodies = off;

-- objects/functions/allow_one_row.sql
-- Refuse a second row in a statement from the API that changes rows which other users also change. Called for each
-- row. PostgreSQL locks the row before this runs, so lock_timeout is shortened until restore_lock_timeout runs after the
-- statement: a wait for another row then ends before it becomes a deadlock. It stays long enough for one row to be
-- written to a slow disk.
create or replace function private.allow_one_row(p_sentence text)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  if current_setting('chat.usual_lock_timeout', true) <> '' then
    perform private.refuse('PT400', 'VALIDATION_ERROR', p_sentence);
  end if;
  perform
    set_config('chat.usual_lock_timeout', current_setting('lock_timeout'), true),
    set_config('lock_timeout', '300ms', true);
end
$$;

-- Restore lock_timeout after the statement. Returns whether the statement changed such a row.
create or replace function private.restore_lock_timeout()
returns boolean
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  usual text := current_setting('chat.usual_lock_timeout', true);
begin
  if usual <> '' then
    perform set_config('lock_timeout', usual, true), set_config('chat.usual_lock_timeout', '', true);
    return true;
  end if;
  return false;
end
$$;

revoke execute on function private.allow_one_row(text) from public;
revoke execute on function private.restore_lock_timeout() from public;
reset all; set check_function_bodies = off;

-- objects/views/suspended.sql
-- The users who are suspended now.
create or replace view private.suspended as
select s.user_id
from private.suspensions s
where s.suspended_until is null or s.suspended_until > now();

revoke all on private.suspended from public, anon, authenticated;
reset all; set check_function_bodies = off;

-- objects/functions/current_user_id.sql
-- The user id in the caller's token; null if it has none.
-- Never raises, whatever the claims are: a policy that raises stops Realtime for everybody. auth.uid() can raise.
create or replace function private.claimed_user_id()
returns uuid
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  named uuid;
begin
  -- Assigned first, because a cast by RETURN would be outside of the exception handler.
  named := coalesce(
    nullif(current_setting('request.jwt.claim.sub', true), ''),
    nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub'
  );
  return named;
exception when others then -- not JSON, nested too deeply for the stack, or not a uuid
  return null;
end
$$;

-- The caller's user id; null if the token has none, or if the user is suspended. Policies and functions then treat the
-- caller as nobody.
create or replace function private.current_user_id()
returns uuid
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  caller uuid := private.claimed_user_id();
begin
  if caller is not null and exists (select from private.suspended s where s.user_id = caller) then
    return null;
  end if;
  return caller;
end
$$;

revoke execute on function private.claimed_user_id() from public;
revoke execute on function private.current_user_id() from public;
grant execute on function private.claimed_user_id() to authenticated, service_role;
grant execute on function private.current_user_id() to authenticated, service_role;
reset all; set check_function_bodies = off;

-- objects/functions/refuse_row.sql
-- Refuse a row with the error of its policy. For checks before a lock is taken; the policy runs afterwards.
create or replace function private.refuse_row(p_table text)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  raise insufficient_privilege using
    message = format('new row violates row-level security policy for table "%s"', p_table);
end
$$;

revoke execute on function private.refuse_row(text) from public;
reset all; set check_function_bodies = off;

-- objects/functions/api_user.sql
-- The user on whose behalf role authenticated acts. Their writes take turns and have limits. Null for every other role,
-- whatever its privileges, and for a token without a user id.
create or replace function private.api_user()
returns uuid
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  select case
    when coalesce(nullif(current_setting('role', true), 'none'), session_user) = 'authenticated'
      then private.current_user_id()
  end
$$;

-- The same for triggers, which may run after the statement has waited: a user who was suspended meanwhile is refused.
-- Volatile, so that it sees what was committed since the statement began.
create or replace function private.api_writer(p_table text)
returns uuid
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  writer uuid := private.api_user();
begin
  if writer is null and coalesce(nullif(current_setting('role', true), 'none'), session_user) = 'authenticated' then
    perform private.refuse_row(p_table);
  end if;
  return writer;
end
$$;

revoke execute on function private.api_user() from public;
revoke execute on function private.api_writer(text) from public;
reset all; set check_function_bodies = off;

-- objects/functions/attachments_fit.sql
-- Whether a new message may have these attachments: they are valid, have only the plan's keys, ids of up to 100
-- characters, and take at most 16 kB together. Five ordinary files take about 1 kB.
create or replace function private.attachments_fit(p_attachments jsonb)
returns boolean
language sql immutable parallel safe
set search_path = pg_catalog, pg_temp
as $$
  select case
    -- Detects excessive sizes without converting to text, which takes a second for 100 MB.
    when pg_column_size(p_attachments) > 65536 then false
    when octet_length(p_attachments::text) > 16384 then false
    when not private.valid_attachments(p_attachments) then false
    else not exists (
      select from jsonb_array_elements(p_attachments) as a (entry)
      where a.entry - array['id', 'name', 'type', 'size', 'url'] <> '{}'
        or char_length(a.entry ->> 'id') not between 1 and 100
    )
  end
$$;

revoke execute on function private.attachments_fit(jsonb) from public;
grant execute on function private.attachments_fit(jsonb) to authenticated, service_role;
reset all; set check_function_bodies = off;

-- objects/functions/before_request.sql
-- PostgREST calls this at the start of each request (db_pre_request). It gives a user's write 0.9 seconds. Otherwise a
-- request whose response takes long (`select=` that embeds thousands of rows after an insert) could hold the rows that
-- it has changed for 8 seconds. From PostgreSQL 17 on, a write also holds a conversation for at most 0.4 seconds, which
-- is less than others may wait; see hold_briefly. A request that only reads runs in a read-only transaction.
create or replace function chat_hooks.before_request()
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  if current_setting('role', true) is distinct from 'authenticated' or current_setting('transaction_read_only') = 'on' then
    return;
  end if;
  if current_setting('statement_timeout')::interval not between interval '1 microsecond' and interval '0.9 seconds' then
    perform set_config('statement_timeout', '900ms', true);
  end if;
  if current_setting('server_version_num')::integer >= 170000 then
    perform set_config('chat.longest_hold', '400ms', true);
  end if;
end
$$;

revoke execute on function chat_hooks.before_request() from public;
grant execute on function chat_hooks.before_request() to anon, authenticated, service_role;
-- In an exported file, after one that changes the role: back to the role in which the Supabase CLI runs migrations,
-- which owns its history. That is not always the one that signed in; on hosted projects the CLI has login roles.
select pg_catalog.set_config(
  'role',
  case when pg_catalog.pg_has_role(session_user, c.relowner, 'member') then pg_catalog.pg_get_userbyid(c.relowner) else 'none' end,
  false
)
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where n.nspname = 'supabase_migrations' and c.relname = 'schema_migrations';
reset all; set check_function_bodies = off;

-- objects/functions/window_entries.sql
-- The entries of a window that count at a given time, oldest first: those within the limit's period. After the clock was
-- set back, entries up to one period ahead count as well; those further ahead do not, since they would block the user
-- until the clock gets there.
--   p_at, p_amount  when, and how much; without amounts, each counts once
create or replace function private.window_entries(
  p_at timestamptz[], p_amount bigint[], p_now timestamptz, p_per interval
)
returns table (at timestamptz, amount bigint)
language sql immutable
set search_path = pg_catalog, pg_temp
as $$
  select e.at, coalesce(e.amount, 1)
  from unnest(p_at, p_amount) as e (at, amount)
  where e.at between p_now - p_per and p_now + p_per
  order by e.at
$$;

revoke execute on function private.window_entries(timestamptz[], bigint[], timestamptz, interval) from public;
reset all; set check_function_bodies = off;

-- objects/functions/check_message_rate_limit.sql
-- How many messages the caller may still send (10 in 60 seconds, unless an operator has lowered the limit).
--   reset_at     when the next message is accepted; while some remain, when the oldest counted message leaves the window
--   retry_after  seconds until a message is accepted; 0 means now
create or replace function public.check_message_rate_limit()
returns table (allowed boolean, "limit" integer, remaining integer, reset_at timestamptz, retry_after integer)
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  caller uuid := private.current_user_id();
  moment timestamptz := clock_timestamp();
  rule private.limits;
  counted timestamptz[];
begin
  if caller is null then
    raise insufficient_privilege using message = 'sign in to ask for a limit', hint = 'FORBIDDEN';
  end if;
  select l.* into strict rule from private.limits l where l.action = 'message';
  counted := array(
    select e.at
    from private.send_windows w
    cross join lateral private.window_entries(w.sent_at, null, moment, rule.per) as e
    where w.user_id = caller
  );
  "limit" := rule.allowed;
  remaining := greatest("limit" - cardinality(counted), 0);
  allowed := remaining > 0;
  reset_at := coalesce(counted[greatest(cardinality(counted) - "limit" + 1, 1)] + rule.per, moment);
  retry_after := case
    when allowed then 0
    else greatest(1, ceil(extract(epoch from reset_at - clock_timestamp()))::integer)
  end;
  return next;
end
$$;

revoke execute on function public.check_message_rate_limit() from public, anon;
grant execute on function public.check_message_rate_limit() to authenticated, service_role;
reset all; set check_function_bodies = off;

-- objects/functions/refuse_limited.sql
-- Refuse a write that exceeds a limit.
--   p_remaining  how much is left, less than was requested
--   p_reset_at   when the requested amount is available
--   p_message    the message for the user; null: the plan's
create or replace function private.refuse_limited(
  p_action text, p_allowed bigint, p_remaining bigint, p_reset_at timestamptz, p_message text default null
)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  seconds integer := greatest(1, ceil(extract(epoch from p_reset_at - clock_timestamp())));
begin
  perform private.refuse('PT429', 'RATE_LIMITED',
    coalesce(p_message, format('Rate limit exceeded. Try again in %s seconds.', seconds)),
    jsonb_build_object(
      'action', p_action, 'limit', p_allowed, 'remaining', p_remaining,
      'reset_at', p_reset_at, 'retry_after', seconds
    ));
end
$$;

revoke execute on function private.refuse_limited(text, bigint, bigint, timestamptz, text) from public;
grant execute on function private.refuse_limited(text, bigint, bigint, timestamptz, text) to authenticated, service_role;
reset all; set check_function_bodies = off;

-- objects/functions/count_against_limit.sql
-- Count p_amount of an action against its limit, or refuse it. The user's turn is held (take_turn), so no number of
-- parallel sessions gets past the limit. Writes within the same sixtieth of the window share one entry, with the time of
-- the last one, so the number of entries is bounded; the limit can be stricter by that sixtieth.
create or replace function private.count_against_limit(p_user_id uuid, p_action text, p_amount bigint default 1)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  moment timestamptz := clock_timestamp();
  rule private.limits;
  times timestamptz[];
  amounts bigint[];
  used bigint;
  size integer;
  tick numeric;
begin
  select l.* into strict rule from private.limits l where l.action = p_action;
  tick := extract(epoch from rule.per) / 60;
  select coalesce(array_agg(e.at), '{}'), coalesce(array_agg(e.amount), '{}'), coalesce(sum(e.amount), 0)
  into times, amounts, used
  from private.action_windows w
  cross join lateral private.window_entries(w.at, w.amount, moment, rule.per) as e
  where w.user_id = p_user_id and w.action = p_action;

  if p_amount > rule.allowed then
    perform private.refuse('PT400', 'VALIDATION_ERROR', format('At most %s at a time', rule.allowed),
      jsonb_build_object('action', p_action, 'maximum', rule.allowed));
  elsif used + p_amount > rule.allowed then
    perform private.refuse_limited(p_action, rule.allowed, greatest(rule.allowed - used, 0), coalesce(
      (
        -- The first entry after whose expiry the later entries leave enough room.
        select min(e.at) + rule.per
        from (
          select t.at, sum(t.amount) over (order by t.place desc) - t.amount as later
          from unnest(times, amounts) with ordinality as t (at, amount, place)
        ) as e
        where e.later + p_amount <= rule.allowed
      ),
      moment + rule.per
    ));
  end if;
  size := cardinality(times);
  if size > 0 and floor(extract(epoch from times[size]) / tick) = floor(extract(epoch from moment) / tick) then
    times[size] := moment;
    amounts[size] := amounts[size] + p_amount;
  else
    times := times || moment;
    amounts := amounts || p_amount;
  end if;
  update private.action_windows w
  set at = times, amount = amounts
  where w.user_id = p_user_id and w.action = p_action;
  if not found then
    -- Nothing is counted for a user without a profile; the policies refuse their writes.
    insert into private.action_windows (user_id, action, at, amount)
    select u.id, p_action, times, amounts from public.user_profiles u where u.id = p_user_id;
  end if;
end
$$;

-- Refuse an action whose limit is used up, without taking a lock and before waiting for a turn. In all other cases,
-- count_against_limit decides.
create or replace function private.refuse_spent(p_user_id uuid, p_action text)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  spent record;
begin
  select l.allowed, l.per, sum(e.amount) as used, min(e.at) as first
  into spent
  from private.limits l
  join private.action_windows w on w.user_id = p_user_id and w.action = l.action
  cross join lateral private.window_entries(w.at, w.amount, clock_timestamp(), l.per) as e
  where l.action = p_action
  group by l.allowed, l.per;
  if spent.used >= spent.allowed then
    perform private.refuse_limited(p_action, spent.allowed, 0, spent.first + spent.per);
  end if;
end
$$;

revoke execute on function private.count_against_limit(uuid, text, bigint) from public;
revoke execute on function private.refuse_spent(uuid, text) from public;
reset all; set check_function_bodies = off;

-- objects/views/my_participations.sql
-- Who takes part in which conversation: participants who are still members of its organization.
create or replace view private.participations as
select cp.conversation_id, c.organization_id, cp.user_id
from public.conversation_participants cp
join public.conversations c on c.id = cp.conversation_id
join public.organization_members om on om.organization_id = c.organization_id and om.user_id = cp.user_id;

-- The conversations that the caller takes part in; none for a suspended caller. Policies use it, so that they neither
-- refer to themselves (42P17) nor call a function per row. Runs as its owner on purpose (no security_invoker), and shows
-- only the caller's rows; the schema is not exposed.
create or replace view private.my_participations
with (security_barrier = true) as
select p.conversation_id, p.organization_id
from private.participations p
where p.user_id = (select private.current_user_id());

revoke all on private.participations from public, anon, authenticated;
revoke all on private.my_participations from public, anon, authenticated;
grant select on private.my_participations to authenticated;
reset all; set check_function_bodies = off;

-- objects/functions/refuse_full_window.sql
-- Refuse another message of somebody whose last messages were accepted at the times p_sent (the last ten are kept).
create or replace function private.refuse_full_window(p_sent timestamptz[])
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  moment timestamptz := clock_timestamp();
  rule private.limits;
  counted timestamptz[];
begin
  select l.* into strict rule from private.limits l where l.action = 'message';
  if coalesce(cardinality(p_sent), 0) < rule.allowed
    or p_sent[cardinality(p_sent) - rule.allowed + 1] < moment - rule.per
  then
    return; -- the usual case: fewer messages than the limit within the period
  end if;
  counted := array(select e.at from private.window_entries(p_sent, null, moment, rule.per) as e);
  if cardinality(counted) >= rule.allowed then
    perform private.refuse_limited(
      'message', rule.allowed, 0, counted[cardinality(counted) - rule.allowed + 1] + rule.per
    );
  end if;
end
$$;

revoke execute on function private.refuse_full_window(timestamptz[]) from public;
reset all; set check_function_bodies = off;

-- objects/functions/refuse_to_wait.sql
-- Refuse a statement that would wait in an order that can deadlock. A retry shortly after may succeed.
create or replace function private.refuse_to_wait()
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  perform private.refuse('PT429', 'RATE_LIMITED',
    'Others are writing there at the moment. Try again, one conversation at a time.',
    jsonb_build_object('retry_after', 1));
end
$$;

revoke execute on function private.refuse_to_wait() from public;
reset all; set check_function_bodies = off;

-- objects/triggers/mutes_changed.sql
-- After a mute is created, changed or lifted: note with the user's turn when the last of their mutes ends, where
-- messages_before_insert looks. It waits for a message that the user is sending; the next one sees the mute.
create or replace function private.mutes_changed()
returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  person uuid := coalesce(new.user_id, old.user_id);
  ends timestamptz := private.mute_end(person);
begin
  if ends is not null then
    perform private.take_turn(person);
  end if;
  update private.send_windows w set muted_until = ends where w.user_id = person and w.muted_until is distinct from ends;
  if ends is null then
    -- Of somebody who has never written, only the mute has made a row.
    delete from private.send_windows w
    where w.user_id = person and w.sent_at = '{}'
      and not exists (select from private.action_windows a where a.user_id = person);
  end if;
  return null;
end
$$;

-- When the last mute of a user ends: infinity if not by itself, null without one.
create or replace function private.mute_end(p_user_id uuid)
returns timestamptz
language sql
set search_path = pg_catalog, pg_temp
as $$
  select max(coalesce(m.muted_until, 'infinity')) from private.mutes m where m.user_id = p_user_id
$$;

revoke execute on function private.mutes_changed() from public;
revoke execute on function private.mute_end(uuid) from public;

create or replace trigger mutes_changed
after insert or update or delete on private.mutes
for each row execute function private.mutes_changed();
reset all; set check_function_bodies = off;

-- objects/functions/take_turn.sql
-- Wait for a user's turn to write, and keep it until the transaction ends. Returns the times of their last messages that
-- count; null for a user without profile. One user's writes thus run one after another, from any number of devices. This
-- is the first lock of a transaction. If a conversation is locked already (messages of several senders in one statement
-- of a trusted role), it does not wait; see lock_conversations.
create or replace function private.take_turn(p_user_id uuid)
returns timestamptz[]
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  sent timestamptz[];
  usual text := current_setting('lock_timeout');
begin
  if current_setting('chat.last_locked', true) <> '' then
    select w.sent_at into sent
    from private.send_windows w where w.user_id = p_user_id for no key update skip locked;
    if found then
      return sent;
    elsif exists (select from private.send_windows w where w.user_id = p_user_id) then
      perform private.refuse_to_wait();
    end if;
  end if;
  select w.sent_at into sent
  from private.send_windows w where w.user_id = p_user_id for no key update;
  if found then
    return sent;
  end if;
  begin
    -- The first write of this user. If another session is inserting the same row, this waits for it.
    if current_setting('chat.last_locked', true) <> '' then
      perform set_config('lock_timeout', '300ms', true);
    end if;
    insert into private.send_windows (user_id, muted_until)
    select u.id, private.mute_end(u.id) from public.user_profiles u where u.id = p_user_id
    on conflict do nothing;
    perform set_config('lock_timeout', usual, true);
  exception
    when foreign_key_violation then
      return null; -- the user is being deleted
    when lock_not_available then
      perform private.refuse_to_wait();
  end;
  select w.sent_at into sent
  from private.send_windows w where w.user_id = p_user_id for no key update;
  return sent;
end
$$;

revoke execute on function private.take_turn(uuid) from public;
reset all; set check_function_bodies = off;

-- objects/views/muted.sql
-- The users who are muted now, and where: everywhere if both columns are null.
create or replace view private.muted as
select m.user_id, m.organization_id, m.conversation_id, m.muted_until, m.visible_reason
from private.mutes m
where m.muted_until is null or m.muted_until > now();

revoke all on private.muted from public, anon, authenticated;
reset all; set check_function_bodies = off;

-- objects/functions/refuse_muted.sql
-- Refuse somebody who is muted: everywhere, or in this organization or conversation. For triggers, before and after they
-- wait. Volatile, so that it sees what was committed since the statement began.
create or replace function private.refuse_muted(
  p_user_id uuid, p_organization_id uuid default null, p_conversation_id uuid default null
)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  mute record;
begin
  select m.muted_until, m.visible_reason, case
    when m.conversation_id is not null then 'conversation'
    when m.organization_id is not null then 'organization'
    else 'everywhere'
  end as scope
  into mute
  from private.muted m
  where m.user_id = p_user_id
    and (m.organization_id is null or m.organization_id = p_organization_id)
    and (m.conversation_id is null or m.conversation_id = p_conversation_id)
  order by coalesce(m.muted_until, 'infinity') desc
  limit 1;
  if found then
    perform private.refuse('PT403', 'MUTED', 'You can read here, but not write',
      jsonb_build_object('scope', mute.scope, 'until', mute.muted_until, 'reason', mute.visible_reason));
  end if;
end
$$;

-- Refuse everybody in a conversation that an operator has locked.
create or replace function private.refuse_locked(p_conversation_id uuid)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  conversation record;
begin
  select c.locked_at, c.lock_reason into conversation
  from public.conversations c
  where c.id = p_conversation_id and c.locked_at is not null;
  if found then
    perform private.refuse('PT403', 'CONVERSATION_LOCKED', 'Nobody can write in this conversation now',
      jsonb_build_object('locked_at', conversation.locked_at, 'reason', conversation.lock_reason));
  end if;
end
$$;

revoke execute on function private.refuse_muted(uuid, uuid, uuid) from public;
revoke execute on function private.refuse_locked(uuid) from public;
reset all; set check_function_bodies = off;

-- objects/functions/count_message.sql
-- Take the turn of a message's sender, and count the message against the limit or refuse it, step by step.
-- messages_before_insert does this in a single statement for most messages. This function handles the rest: refused
-- messages, those of trusted roles (who need not take part), a user's first message, and any message after the first in
-- a transaction.
--   p_noted  the time to record in the window
create or replace function private.count_message(
  p_conversation_id uuid, p_organization_id uuid, p_sender_id uuid, p_noted timestamptz, p_trusted boolean
)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  sent timestamptz[];
begin
  if not p_trusted and not exists (
    select from private.participations p
    where p.conversation_id = p_conversation_id and p.organization_id = p_organization_id and p.user_id = p_sender_id
      and not exists (select from private.suspended s where s.user_id = p.user_id)
  ) then
    perform private.refuse_row('messages');
  end if;
  if p_sender_id is null then
    return;
  end if;
  -- A sender who has used up the limit does not wait.
  perform private.refuse_full_window(w.sent_at) from private.send_windows w where w.user_id = p_sender_id;
  sent := private.take_turn(p_sender_id);
  if not p_trusted then
    perform private.refuse_muted(p_sender_id, p_organization_id, p_conversation_id);
  end if;
  perform private.refuse_full_window(sent);
  update private.send_windows w
  set sent_at = (sent || p_noted)[greatest(cardinality(sent) - 8, 1):]
  where w.user_id = p_sender_id;
end
$$;

revoke execute on function private.count_message(uuid, uuid, uuid, timestamptz, boolean) from public;
reset all; set check_function_bodies = off;

-- objects/functions/is_trusted.sql
-- Whether the current role bypasses row-level security (service_role, the owner's connection) or is an operator's, which
-- may use schema moderation. Looks at the session's role, because inside a SECURITY DEFINER function current_user is the
-- owner.
create or replace function private.is_trusted()
returns boolean
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  role_in_force text := coalesce(nullif(current_setting('role', true), 'none'), session_user);
begin
  if role_in_force in ('authenticated', 'anon') then
    return false;
  end if;
  return exists (
    select from pg_catalog.pg_roles r
    where r.rolname = role_in_force
      and (r.rolsuper or r.rolbypassrls or pg_catalog.has_schema_privilege(r.oid, 'moderation', 'usage'))
  );
end
$$;

revoke execute on function private.is_trusted() from public;
grant execute on function private.is_trusted() to authenticated, service_role;
reset all; set check_function_bodies = off;

-- objects/functions/require_caller.sql
-- Refuse unless p_user_id is the caller. Trusted roles may name anybody.
create or replace function private.require_caller(p_user_id uuid)
returns void
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
  if p_user_id = private.current_user_id() or private.is_trusted() then
    return;
  end if;
  raise insufficient_privilege using
    message = 'p_user_id must be the caller', hint = 'FORBIDDEN';
end
$$;

revoke execute on function private.require_caller(uuid) from public;
grant execute on function private.require_caller(uuid) to authenticated, service_role;
reset all; set check_function_bodies = off;

-- objects/functions/get_user_default_organization.sql
-- The organization for a new conversation of p_user_id: the one they joined first, or null.
create or replace function public.get_user_default_organization(p_user_id uuid)
returns uuid
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform private.require_caller(p_user_id);
  return (
    select om.organization_id
    from public.organization_members om
    where om.user_id = p_user_id
    order by om.joined_at, om.organization_id
    limit 1
  );
end
$$;

revoke execute on function public.get_user_default_organization(uuid) from public, anon;
grant execute on function public.get_user_default_organization(uuid) to authenticated, service_role;
reset all; set check_function_bodies = off;

-- objects/functions/create_group_conversation.sql
-- Create a group of the caller and p_participant_ids, with 3 to 50 people including the caller, in one call.
create or replace function public.create_group_conversation(
  p_name text, p_participant_ids uuid[], p_organization_id uuid default null
)
returns uuid
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  caller uuid := private.current_user_id();
  conversation uuid;
begin
  if caller is null then
    raise insufficient_privilege using message = 'sign in to create a group', hint = 'FORBIDDEN';
  end if;
  insert into public.conversations (organization_id, name, is_group, created_by)
  values (
    coalesce(p_organization_id, public.get_user_default_organization(caller)), p_name, true, caller
  )
  returning id into conversation;
  insert into public.conversation_participants (conversation_id, user_id)
  select conversation, u.user_id
  from unnest(p_participant_ids || caller) as u (user_id)
  where u.user_id is not null
  group by u.user_id
  order by u.user_id;
  return conversation;
end
$$;

revoke execute on function public.create_group_conversation(text, uuid[], uuid) from public, anon;
grant execute on function public.create_group_conversation(text, uuid[], uuid) to authenticated, service_role;
reset all; set check_function_bodies = off;

-- objects/functions/creator_of.sql
-- Who manages a conversation now. In a group: its creator, while they take part and are a member of the organization;
-- otherwise the participant who joined first, preferring those who are not suspended; null when nobody is left. A direct
-- conversation keeps its creator as long as anybody takes part.
create or replace function private.creator_of(p_conversation_id uuid)
returns uuid
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  select case
    when c.is_group then (
      select p.user_id
      from public.conversation_participants p
      join public.organization_members o on o.organization_id = c.organization_id and o.user_id = p.user_id
      where p.conversation_id = c.id
      order by
        p.user_id is not distinct from c.created_by desc,
        exists (select from private.suspended s where s.user_id = p.user_id),
        p.joined_at, p.user_id
      limit 1
    )
    when exists (select from public.conversation_participants p where p.conversation_id = c.id) then c.created_by
  end
  from public.conversations c
  where c.id = p_conversation_id
$$;

revoke execute on function private.creator_of(uuid) from public;
reset all; set check_function_bodies = off;

-- objects/functions/plain_text.sql
-- A text reduced to lower-case ASCII letters, digits and punctuation, however they are written: percent-encoded (even
-- repeatedly), fullwidth, or with invisible characters in between. Never raises. Looks at the first 16,384 characters.
create or replace function private.plain_text(p_text text)
returns text
language plpgsql immutable
set search_path = pg_catalog, pg_temp
set standard_conforming_strings = on
as $$
declare
  plain text := left(p_text, 16384);
begin
  if plain ~ '%' then
    plain := regexp_replace(plain, '%(25)+', '%', 'g');
    -- Fullwidth digits and letters in UTF-8; all other characters outside ASCII are removed.
    plain := regexp_replace(plain, '%ef%bc%9([0-9])', '\1', 'gi');
    plain := regexp_replace(plain, '%ef%b(?:c%a|d%8)([1-6])', '%6\1', 'gi');
    plain := regexp_replace(plain, '%[89a-f][0-9a-f]', '', 'gi');
    -- The digits, letters and hyphens of a uuid; other ASCII characters are separators.
    plain := regexp_replace(plain, '%3([0-9])', '\1', 'g');
    for letter in 1 .. 6 loop
      plain := regexp_replace(plain, format('%%[46]%s', letter), chr(96 + letter), 'g');
    end loop;
    plain := regexp_replace(plain, '%2d', '-', 'gi');
    plain := regexp_replace(plain, '%[0-7][0-9a-f]', ' ', 'gi');
  end if;
  if plain !~ '^[ -~]*$' then
    -- 64 characters at a time, because normalize sorts consecutive combining marks.
    plain := (
      select string_agg(normalize(substr(plain, part.start, 64), nfkd), '' order by part.start)
      from generate_series(1, char_length(plain), 64) as part (start)
    );
    plain := regexp_replace(plain, '[^ -~]', '', 'g');
  end if;
  return lower(plain);
end
$$;

revoke execute on function private.plain_text(text) from public;
reset all; set check_function_bodies = off;

-- objects/functions/file_ids.sql
-- The ids of the files that attachments refer to: every uuid in an id or a url, because object names begin with one. An
-- extra uuid hides no file that somebody else uploaded. Runs when a message is deleted, so it never raises.
create or replace function private.file_ids(p_attachments jsonb)
returns setof text
language sql immutable
set search_path = pg_catalog, pg_temp
set standard_conforming_strings = on
as $$
  select distinct regexp_replace(f.digits, '^(.{8})(.{4})(.{4})(.{4})(.{12})$', '\1-\2-\3-\4-\5')
  from jsonb_array_elements(case jsonb_typeof(p_attachments) when 'array' then p_attachments else '[]' end) as a (entry)
  cross join lateral (
    values (private.plain_text(a.entry ->> 'id')), (private.plain_text(a.entry ->> 'url'))
  ) as s (spelling)
  cross join lateral (values (s.spelling), (regexp_replace(s.spelling, '[-{}\s]', '', 'g'))) as t (text)
  cross join lateral (
    select replace(m.found[1], '-', '')
    from regexp_matches(t.text, '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}', 'g') as m (found)
    union all
    -- Digits may follow other text without a separator, and that text may end with a hexadecimal digit, as "uuid" does.
    select unnest(array[left(m.found[1], 32), right(m.found[1], 32)])
    from regexp_matches(t.text, '[0-9a-f]{32,}', 'g') as m (found)
  ) as f (digits)
$$;

revoke execute on function private.file_ids(jsonb) from public;
reset all; set check_function_bodies = off;

-- objects/functions/get_conversations_with_details.sql
-- The conversations of p_user_id, most recent message first. SECURITY DEFINER, guarded by require_caller. Reads one row
-- per conversation and table, and only the last message. The plan is generic, because planning takes as long as running.
create or replace function public.get_conversations_with_details(p_user_id uuid)
returns table (
  conversation_id uuid,
  organization_id uuid,
  name text,
  is_group boolean,
  created_by uuid,
  created_at timestamptz,
  updated_at timestamptz,
  is_starred boolean,
  is_muted boolean,
  last_read_at timestamptz,
  unread_count integer,
  last_message_id uuid,
  last_message_content text,
  last_message_created_at timestamptz,
  last_message_sender_id uuid,
  last_message_sender_name text
)
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
as $$
begin
  perform private.require_caller(p_user_id);
  return query
  select
    c.id, c.organization_id, c.name, c.is_group, c.created_by, c.created_at, c.updated_at,
    cp.is_starred, cp.is_muted, cp.last_read_at,
    (c.message_count - r.seen_count)::integer,
    m.id, m.content, m.created_at, m.sender_id,
    -- Hide the profile of a user who no longer shares an organization with the caller.
    case when m.sender_id = p_user_id or exists (
      select from public.organization_members me
      join public.organization_members them on them.organization_id = me.organization_id
      where me.user_id = p_user_id and them.user_id = m.sender_id
    ) then coalesce(sender.full_name, sender.email) end
  from public.conversation_participants cp
  join public.conversations c on c.id = cp.conversation_id
  join public.organization_members om on om.organization_id = c.organization_id and om.user_id = cp.user_id
  join private.read_states r on r.conversation_id = cp.conversation_id and r.user_id = cp.user_id
  left join public.messages m on m.conversation_id = c.id and m.seq = c.last_message_seq
  left join public.user_profiles sender on sender.id = m.sender_id
  where cp.user_id = p_user_id
  order by coalesce(m.created_at, c.created_at) desc, c.id;
end
$$;

revoke execute on function public.get_conversations_with_details(uuid) from public, anon;
grant execute on function public.get_conversations_with_details(uuid) to authenticated, service_role;
reset all; set check_function_bodies = off;

-- objects/functions/get_messages_page.sql
-- One page of a conversation, newest message first, without deleted messages.
--   p_before  bigint   seq of the last message already shown; null = first page
--   p_limit   integer  1 to 200
-- SECURITY DEFINER, so that participation is checked once and not by a policy for every row. Every page costs the same.
-- The plan is generic, because planning takes longer than reading the page.
create or replace function public.get_messages_page(
  p_conversation_id uuid, p_before bigint default null, p_limit integer default 50
)
returns table (
  id uuid,
  conversation_id uuid,
  sender_id uuid,
  content text,
  attachments jsonb,
  reactions jsonb,
  created_at timestamptz,
  updated_at timestamptz,
  seq bigint,
  sender_email text,
  sender_full_name text,
  sender_avatar_url text
)
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
as $$
declare
  trusted boolean := private.is_trusted();
  caller uuid := private.current_user_id();
  organizations uuid[] := array(
    select om.organization_id from public.organization_members om where om.user_id = caller
  );
  before bigint := coalesce(p_before, 9223372036854775807);
begin
  if p_limit is null or p_limit not between 1 and 200 then
    perform private.refuse('PT400', 'VALIDATION_ERROR', 'p_limit must be between 1 and 200');
  end if;
  if not trusted and not exists (
    select from public.conversation_participants cp
    join public.conversations c on c.id = cp.conversation_id
    where cp.conversation_id = p_conversation_id
      and cp.user_id = caller
      and c.organization_id = any (organizations)
  ) then
    perform private.refuse('PT403', 'NOT_PARTICIPANT', 'You''re not part of this conversation');
  end if;
  return query
  select
    m.id, m.conversation_id, m.sender_id, m.content, m.attachments, m.reactions,
    m.created_at, m.updated_at, m.seq, sender.email, sender.full_name, sender.avatar_url
  from public.messages m
  left join public.user_profiles sender
    on sender.id = m.sender_id
    and (
      trusted
      or sender.id = caller
      or exists (
        select from public.organization_members om
        where om.user_id = sender.id and om.organization_id = any (organizations)
      )
    )
  where m.conversation_id = p_conversation_id and m.seq < before and m.deleted_at is null
  order by m.seq desc
  limit p_limit;
end
$$;

revoke execute on function public.get_messages_page(uuid, bigint, integer) from public, anon;
grant execute on function public.get_messages_page(uuid, bigint, integer) to authenticated, service_role;
reset all; set check_function_bodies = off;

-- objects/functions/get_my_restrictions.sql
-- What restricts the caller now, for a client to explain it. Also a suspended caller may ask: it is all that they can.
--   kind   suspended or muted
--   until  null: until it is lifted
--   reason what an operator wants the user to know; null: nothing
create or replace function public.get_my_restrictions()
returns table (kind text, organization_id uuid, conversation_id uuid, until timestamptz, reason text)
language sql stable security definer
set search_path = pg_catalog, pg_temp
as $$
  select 'suspended', null::uuid, null::uuid, s.suspended_until, s.visible_reason
  from private.suspensions s
  where s.user_id = private.claimed_user_id() and exists (select from private.suspended a where a.user_id = s.user_id)
  union all
  select 'muted', m.organization_id, m.conversation_id, m.muted_until, m.visible_reason
  from private.muted m
  where m.user_id = private.claimed_user_id()
  order by 1 desc, 2 nulls first, 3 nulls first
$$;

revoke execute on function public.get_my_restrictions() from public, anon;
grant execute on function public.get_my_restrictions() to authenticated, service_role;
reset all; set check_function_bodies = off;

-- objects/functions/get_unread_count.sql
-- How many messages of a conversation p_user_id has not read: newer than the read position, not their own, not deleted.
-- 0 for a conversation that the user does not take part in. Costs the same whatever the backlog.
create or replace function public.get_unread_count(p_conversation_id uuid, p_user_id uuid)
returns integer
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform private.require_caller(p_user_id);
  return coalesce((
    select (c.message_count - r.seen_count)::integer
    from private.read_states r
    join public.conversations c on c.id = r.conversation_id
    join private.participations p on p.conversation_id = r.conversation_id and p.user_id = r.user_id
    where r.conversation_id = p_conversation_id and r.user_id = p_user_id
  ), 0);
end
$$;

revoke execute on function public.get_unread_count(uuid, uuid) from public, anon;
grant execute on function public.get_unread_count(uuid, uuid) to authenticated, service_role;
reset all; set check_function_bodies = off;

-- objects/functions/hide_files.sql
-- Record the files of a deleted message. Storage then hides those that its sender uploaded, and those whose uploader is
-- unknown; see storage/attachments.sql. After a sender was erased, only the files' owner still identifies them: a user
-- who no longer exists.
create or replace function private.hide_files(p_message public.messages)
returns void
language sql
set search_path = pg_catalog, pg_temp
as $$
  insert into private.deleted_attachments (message_id, attachment_id, conversation_id, sender_id)
  select p_message.id, f.id, p_message.conversation_id, coalesce(p_message.sender_id, (
    select max(o.owner_id)::uuid
    from storage.objects o
    where p_message.sender_id is null
      and o.bucket_id = 'attachments'
      -- All names that begin with this uuid and _ (the next character is `); starts_with would not use an index.
      and o.name ~>=~ format('%s/chat/%s/%s_', p_message.organization_id, p_message.conversation_id, f.id)
      and o.name ~<~ format('%s/chat/%s/%s`', p_message.organization_id, p_message.conversation_id, f.id)
      and o.owner_id ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'
      and not exists (select from public.user_profiles p where p.id::text = o.owner_id)
  ))
  from private.file_ids(p_message.attachments) as f (id)
$$;

revoke execute on function private.hide_files(public.messages) from public;
reset all; set check_function_bodies = off;

-- objects/functions/hold_briefly.sql
-- Called while the transaction holds a lock that others need: ends the transaction after the time that before_request
-- has set, if any. PostgreSQL then closes the connection. statement_timeout would include the wait for the lock;
-- transaction_timeout would, too, so wait_unhurried is called before anything else is waited for. A transaction_timeout
-- that is running already, for example the project's own, still applies if it ends sooner.
create or replace function private.hold_briefly()
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  if current_setting('chat.longest_hold', true) <> '' then
    perform set_config('transaction_timeout', '0', true);
    perform set_config('transaction_timeout', current_setting('chat.longest_hold'), true);
  end if;
end
$$;

create or replace function private.wait_unhurried()
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  if current_setting('chat.longest_hold', true) <> '' then
    perform set_config('transaction_timeout', '0', true);
  end if;
end
$$;

revoke execute on function private.hold_briefly() from public;
revoke execute on function private.wait_unhurried() from public;
reset all; set check_function_bodies = off;

-- objects/functions/is_conversation_participant.sql
-- Whether the caller takes part in a conversation. Refuses to answer about anybody else (42501).
create or replace function public.is_conversation_participant(
  p_conversation_id uuid, p_user_id uuid default auth.uid()
)
returns boolean
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform private.require_caller(p_user_id);
  return exists (
    select from public.conversation_participants cp
    join public.conversations c on c.id = cp.conversation_id
    join public.organization_members om on om.organization_id = c.organization_id and om.user_id = cp.user_id
    where cp.conversation_id = p_conversation_id and cp.user_id = p_user_id
  );
end
$$;

revoke execute on function public.is_conversation_participant(uuid, uuid) from public, anon;
grant execute on function public.is_conversation_participant(uuid, uuid) to authenticated, service_role;
reset all; set check_function_bodies = off;

-- objects/functions/lock_conversations.sql
-- Lock a conversation. seq, counters and read states change only under this lock.
--
-- Every write takes its locks in this order, so that no two writes wait for each other:
--   1. the turn of a user: the row of private.send_windows, see take_turn
--   2. rows of participants, reports, messages and organization members
--   3. conversations, by ascending id
--   4. read states
--   5. profiles, through foreign keys
-- An act that deletes or suspends a user locks the user's row in auth.users before the turn, as Auth itself does.
--
-- PostgreSQL locks a row before its BEFORE ROW triggers run. Conversations are therefore locked by AFTER STATEMENT
-- triggers, which know every row that a statement changed. An INSERT locks no rows, so it locks its conversation in a
-- BEFORE ROW trigger.
--
-- The transaction remembers the last conversation that it locked. A conversation with a lower id (rows of several
-- conversations in one INSERT, in another order) is locked only if nobody else holds it; otherwise the statement is
-- refused.
create or replace function private.lock_conversation(p_conversation_id uuid)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  last_locked uuid := nullif(current_setting('chat.last_locked', true), '');
begin
  if last_locked > p_conversation_id then
    perform from public.conversations c where c.id = p_conversation_id for no key update skip locked;
    if not found and exists (select from public.conversations c where c.id = p_conversation_id) then
      perform private.refuse_to_wait();
    end if;
  else
    perform set_config('chat.last_locked', p_conversation_id::text, true), private.wait_unhurried();
    perform from public.conversations c where c.id = p_conversation_id for no key update;
  end if;
  perform private.hold_briefly();
end
$$;

create or replace function private.lock_conversations(p_conversation_ids uuid[])
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  conversation uuid;
begin
  for conversation in select distinct c.id from unnest(p_conversation_ids) as c (id) order by c.id loop
    perform private.lock_conversation(conversation);
  end loop;
end
$$;

revoke execute on function private.lock_conversation(uuid) from public;
revoke execute on function private.lock_conversations(uuid[]) from public;
reset all; set check_function_bodies = off;

-- objects/functions/mark_conversation_read.sql
-- Mark a conversation as read up to a message, or to its end. The position never moves back. Returns the unread count.
--   p_seq  bigint  the last message that was seen; null = all
create or replace function public.mark_conversation_read(p_conversation_id uuid, p_seq bigint default null)
returns integer
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  caller uuid := private.current_user_id();
  seen_at timestamptz := 'infinity'; -- everything, see reading_moment
begin
  if p_seq is not null then
    select m.created_at into seen_at
    from public.messages m
    where m.conversation_id = p_conversation_id and m.seq = p_seq;
    if not found then
      perform private.refuse('PT404', 'NOT_FOUND', 'This item could not be found');
    end if;
  end if;
  update public.conversation_participants cp
  set last_read_at = greatest(cp.last_read_at, seen_at)
  where cp.conversation_id = p_conversation_id and cp.user_id = caller;
  if not found then
    perform private.refuse('PT403', 'NOT_PARTICIPANT', 'You''re not part of this conversation');
  end if;
  return public.get_unread_count(p_conversation_id, caller);
end
$$;

revoke execute on function public.mark_conversation_read(uuid, bigint) from public, anon;
grant execute on function public.mark_conversation_read(uuid, bigint) to authenticated, service_role;
reset all; set check_function_bodies = off;

-- objects/functions/may_add.sql
-- Whether somebody may add a person to a conversation: in a group, the creator while they take part; in a conversation
-- without participants, its creator. The policy of conversation_participants calls this, and so do triggers, before and
-- after they wait for a lock.
create or replace function private.may_add(p_caller uuid, p_conversation_id uuid, p_user_id uuid)
returns boolean
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  select exists (
    select from public.conversations c
    join public.organization_members adds on adds.organization_id = c.organization_id and adds.user_id = c.created_by
    join public.organization_members om on om.organization_id = c.organization_id and om.user_id = p_user_id
    where c.id = p_conversation_id
      and c.created_by = p_caller
      and (
        c.participant_count = 0
        or c.is_group and exists (
          select from public.conversation_participants p where p.conversation_id = c.id and p.user_id = p_caller
        )
      )
  )
$$;

revoke execute on function private.may_add(uuid, uuid, uuid) from public;
reset all; set check_function_bodies = off;

-- objects/functions/refuse_message.sql
-- Refuse an invalid message with the errors of the constraints of messages, before anything is locked. A new message has
-- stricter rules than an existing one, which may predate them; see attachments_fit.
create or replace function private.refuse_message(p_content text, p_attachments jsonb, p_reactions jsonb default '[]')
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  broken text := case
    when char_length(p_content) > 4000 then 'messages_content_length'
    when coalesce(char_length(btrim(p_content, E' \t\r\n')), 0) = 0 and coalesce(p_attachments, '[]') = '[]'
      then 'messages_not_empty'
    when p_attachments is not null and not private.attachments_fit(p_attachments) then 'messages_attachments_valid'
    when p_reactions <> '[]' and not private.valid_reactions(p_reactions) then 'messages_reactions_valid'
  end;
begin
  if broken is not null then
    raise check_violation using
      message = format('new row for relation "messages" violates check constraint "%s"', broken),
      schema = 'public', table = 'messages', constraint = broken;
  end if;
end
$$;

revoke execute on function private.refuse_message(text, jsonb, jsonb) from public;
grant execute on function private.refuse_message(text, jsonb, jsonb) to authenticated, service_role;
reset all; set check_function_bodies = off;

-- objects/functions/merge_reactions.sql
-- The reactions after a participant's write: their own entries as written, everybody else's unchanged. A client writes
-- the whole array that it read earlier, which must not undo other people's changes since. An entry of another person
-- that is missing in the current array is ignored, because it may have been withdrawn meanwhile. A message has room for
-- 1,000 entries, 20 for each of 50 participants; messages_make_room keeps it so.
create or replace function private.merge_reactions(p_old jsonb, p_new jsonb, p_user_id uuid)
returns jsonb
language plpgsql immutable
set search_path = pg_catalog, pg_temp
as $$
declare
  had integer;
  has integer;
begin
  if jsonb_typeof(p_new) <> 'array' then
    return p_new; -- the check constraint refuses it
  elsif jsonb_array_length(p_new) > 1020 then -- more than the maximum of a message plus that of one user
    perform private.refuse_message('reactions', null, p_new);
  end if;
  select count(*) into had from jsonb_array_elements(p_old) as o (entry) where o.entry ->> 'userId' = p_user_id::text;
  select count(distinct n.entry) into has
  from jsonb_array_elements(p_new) as n (entry) where n.entry ->> 'userId' = p_user_id::text;
  if has > greatest(had, 20) then
    perform private.refuse('PT400', 'VALIDATION_ERROR', 'A message takes at most 20 reactions of one person',
      jsonb_build_object('maximum', 20, 'reactions', has));
  end if;
  return (
    select coalesce(jsonb_agg(e.entry order by e.part, e.position), '[]')
    from (
      select 1 as part, o.position, o.entry
      from jsonb_array_elements(p_old) with ordinality as o (entry, position)
      where o.entry ->> 'userId' <> p_user_id::text or p_new @> jsonb_build_array(o.entry)
      union all
      select 2, min(n.position), n.entry
      from jsonb_array_elements(p_new) with ordinality as n (entry, position)
      where not p_old @> jsonb_build_array(n.entry)
        -- Keep entries without a valid user, so that the check constraint refuses them.
        and (
          n.entry ->> 'userId' = p_user_id::text
          or coalesce(n.entry ->> 'userId', '') !~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'
        )
      group by n.entry
    ) as e
  );
end
$$;

revoke execute on function private.merge_reactions(jsonb, jsonb, uuid) from public;
reset all; set check_function_bodies = off;

-- objects/functions/messages_after.sql
-- How many messages a conversation has after a given time, deleted ones included.
create or replace function private.messages_after(p_conversation_id uuid, p_moment timestamptz)
returns bigint
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  select case
    when p_moment >= c.updated_at then 0
    else c.last_seq - coalesce((
      select m.seq
      from public.messages m
      where m.conversation_id = c.id and m.created_at <= p_moment
      order by m.created_at desc
      limit 1
    ), 0)
  end
  from public.conversations c
  where c.id = p_conversation_id
$$;

revoke execute on function private.messages_after(uuid, timestamptz) from public;
reset all; set check_function_bodies = off;

-- objects/functions/read_position.sql
-- The read position for a given time: the seq read up to, and how many messages are seen. The caller holds the lock of
-- the conversation, so that no message arrives meanwhile.
create or replace function private.read_position(
  p_conversation_id uuid, p_user_id uuid, p_read_at timestamptz, out last_read_seq bigint, out seen_count bigint
)
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  conversation public.conversations;
begin
  select c.* into conversation from public.conversations c where c.id = p_conversation_id;
  select m.seq into last_read_seq
  from public.messages m
  where m.conversation_id = p_conversation_id and m.created_at <= p_read_at
  order by m.created_at desc
  limit 1;
  last_read_seq := coalesce(last_read_seq, 0);

  if last_read_seq = conversation.last_seq then
    seen_count := conversation.message_count;
  elsif last_read_seq = 0 then
    select count(*) into seen_count
    from public.messages m
    where m.conversation_id = p_conversation_id and m.sender_id = p_user_id and m.deleted_at is null;
  else
    select conversation.message_count - count(*) into seen_count
    from public.messages m
    where m.conversation_id = p_conversation_id
      and m.seq > last_read_seq
      and m.sender_id is distinct from p_user_id
      and m.deleted_at is null;
  end if;
end
$$;

revoke execute on function private.read_position(uuid, uuid, timestamptz) from public;
reset all; set check_function_bodies = off;

-- objects/functions/reading_moment.sql
-- The time to store when a client marks a conversation as read up to p_read_at. Client clocks may be a minute off. After
-- the server's clock was set back, the conversation's last change lies ahead of it; a time of about now then means that
-- change, so that everything is read. A time in the future becomes now. Null for a time before 2000, which the
-- constraint on last_read_at rejects.
create or replace function private.reading_moment(p_conversation_id uuid, p_read_at timestamptz)
returns timestamptz
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  moment timestamptz := clock_timestamp();
  latest timestamptz;
begin
  if p_read_at < '2000-01-01 00:00:00Z' then
    return null;
  elsif p_read_at < moment - interval '1 minute' then
    return p_read_at;
  end if;
  select c.updated_at into latest from public.conversations c where c.id = p_conversation_id;
  if latest > moment + interval '1 second' and p_read_at < moment + interval '1 minute' then
    return latest;
  elsif p_read_at > moment then
    return least(p_read_at, greatest(moment, latest));
  end if;
  return p_read_at;
end
$$;

revoke execute on function private.reading_moment(uuid, timestamptz) from public;
reset all; set check_function_bodies = off;

-- objects/functions/refuse_outsider.sql
-- Refuse a caller who does not take part in all of these conversations now. For triggers, after they have waited.
create or replace function private.refuse_outsider(p_table text, p_conversation_ids uuid[])
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  if exists (
    select from unnest(p_conversation_ids) as c (id)
    where not exists (select from private.my_participations p where p.conversation_id = c.id)
  ) then
    perform private.refuse_row(p_table);
  end if;
end
$$;

revoke execute on function private.refuse_outsider(text, uuid[]) from public;
reset all; set check_function_bodies = off;

-- objects/functions/refuse_return.sql
-- Refuse to let the creator add somebody to a group that they left recently of their own accord. A waiting time and not
-- an invitation, because the plan's clients have no way to accept one.
create or replace function private.refuse_return(p_conversation_id uuid, p_user_id uuid)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  rule private.limits;
  departures timestamptz[];
begin
  select l.* into strict rule from private.limits l where l.action = 'return';
  departures := array(
    select e.at
    from private.departures d
    cross join lateral private.window_entries(d.left_at, null, clock_timestamp(), rule.per) as e
    where d.conversation_id = p_conversation_id and d.user_id = p_user_id
  );
  if cardinality(departures) >= rule.allowed then
    perform private.refuse_limited(
      'return', rule.allowed, 0, departures[cardinality(departures) - rule.allowed + 1] + rule.per,
      'This person has left the group, and can be added again later'
    );
  end if;
end
$$;

revoke execute on function private.refuse_return(uuid, uuid) from public;
reset all; set check_function_bodies = off;

-- objects/functions/report_message.sql
-- Report a message to the operators, as the caller. Returns the caller's report of that message: the existing one,
-- unchanged, if they have reported it before.
--   p_kind     text  spam, harassment, hate, violence, sexual, self_harm, illegal or other
--   p_comment  text  at most 1,000 characters; null: none
create or replace function public.report_message(p_message_id uuid, p_kind text, p_comment text default null)
returns public.message_reports
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  caller uuid := private.current_user_id();
  report public.message_reports;
begin
  if caller is null then
    raise insufficient_privilege using message = 'sign in to report', hint = 'FORBIDDEN';
  end if;
  if not exists (select from public.messages m where m.id = p_message_id) then
    perform private.refuse('PT404', 'NOT_FOUND', 'This item could not be found');
  end if;
  select r.* into report
  from public.message_reports r where r.message_id = p_message_id and r.reporter_id = caller;
  if not found then
    insert into public.message_reports (message_id, reporter_id, kind, comment)
    values (p_message_id, caller, p_kind, p_comment)
    on conflict (message_id, reporter_id) do nothing; -- filed meanwhile, from another device
    select r.* into strict report
    from public.message_reports r where r.message_id = p_message_id and r.reporter_id = caller;
  end if;
  return report;
end
$$;

revoke execute on function public.report_message(uuid, text, text) from public, anon;
grant execute on function public.report_message(uuid, text, text) to authenticated, service_role;
reset all; set check_function_bodies = off;

-- objects/functions/send_message.sql
-- Send a message as the caller, and mark the conversation as read up to it. Returns the message as stored.
create or replace function public.send_message(
  p_conversation_id uuid, p_content text default null, p_attachments jsonb default null
)
returns public.messages
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  caller uuid := private.current_user_id();
  spent record;
  sent public.messages;
begin
  -- Refuse what the insert would refuse, before marking as read locks the conversation.
  perform private.refuse_message(p_content, p_attachments);
  if caller is not null then
    select l."limit", l.reset_at into spent from public.check_message_rate_limit() as l where not l.allowed;
    if found then
      perform private.refuse_limited('message', spent."limit", 0, spent.reset_at);
    end if;
  end if;
  -- Mark as read first: participants are locked before conversations (lock_conversations.sql).
  update public.conversation_participants cp
  set last_read_at = 'infinity' -- everything, see reading_moment
  where cp.conversation_id = p_conversation_id and cp.user_id = caller;
  if not found then
    perform private.refuse('PT403', 'NOT_PARTICIPANT', 'You''re not part of this conversation');
  end if;
  insert into public.messages (organization_id, conversation_id, sender_id, content, attachments)
  select c.organization_id, c.id, caller, p_content, p_attachments
  from public.conversations c
  where c.id = p_conversation_id
  returning * into sent;
  if not found then -- suspended or removed from the organization while it waited
    perform private.refuse('PT403', 'NOT_PARTICIPANT', 'You''re not part of this conversation');
  end if;
  return sent;
end
$$;

revoke execute on function public.send_message(uuid, text, jsonb) from public, anon;
grant execute on function public.send_message(uuid, text, jsonb) to authenticated, service_role;
reset all; set check_function_bodies = off;

-- objects/functions/set_limit.sql
-- Change a limit. The log records who did it and why.
create or replace function private.set_limit(
  p_action text, p_allowed bigint, p_per interval, p_actor text, p_reason text
)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  if coalesce(btrim(p_actor), '') = '' or coalesce(btrim(p_reason), '') = '' then
    perform private.refuse('PT400', 'VALIDATION_ERROR', 'A limit is changed by somebody, for a reason');
  end if;
  perform set_config('chat.actor', p_actor, true), set_config('chat.reason', p_reason, true);
  update private.limits l set allowed = p_allowed, per = p_per where l.action = p_action;
  if not found then
    perform private.refuse('PT404', 'NOT_FOUND', format('There is no limit %s', p_action));
  end if;
  perform set_config('chat.actor', '', true), set_config('chat.reason', '', true);
end
$$;

revoke execute on function private.set_limit(text, bigint, interval, text, text) from public;
reset all; set check_function_bodies = off;

-- objects/functions/start_direct_conversation.sql
-- The direct conversation of the caller and p_recipient_id in an organization (default: the caller's first): the
-- existing one, or a new one. When both start it at the same time, both get the same one.
create or replace function public.start_direct_conversation(
  p_recipient_id uuid, p_organization_id uuid default null
)
returns uuid
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  caller uuid := private.current_user_id();
  organization uuid := coalesce(p_organization_id, public.get_user_default_organization(caller));
  conversation uuid;
  details text;
begin
  if caller is null then
    raise insufficient_privilege using message = 'sign in to start a conversation', hint = 'FORBIDDEN';
  end if;
  if p_recipient_id is null or p_recipient_id = caller then
    perform private.refuse('PT400', 'VALIDATION_ERROR', 'A direct conversation is with one other person');
  end if;

  select c.id into conversation
  from public.conversations c
  join public.conversation_participants mine on mine.conversation_id = c.id and mine.user_id = caller
  join public.conversation_participants theirs
    on theirs.conversation_id = c.id and theirs.user_id = p_recipient_id
  where c.organization_id = organization and not c.is_group;
  if found then
    return conversation;
  end if;

  begin
    insert into public.conversations (organization_id, is_group, created_by)
    values (organization, false, caller)
    returning id into conversation;
    insert into public.conversation_participants (conversation_id, user_id)
    values (conversation, caller), (conversation, p_recipient_id);
    return conversation;
  exception when sqlstate 'PT409' then -- the other user was faster
    get stacked diagnostics details = pg_exception_detail;
    return (details::jsonb ->> 'conversation_id')::uuid;
  end;
end
$$;

revoke execute on function public.start_direct_conversation(uuid, uuid) from public, anon;
grant execute on function public.start_direct_conversation(uuid, uuid) to authenticated, service_role;
reset all; set check_function_bodies = off;

-- objects/functions/take_pair.sql
-- Wait until no other session is starting a direct conversation of these two users, and keep others waiting until the
-- transaction ends. A transaction that has started one already does not wait: three people who each start two, in a ring, would
-- deadlock.
create or replace function private.take_pair(p_organization_id uuid, p_user_a uuid, p_user_b uuid)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  pair bigint := hashtextextended(concat_ws(' ', 'direct', p_organization_id, p_user_a, p_user_b), 0);
begin
  if coalesce(current_setting('chat.has_pair', true), '') = '' then
    perform pg_advisory_xact_lock(pair), set_config('chat.has_pair', 'yes', true);
  elsif not pg_try_advisory_xact_lock(pair) then
    perform private.refuse_to_wait();
  end if;
end
$$;

revoke execute on function private.take_pair(uuid, uuid, uuid) from public;
reset all; set check_function_bodies = off;

-- objects/functions/toggle_reaction.sql
-- Add the caller's reaction to a message, or remove it. Returns the resulting reactions.
create or replace function public.toggle_reaction(p_message_id uuid, p_emoji text)
returns jsonb
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  caller uuid := private.current_user_id();
  mine jsonb := jsonb_build_array(jsonb_build_object('userId', caller, 'emoji', p_emoji));
  after jsonb;
begin
  if caller is null then
    raise insufficient_privilege using message = 'sign in to react', hint = 'FORBIDDEN';
  end if;
  update public.messages m
  set reactions = case
    when m.reactions @> mine then (
      select coalesce(jsonb_agg(r.entry order by r.position), '[]')
      from jsonb_array_elements(m.reactions) with ordinality as r (entry, position)
      where r.entry <> mine -> 0
    )
    else m.reactions || mine
  end
  where m.id = p_message_id and m.deleted_at is null
  returning m.reactions into after;
  if not found then
    perform private.refuse('PT404', 'NOT_FOUND', 'This item could not be found');
  end if;
  return after;
end
$$;

revoke execute on function public.toggle_reaction(uuid, text) from public, anon;
grant execute on function public.toggle_reaction(uuid, text) to authenticated, service_role;
reset all; set check_function_bodies = off;

-- objects/functions/wait_for_participant.sql
-- Before a person is added to a conversation: wait for changes of an existing row of theirs. They may be leaving, or
-- marking it as read, and hold that row while they wait for the conversation; the unique index would wait for that row.
-- With a conversation locked already this would deadlock, so the INSERT is refused.
create or replace function private.wait_for_participant(p_conversation_id uuid, p_user_id uuid)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  if not exists (
    select from public.conversation_participants p
    where p.conversation_id = p_conversation_id and p.user_id = p_user_id
  ) then
    return;
  elsif coalesce(current_setting('chat.last_locked', true), '') = '' then
    perform from public.conversation_participants p
    where p.conversation_id = p_conversation_id and p.user_id = p_user_id
    for no key update;
    return;
  end if;
  perform from public.conversation_participants p
  where p.conversation_id = p_conversation_id and p.user_id = p_user_id
  for no key update skip locked;
  if not found then
    perform private.refuse_to_wait();
  end if;
end
$$;

revoke execute on function private.wait_for_participant(uuid, uuid) from public;
reset all; set check_function_bodies = off;

-- objects/views/my_colleagues.sql
-- The people who share an organization with the caller. For policies; see my_participations.
create or replace view private.my_colleagues
with (security_barrier = true) as
select colleague.user_id
from public.organization_members me
join public.organization_members colleague on colleague.organization_id = me.organization_id
where me.user_id = (select private.current_user_id());

revoke all on private.my_colleagues from public, anon, authenticated;
grant select on private.my_colleagues to authenticated;
reset all; set check_function_bodies = off;

-- objects/views/my_hidden_attachments.sql
-- The files of deleted, redacted and purged messages in the caller's conversations. For the policies of Storage.
create or replace view private.my_hidden_attachments
with (security_barrier = true) as
select d.conversation_id, lower(d.attachment_id) as attachment_id, d.sender_id
from private.deleted_attachments d
join private.my_participations p on p.conversation_id = d.conversation_id
union all
select d.conversation_id, d.attachment_id, d.sender_id
from private.files_to_delete d
join private.my_participations p on p.conversation_id = d.conversation_id;

revoke all on private.my_hidden_attachments from public, anon, authenticated;
grant select on private.my_hidden_attachments to authenticated;
reset all; set check_function_bodies = off;

-- objects/views/my_listings.sql
-- The conversations that list the caller, combined with each organization that the caller is a member of. For rows that
-- know the organization of their conversation, as messages do: compared by both columns, these are my_participations.
-- Looking up the conversation would take longer than the rest of the policy.
create or replace view private.my_listings
with (security_barrier = true) as
select cp.conversation_id, om.organization_id
from public.conversation_participants cp
join public.organization_members om on om.user_id = cp.user_id
where cp.user_id = (select private.current_user_id());

revoke all on private.my_listings from public, anon, authenticated;
grant select on private.my_listings to authenticated;
reset all; set check_function_bodies = off;

-- objects/views/my_organizations.sql
-- The organizations that the caller is a member of. For policies; see my_participations.
create or replace view private.my_organizations
with (security_barrier = true) as
select om.organization_id
from public.organization_members om
where om.user_id = (select private.current_user_id());

revoke all on private.my_organizations from public, anon, authenticated;
grant select on private.my_organizations to authenticated;
reset all; set check_function_bodies = off;

-- objects/views/my_writable.sql
-- The conversations that the caller may write to: those that they take part in, unless they are muted or the conversation
-- is locked. For policies; see my_participations.
create or replace view private.my_writable
with (security_barrier = true) as
select p.conversation_id, p.organization_id
from private.my_participations p
join public.conversations c on c.id = p.conversation_id
where c.locked_at is null
  and not exists (
    select from private.muted m
    where m.user_id = (select private.current_user_id())
      and coalesce(m.organization_id, p.organization_id) = p.organization_id
      and coalesce(m.conversation_id, p.conversation_id) = p.conversation_id
  );

revoke all on private.my_writable from public, anon, authenticated;
grant select on private.my_writable to authenticated;
reset all; set check_function_bodies = off;

-- objects/triggers/conversations_checked.sql
-- Check a conversation: a group has a name and at most 50 people, a direct conversation no name and at most two. Check
-- constraints would be parsed for every statement that changes a conversation; sending a message, which changes none of
-- these columns, would take 5 % longer. The errors are those of check constraints. As with other triggers, rows that are
-- loaded with triggers off are not checked.
create or replace function private.conversations_checked()
returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
set standard_conforming_strings = on
as $$
declare
  broken text := case
    when new.participant_count not between 0 and case when new.is_group then 50 else 2 end
      then 'conversations_participant_count'
    -- An older name stays as it is when people join or leave.
    when tg_op = 'UPDATE' and (new.name, new.is_group) is not distinct from (old.name, old.is_group) then null
    when new.is_group and coalesce(char_length(btrim(new.name, E' \t\r\n')), 0) > 0 and char_length(new.name) <= 255 then null
    when not new.is_group and new.name is null then null
    else 'conversations_name'
  end;
begin
  if broken is not null then
    raise check_violation using
      message = format('new row for relation "conversations" violates check constraint "%s"', broken),
      schema = 'public', table = 'conversations', constraint = broken;
  end if;
  return new;
end
$$;

revoke execute on function private.conversations_checked() from public;

create or replace trigger conversations_checked
before insert or update of name, is_group, participant_count on public.conversations
for each row execute function private.conversations_checked();
reset all; set check_function_bodies = off;

-- objects/triggers/conversations_limited.sql
-- Limit what clients may do to conversations: how many they create per hour, and one change at a time. It checks membership
-- and participation as the policies do, but after the statement has waited for locks.
create or replace function private.conversations_limited()
returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  writer uuid := private.api_writer('conversations');
begin
  if writer is null then
    return new;
  elsif tg_op = 'INSERT' then
    if not exists (select from private.my_organizations o where o.organization_id = new.organization_id) then
      perform private.refuse_row('conversations');
    end if;
    perform private.refuse_muted(writer, new.organization_id);
    perform private.count_against_limit(writer, 'conversation');
  else
    perform private.allow_one_row('Change one conversation at a time');
    perform private.lock_conversation(new.id); -- locked already; this records it for later statements
    perform private.refuse_outsider('conversations', array[new.id]);
    perform private.refuse_muted(writer, new.organization_id, new.id);
    -- The plan's client touches updated_at after each message.
    perform private.count_against_limit(writer, case when new.name is distinct from old.name then 'rename' else 'touch' end);
  end if;
  return new;
end
$$;

create or replace function private.conversations_changed()
returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform private.restore_lock_timeout();
  return null;
end
$$;

revoke execute on function private.conversations_limited() from public;
revoke execute on function private.conversations_changed() from public;

create or replace trigger conversations_insert_limited
before insert on public.conversations
for each row execute function private.conversations_limited();

create or replace trigger conversations_update_limited
before update of name, updated_at on public.conversations
for each row execute function private.conversations_limited();

create or replace trigger conversations_changed
after update of name, updated_at on public.conversations
for each statement execute function private.conversations_changed();
reset all; set check_function_bodies = off;

-- objects/triggers/limits_changed.sql
-- Log every change of a limit, however it is made. A limit cannot be removed.
create or replace function private.limits_changed()
returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  if new.action <> old.action then
    raise insufficient_privilege using message = format('limit %s keeps its name', old.action);
  elsif (new.allowed, new.per) is distinct from (old.allowed, old.per) then
    insert into private.moderation_log (actor, action, target_type, target_id, reason, details)
    values (
      coalesce(nullif(current_setting('chat.actor', true), ''), session_user),
      'limit.change', 'limit', new.action,
      coalesce(nullif(current_setting('chat.reason', true), ''), 'changed in SQL'),
      jsonb_build_object(
        'old', jsonb_build_object('allowed', old.allowed, 'per', old.per),
        'new', jsonb_build_object('allowed', new.allowed, 'per', new.per)
      )
    );
  end if;
  return new;
end
$$;

create or replace function private.limits_stay()
returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  raise insufficient_privilege using message = 'a limit can be changed and not removed';
end
$$;

revoke execute on function private.limits_changed() from public;
revoke execute on function private.limits_stay() from public;

create or replace trigger limits_changed
before update on private.limits
for each row execute function private.limits_changed();

create or replace trigger limits_stay
before delete or truncate on private.limits
for each statement execute function private.limits_stay();
reset all; set check_function_bodies = off;

-- objects/triggers/members_before_insert.sql
-- Before somebody rejoins an organization in whose conversations they are still listed: lock these conversations.
-- members_changed would lock them later, after the foreign key has locked the profile; that could deadlock with the
-- deletion of the user.
create or replace function private.members_before_insert()
returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  -- First wait for an existing row that another session is removing, as the unique index would: that session locks these
  -- conversations, too.
  if coalesce(current_setting('chat.last_locked', true), '') = '' then
    perform from public.organization_members m
    where m.organization_id = new.organization_id and m.user_id = new.user_id
    for key share;
  elsif exists (
    select from public.organization_members m
    where m.organization_id = new.organization_id and m.user_id = new.user_id
  ) then
    perform from public.organization_members m
    where m.organization_id = new.organization_id and m.user_id = new.user_id
    for key share skip locked;
    if not found then
      perform private.refuse_to_wait();
    end if;
  end if;
  perform private.lock_conversations(array(
    select c.id
    from public.conversation_participants p
    join public.conversations c on c.id = p.conversation_id
    where p.user_id = new.user_id and c.organization_id = new.organization_id
  ));
  return new;
end
$$;

revoke execute on function private.members_before_insert() from public;

create or replace trigger members_before_insert
before insert on public.organization_members
for each row execute function private.members_before_insert();
reset all; set check_function_bodies = off;

-- objects/triggers/members_changed.sql
-- After people leave an organization, or rejoin it while they are still listed in its groups: a group whose creator is
-- no longer a member gets another creator, and a group without one gets the person who rejoined.
create or replace function private.members_changed()
returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  conversations uuid[] := array(
    select c.id
    from changed m
    join public.conversation_participants p on p.user_id = m.user_id
    join public.conversations c on c.id = p.conversation_id and c.organization_id = m.organization_id
  );
begin
  -- Lock all of them: this waits for messages that are being sent to them, and another session may be making one of these
  -- people the creator of a group whose creator does not change here.
  perform private.lock_conversations(conversations);
  update public.conversations c
  set created_by = private.creator_of(c.id)
  where c.id = any (conversations) and c.is_group and c.created_by is distinct from private.creator_of(c.id);
  return null;
end
$$;

revoke execute on function private.members_changed() from public;

create or replace trigger members_removed
after delete on public.organization_members
referencing old table as changed
for each statement execute function private.members_changed();

create or replace trigger members_added
after insert on public.organization_members
referencing new table as changed
for each statement execute function private.members_changed();
reset all; set check_function_bodies = off;

-- objects/triggers/writes_in_turn.sql
-- Before a statement of the API writes: wait for the user's turn. One user's statements, from any number of devices,
-- then write one after another and cannot deadlock with each other. A user who was suspended meanwhile is refused.
--   argument: the action, if the statement has only one; when its limit is used up, it is refused without waiting
create or replace function private.writes_in_turn()
returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  writer uuid := private.api_user();
begin
  if writer is not null then
    if tg_nargs > 0 then
      perform private.refuse_spent(writer, tg_argv[0]);
    end if;
    perform private.take_turn(writer), private.api_writer(tg_table_name);
  end if;
  return null;
end
$$;

revoke execute on function private.writes_in_turn() from public;

-- Only for the columns that clients write. Other columns change within a statement that has taken its turn.
create or replace trigger conversations_insert_in_turn
before insert on public.conversations
for each statement execute function private.writes_in_turn('conversation');

create or replace trigger conversations_update_in_turn
before update of name, updated_at on public.conversations
for each statement execute function private.writes_in_turn();

create or replace trigger participants_insert_in_turn
before insert on public.conversation_participants
for each statement execute function private.writes_in_turn('add');

create or replace trigger participants_update_in_turn
before update of is_starred, is_muted, last_read_at on public.conversation_participants
for each statement execute function private.writes_in_turn('mark');

create or replace trigger participants_delete_in_turn
before delete on public.conversation_participants
for each statement execute function private.writes_in_turn('remove');

-- An insert takes the turn of its sender; see messages_before_insert.
create or replace trigger messages_update_in_turn
before update of content, reactions, deleted_at on public.messages
for each statement execute function private.writes_in_turn();

create or replace trigger profiles_update_in_turn
before update on public.user_profiles
for each statement execute function private.writes_in_turn('profile');
reset all; set check_function_bodies = off;

-- objects/triggers/message_reports_before_insert.sql
-- A report is about a message in one of the reporter's conversations. Copy the message's ids, and count the report
-- against the reporter's limit.
create or replace function private.message_reports_before_insert()
returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  writer uuid := private.api_writer('message_reports');
begin
  select m.conversation_id, m.organization_id, m.sender_id
  into new.conversation_id, new.organization_id, new.sender_id
  from public.messages m
  where m.id = new.message_id
    and (writer is null or exists (select from private.my_participations p where p.conversation_id = m.conversation_id));
  if not found and writer is null then
    perform private.refuse('PT404', 'NOT_FOUND', 'This item could not be found');
  elsif not found or new.reporter_id is distinct from coalesce(writer, new.reporter_id) then
    perform private.refuse_row('message_reports');
  elsif writer is not null then
    perform private.count_against_limit(writer, 'report');
  end if;
  return new;
end
$$;

-- The comment of an erased reporter is erased, too.
create or replace function private.message_reports_erased()
returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  new.comment := null;
  return new;
end
$$;

revoke execute on function private.message_reports_before_insert() from public;
revoke execute on function private.message_reports_erased() from public;

create or replace trigger message_reports_insert_in_turn
before insert on public.message_reports
for each statement execute function private.writes_in_turn('report');

create or replace trigger message_reports_before_insert
before insert on public.message_reports
for each row execute function private.message_reports_before_insert();

create or replace trigger message_reports_erased
before update of reporter_id on public.message_reports
for each row when (new.reporter_id is null)
execute function private.message_reports_erased();
reset all; set check_function_bodies = off;

-- objects/triggers/messages_before_insert.sql
-- Accept a message: check and count it against the sender's limit, then assign seq and time under the conversation's
-- lock. Locks are taken in the order sender's turn, conversation, read state. A sender without access is refused before
-- the conversation is locked, and again after waiting for the lock: what holds when the message is accepted decides.
-- Starting a statement costs as much as running it, so most messages of clients take three statements, each with several
-- tasks: the first takes the turn and counts, the second locks the conversation and assigns the seq, the third checks
-- access again. All other messages go through count_message.
create or replace function private.messages_before_insert()
returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
-- Without this, PostgreSQL plans each statement again for every message.
set plan_cache_mode = force_generic_plan
as $$
declare
  -- Looked up only for roles other than the clients'.
  trusted boolean := current_setting('role', true) is distinct from 'authenticated' and private.is_trusted();
  live integer := (new.deleted_at is null)::integer;
  moment timestamptz := clock_timestamp();
  -- Recorded as 20 ms from now, so that it is written a second time only if the message waits longer than that.
  noted timestamptz := moment + interval '20 milliseconds';
  counted boolean;
  last_locked text := current_setting('chat.last_locked', true);
begin
  if new.reactions is null then
    new.reactions := '[]';
  end if;
  if not trusted then
    if new.sender_id is null or new.sender_id is distinct from private.claimed_user_id() then
      perform private.refuse_row('messages');
    end if;
    if new.reactions <> '[]' then
      -- merge_reactions ignores other people's reactions; a new message cannot have any.
      if exists (
        select
        from jsonb_array_elements(case jsonb_typeof(new.reactions) when 'array' then new.reactions else '[]' end) as r (entry)
        where (r.entry ->> 'userId') is distinct from new.sender_id::text
      ) then
        raise insufficient_privilege using
          message = 'a reaction can be added for oneself only', hint = 'FORBIDDEN';
      end if;
      new.reactions := private.merge_reactions('[]', new.reactions, new.sender_id);
    end if;
  end if;
  -- A short text is always valid; only other messages need the complete check.
  if new.deleted_at is null and (
    octet_length(new.content) <= 4000 and btrim(new.content, E' \t\r\n') <> ''
    and new.attachments is null and new.reactions = '[]'
  ) is not true then
    perform private.refuse_message(new.content, new.attachments, new.reactions);
  end if;

  if not trusted and coalesce(last_locked, '') = '' then
    update private.send_windows w
    set sent_at = (w.sent_at || noted)[greatest(cardinality(w.sent_at) - 8, 1):]
    from public.conversation_participants p, public.organization_members m, private.limits l
    where w.user_id = new.sender_id
      and p.conversation_id = new.conversation_id and p.user_id = new.sender_id
      and m.organization_id = new.organization_id and m.user_id = new.sender_id
      and l.action = 'message'
      and not exists (select from private.suspended s where s.user_id = new.sender_id)
      and (w.muted_until is null or w.muted_until < moment) -- else count_message looks where they are muted
      and (
        cardinality(w.sent_at) < l.allowed or w.sent_at[cardinality(w.sent_at) - l.allowed + 1] < moment - l.per
      );
    counted := found;
  end if;
  if counted then
    last_locked := set_config('chat.last_locked', new.conversation_id::text, true);
    if current_setting('chat.longest_hold', true) <> '' then
      perform private.wait_unhurried();
    end if;
  else
    perform private.count_message(new.conversation_id, new.organization_id, new.sender_id, noted, trusted);
    perform private.lock_conversation(new.conversation_id);
  end if;
  -- Only trusted roles choose ids. Checked under the lock, because another session could insert the same id, and because
  -- ON CONFLICT DO NOTHING would leave a gap in seq.
  if trusted then
    if exists (select from public.messages m where m.id = new.id) then
      raise unique_violation using
        message = format('message %s exists', new.id), constraint = 'messages_pkey', table = 'messages';
    end if;
  end if;
  update public.conversations c
  set last_seq = c.last_seq + 1,
      last_message_seq = case live when 1 then c.last_seq + 1 else c.last_message_seq end,
      message_count = c.message_count + live
  where c.id = new.conversation_id and c.organization_id = new.organization_id and c.locked_at is null
  returning c.last_seq, c.updated_at into new.seq, new.created_at;
  if not found then
    perform private.refuse_locked(new.conversation_id);
    if not trusted then
      perform private.refuse_row('messages');
    end if;
    new.seq := 1; -- the foreign key refuses it
    new.created_at := moment;
    return new;
  end if;
  new.updated_at := new.created_at;
  if current_setting('chat.longest_hold', true) <> '' then
    perform private.hold_briefly();
  end if;

  if new.sender_id is not null then
    update private.read_states r
    set seen_count = r.seen_count + live
    where r.conversation_id = new.conversation_id and r.user_id = new.sender_id
      and (trusted or exists (
        select from public.organization_members m
        where m.organization_id = new.organization_id and m.user_id = new.sender_id
          and not exists (select from private.suspended s where s.user_id = new.sender_id)
      ));
    if not found and not trusted then
      perform private.refuse_row('messages');
    end if;
    if clock_timestamp() > noted then
      update private.send_windows w
      set sent_at[cardinality(w.sent_at)] = least(new.created_at, clock_timestamp())
      where w.user_id = new.sender_id;
    end if;
  end if;
  return new;
end
$$;

revoke execute on function private.messages_before_insert() from public;

create or replace trigger messages_before_insert
before insert on public.messages
for each row execute function private.messages_before_insert();
-- In an exported file, after one that changes the role: back to the role in which the Supabase CLI runs migrations,
-- which owns its history. That is not always the one that signed in; on hosted projects the CLI has login roles.
select pg_catalog.set_config(
  'role',
  case when pg_catalog.pg_has_role(session_user, c.relowner, 'member') then pg_catalog.pg_get_userbyid(c.relowner) else 'none' end,
  false
)
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where n.nspname = 'supabase_migrations' and c.relname = 'schema_migrations';
reset all; set check_function_bodies = off;

-- objects/triggers/messages_before_update.sql
-- Decide who may change what in a message. A deleted message keeps nothing readable.
create or replace function private.messages_before_update()
returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  trusted boolean := private.is_trusted();
  caller uuid := private.current_user_id();
  kept private.deleted_messages;
begin
  if (new.id, new.conversation_id, new.organization_id, new.seq, new.created_at)
    is distinct from (old.id, old.conversation_id, old.organization_id, old.seq, old.created_at)
  then
    raise insufficient_privilege using
      message = 'a message stays where and when it was sent', hint = 'FORBIDDEN';
  end if;
  if new.sender_id is distinct from old.sender_id then
    if new.sender_id is not null or (new.deleted_at is null) <> (old.deleted_at is null) then
      perform private.refuse('PT400', 'VALIDATION_ERROR', 'The sender of a message is erased on its own, not exchanged');
    end if;
    return new;
  end if;

  if not trusted then
    if old.sender_id is distinct from caller then
      perform private.allow_one_row('React to one message at a time');
    end if;
    perform private.hold_briefly();
    if old.deleted_at is not null then
      perform private.count_against_limit(caller, 'delete'); -- counted because it has locked the row
      return null; -- a tombstone cannot change, and deleting it again is not an error
    end if;
    -- Checked again, because this may have waited for the row.
    if not exists (select from private.my_participations p where p.conversation_id = old.conversation_id) then
      perform private.refuse_row('messages');
    end if;
    if old.sender_id is distinct from caller or new.deleted_at is null then -- all may delete their own
      perform private.refuse_muted(caller, old.organization_id, old.conversation_id);
      perform private.refuse_locked(old.conversation_id);
    end if;
    if old.sender_id is distinct from caller
      and (new.content, new.deleted_at) is distinct from (old.content, old.deleted_at)
    then
      raise insufficient_privilege using
        message = 'only its sender can edit or delete a message', hint = 'FORBIDDEN';
    end if;
    new.reactions := private.merge_reactions(old.reactions, new.reactions, caller);
    perform private.count_against_limit(caller, case
      when new.deleted_at is not null then 'delete'
      when new.content is distinct from old.content then 'edit'
      else 'reaction'
    end);
  end if;
  -- Set by undo_restoration, which brings back a tombstone as it was.
  if not trusted or current_setting('chat.keep_message_updated_at', true) is distinct from 'on' then
    new.updated_at := greatest(clock_timestamp(), old.updated_at + interval '1 microsecond');
  end if;
  if new.deleted_at is not null and not trusted then
    new.deleted_at := new.updated_at;
  end if;

  if old.deleted_at is null and new.deleted_at is not null then
    insert into private.deleted_messages
      (message_id, conversation_id, sender_id, content, attachments, reactions, deleted_at, deleted_by, updated_at)
    values
      (old.id, old.conversation_id, old.sender_id, old.content, old.attachments, old.reactions,
       new.deleted_at, case when not trusted then caller end, old.updated_at);
    if old.attachments is not null then
      perform private.hide_files(old);
    end if;
    new.content := null;
    new.attachments := null;
    new.reactions := '[]';
  elsif old.deleted_at is not null and new.deleted_at is null then
    delete from private.deleted_messages d where d.message_id = old.id returning * into kept;
    if not found or kept.redacted_at is not null then
      perform private.refuse('PT404', 'NOT_FOUND', 'Nothing is kept of this message');
    end if;
    new.content := kept.content;
    new.attachments := kept.attachments;
    new.reactions := kept.reactions;
    new.updated_at := coalesce(kept.updated_at, new.updated_at);
  end if;
  return new;
end
$$;

revoke execute on function private.messages_before_update() from public;

create or replace trigger messages_before_update
before update on public.messages
for each row execute function private.messages_before_update();
reset all; set check_function_bodies = off;

-- objects/triggers/messages_make_room.sql
-- Keep a message's reactions within 1,000: reactions of participants always fit; those of people who have left stay
-- while there is room, and the oldest of them go first. Runs after messages_before_update, by its name.
create or replace function private.messages_make_room()
returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  new.reactions := (
    select coalesce(jsonb_agg(e.entry order by e.position), '[]')
    from (
      select r.entry, r.position, p.takes_part, row_number() over (order by p.takes_part desc, r.position desc) as place
      from jsonb_array_elements(new.reactions) with ordinality as r (entry, position)
      cross join lateral (
        select exists (
          select from public.conversation_participants cp
          where cp.conversation_id = new.conversation_id and cp.user_id::text = r.entry ->> 'userId'
        ) as takes_part
      ) as p
    ) as e
    where e.takes_part or e.place <= 1000
  );
  return new;
end
$$;

revoke execute on function private.messages_make_room() from public;

create or replace trigger messages_make_room
before update of reactions on public.messages
for each row
when (case when jsonb_typeof(new.reactions) = 'array' then jsonb_array_length(new.reactions) > 1000 else false end)
execute function private.messages_make_room();
reset all; set check_function_bodies = off;

-- objects/moderation/naming_people.sql
-- How people are found in texts: in reasons, which must not name them, and in messages that erase_user anonymizes.

-- A regular expression for a name or an address in a text, to match without regard to case. Names with letters outside
-- ASCII are found inside words, because many of their scripts have no spaces.
create or replace function private.name_pattern(p_name text)
returns text
language sql immutable
set search_path = pg_catalog, pg_temp
set standard_conforming_strings = on
as $$
  select case
    when n.name is null or n.name = '' then null
    when octet_length(n.name) > char_length(n.name) then n.pattern
    else private.word_pattern(n.pattern)
  end
  from (
    select
      t.name,
      regexp_replace(
        regexp_replace(t.name, '([^[:alnum:][:space:]])', '\\\1', 'g'), '\s+', '\\s+', 'g'
      ) as pattern
    from (select regexp_replace(p_name, '^\s+|\s+$', '', 'g') as name) as t
  ) as n
$$;

-- The same for the id of a user.
create or replace function private.id_pattern(p_user_id uuid)
returns text
language sql immutable
set search_path = pg_catalog, pg_temp
as $$
  select private.word_pattern(replace(p_user_id::text, '-', '-?'))
$$;

-- A pattern between characters that are no digits or Latin letters.
create or replace function private.word_pattern(p_pattern text)
returns text
language sql immutable
set search_path = pg_catalog, pg_temp
set standard_conforming_strings = on
as $$
  select '(?<![0-9a-zA-Z\u00c0-\u024f])(?:' || p_pattern || ')(?![0-9a-zA-Z\u00c0-\u024f])'
$$;

-- Whether a name is long enough to be looked for in reasons: shorter ones are part of ordinary words.
create or replace function private.is_telling_name(p_name text)
returns boolean
language sql immutable
set search_path = pg_catalog, pg_temp
set standard_conforming_strings = on
as $$
  select char_length(n.name) >= case when octet_length(n.name) > char_length(n.name) then 2 else 4 end
  from (select normalize(regexp_replace(p_name, '^\s+|\s+$', '', 'g'), nfc) as name) as n
$$;

-- Whether a text contains the id or address of any user, or the name of one of these. Only a text that contains something
-- like an address reads all users.
create or replace function private.names_people(p_text text, p_user_ids uuid[])
returns boolean
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  select exists (
      select
      from regexp_matches(p_text, private.word_pattern('[0-9a-f]{8}(?:-?[0-9a-f]{4}){3}-?[0-9a-f]{12}'), 'gi') as m
      join public.user_profiles u on u.id = m[1]::uuid
    )
    or strpos(p_text, '@') > 0 and exists (
      select from public.user_profiles u
      where u.email <> '' and strpos(lower(p_text), lower(btrim(u.email))) > 0 and p_text ~* private.name_pattern(u.email)
    )
    or exists (
      select from public.user_profiles u
      where u.id = any (p_user_ids) and private.is_telling_name(u.full_name) and p_text ~* private.name_pattern(u.full_name)
    )
$$;

-- The people whom a reason about these targets of the log must not name: who takes part in a conversation, and the sender
-- of a message.
create or replace function private.people_of(p_targets text[])
returns uuid[]
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  with targets as (
    select split_part(t.target, ':', 1) as type, substr(t.target, strpos(t.target, ':') + 1)::uuid as id
    from unnest(p_targets) as t (target)
    where t.target ~ '^(conversation|message):[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'
  )
  select array(
    select p.user_id
    from targets t join public.conversation_participants p on p.conversation_id = t.id
    where t.type = 'conversation'
    union
    select m.sender_id from targets t join public.messages m on m.id = t.id where t.type = 'message'
  )
$$;

revoke execute on function private.name_pattern(text) from public;
revoke execute on function private.id_pattern(uuid) from public;
revoke execute on function private.word_pattern(text) from public;
revoke execute on function private.is_telling_name(text) from public;
revoke execute on function private.names_people(text, uuid[]) from public;
revoke execute on function private.people_of(text[]) from public;
reset all; set check_function_bodies = off;

-- objects/moderation/log_act.sql
-- Write a row of the moderation log, for the functions that act. They call it last: the row stays locked until the
-- transaction ends. Returns its id, the action's.
--   p_targets  what was acted upon, for example {message:6f…}; a user by pseudonym, see log_pseudonym
--   p_details  what else describes the action; no text of users, no names and no addresses
create or replace function private.log_act(
  p_action text, p_targets text[], p_actor text, p_reason text, p_ticket text,
  p_organization_id uuid default null, p_details jsonb default '{}', p_job_id uuid default null
)
returns bigint
language sql
set search_path = pg_catalog, pg_temp
set standard_conforming_strings = on
as $$
  insert into private.moderation_log
    (actor, action, organization_id, target_type, target_id, targets, reason, ticket, details, job_id)
  values (
    p_actor, p_action, p_organization_id, split_part(p_targets[1], ':', 1),
    case when cardinality(p_targets) = 1 then substr(p_targets[1], strpos(p_targets[1], ':') + 1)
      else format('%s items', cardinality(p_targets)) end,
    p_targets, btrim(p_reason, E' \t\r\n'),
    case when p_ticket ~ '\S' then btrim(p_ticket, E' \t\r\n') end, p_details, p_job_id
  )
  returning id
$$;

-- The name of a user in the log.
create or replace function private.log_pseudonym(p_user_id uuid)
returns text
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  known uuid;
begin
  insert into private.log_pseudonyms (user_id) values (p_user_id) on conflict (user_id) do nothing;
  select p.pseudonym into strict known from private.log_pseudonyms p where p.user_id = p_user_id;
  return 'user:' || known;
end
$$;

-- Refuse an act without an actor or a reason, and a reason that contains the address or id of any user, or the name of one
-- of these: the log cannot forget it when the user is erased.
create or replace function private.require_reason(
  p_actor text, p_reason text, p_ticket text default null, p_user_ids uuid[] default '{}'
)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
set standard_conforming_strings = on
as $$
begin
  perform private.require_actor(p_actor);
  if coalesce(p_reason, '') !~ '\S' or char_length(p_reason) > 1000 then
    perform private.refuse('PT400', 'VALIDATION_ERROR', 'An act needs a reason of 1 to 1,000 characters');
  elsif char_length(p_ticket) > 200 then
    perform private.refuse('PT400', 'VALIDATION_ERROR', 'A ticket has at most 200 characters');
  end if;
  if private.names_people(concat_ws(' ', p_reason, p_ticket), p_user_ids) then
    perform private.refuse('PT400', 'VALIDATION_ERROR',
      'The reason and the ticket must not contain the id, address or name of a person: the log is never changed');
  end if;
end
$$;

create or replace function private.require_actor(p_actor text)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
set standard_conforming_strings = on
as $$
begin
  if coalesce(p_actor, '') !~ '\S' or char_length(p_actor) > 200 then
    perform private.refuse('PT400', 'VALIDATION_ERROR', 'An act needs an actor: a name of 1 to 200 characters');
  end if;
end
$$;

-- A hash that only somebody with the key can compute, so that nobody who reads the log can guess what was hashed.
create or replace function private.keyed_hash(p_values jsonb)
returns text
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  select encode(sha256(k.key || sha256(k.key || convert_to(p_values::text, 'UTF8'))), 'hex')
  from private.moderation_key k
$$;

-- The hash of removed content. Null for no content.
create or replace function private.content_hash(p_message_id uuid, p_content text, p_attachments jsonb)
returns text
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  select case when p_content is not null or p_attachments is not null then
    private.keyed_hash(jsonb_build_array(p_message_id, p_content, p_attachments))
  end
$$;

-- The hash of a text that was searched for. Null for no text.
create or replace function private.text_hash(p_text text)
returns text
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  select case when p_text is not null then private.keyed_hash(jsonb_build_array(p_text)) end
$$;

revoke execute on function private.log_act(text, text[], text, text, text, uuid, jsonb, uuid) from public;
revoke execute on function private.log_pseudonym(uuid) from public;
revoke execute on function private.require_reason(text, text, text, uuid[]) from public;
revoke execute on function private.keyed_hash(jsonb) from public;
revoke execute on function private.require_actor(text) from public;
revoke execute on function private.content_hash(uuid, text, jsonb) from public;
revoke execute on function private.text_hash(text) from public;
reset all; set check_function_bodies = off;

-- objects/moderation/holds.sql
-- Holds: nothing that is held is redacted, purged or erased, whoever tries, until the hold is released.

-- Let a hold that is being created finish first, and one that comes later wait for this transaction. A transaction that
-- reads from one snapshot would not see the former, and is refused.
create or replace function private.lock_holds()
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  lock table private.holds in share mode;
  if current_setting('transaction_isolation') in ('repeatable read', 'serializable') then
    perform from private.holds_changed c for share;
  end if;
exception when serialization_failure then
  perform private.refuse('PT409', 'CONFLICT', 'Holds have changed since this transaction began; roll it back and begin again');
end
$$;

create or replace function private.holds_changed()
returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  update private.holds_changed c set at = clock_timestamp();
  return null;
end
$$;

create or replace trigger holds_changed
before insert or update on private.holds
for each statement execute function private.holds_changed();

-- Refuse to go on if a message of one of these conversations, or of one of these senders, is held.
create or replace function private.refuse_held(
  p_organization_ids uuid[], p_conversation_ids uuid[], p_sender_ids uuid[]
)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  held text;
begin
  perform private.lock_holds();
  select string_agg(distinct h.name, ', ' order by h.name) into held
  from private.active_holds h
  where h.organization_id = any (p_organization_ids) or h.conversation_id = any (p_conversation_ids)
    or h.user_id = any (p_sender_ids);
  if held is not null then
    perform private.refuse('PT409', 'HELD', format('Held by %s; release the hold first', held));
  end if;
end
$$;

create or replace view private.active_holds as
select h.id, h.name, h.reason, h.organization_id, h.conversation_id, h.user_id, h.created_at
from private.holds h
where h.released_at is null;

revoke all on private.active_holds from public, anon, authenticated, service_role;

-- An active hold is released, not deleted; release_hold does both. Its foreign keys keep what it is about.
create or replace function private.holds_before_delete()
returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  if old.released_at is null then
    perform private.refuse('PT409', 'HELD', format('Held by %s; release the hold first', old.name));
  end if;
  return old;
end
$$;

create or replace trigger holds_before_delete
before delete on private.holds
for each row execute function private.holds_before_delete();

revoke execute on function private.lock_holds() from public;
revoke execute on function private.holds_changed() from public;
revoke execute on function private.refuse_held(uuid[], uuid[], uuid[]) from public;
revoke execute on function private.holds_before_delete() from public;

-- Create a hold on an organization, a conversation or a user: exactly one of them. Returns the action's id.
create or replace function moderation.create_hold(
  p_name text, p_actor text, p_reason text, p_ticket text default null,
  p_organization_id uuid default null, p_conversation_id uuid default null, p_user_id uuid default null
)
returns bigint
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  people uuid[] := p_user_id || private.people_of(array['conversation:' || p_conversation_id]);
  hold private.holds;
begin
  perform private.require_reason(p_actor, p_reason, p_ticket, people);
  if coalesce(p_name, '') !~ '^[^[:space:][:cntrl:]]([^[:cntrl:]]*[^[:space:][:cntrl:]])?$' or char_length(p_name) > 200 then
    perform private.refuse('PT400', 'VALIDATION_ERROR',
      'A hold has a name of 1 to 200 characters, without control characters and white space around it');
  elsif private.names_people(p_name, people) then
    perform private.refuse('PT400', 'VALIDATION_ERROR',
      'The name of a hold must not contain the id, address or name of a person: the log is never changed');
  elsif num_nonnulls(p_organization_id, p_conversation_id, p_user_id) <> 1 then
    perform private.refuse('PT400', 'VALIDATION_ERROR', 'A hold is on one organization, conversation or user');
  end if;
  begin
    insert into private.holds (name, reason, organization_id, conversation_id, user_id)
    values (p_name, p_reason, p_organization_id, p_conversation_id, p_user_id)
    on conflict (name) do nothing
    returning * into hold;
  exception when foreign_key_violation then
    perform private.refuse('PT404', 'NOT_FOUND', format('There is no such %s', case
      when p_organization_id is not null then 'organization' when p_conversation_id is not null then 'conversation' else 'user'
    end));
  end;
  if hold.id is null then
    perform private.refuse('PT409', 'CONFLICT', format('There is an active hold of that name: %s', p_name));
  end if;
  return private.log_hold('hold.create', hold, p_actor, p_reason, p_ticket);
end
$$;

-- Log what was done to a hold, with what it is about. Returns the action's id.
create or replace function private.log_hold(
  p_action text, p_hold private.holds, p_actor text, p_reason text, p_ticket text
)
returns bigint
language sql
set search_path = pg_catalog, pg_temp
as $$
  select private.log_act(
    p_action,
    array['hold:' || p_hold.name, coalesce(
      'organization:' || p_hold.organization_id, 'conversation:' || p_hold.conversation_id, private.log_pseudonym(p_hold.user_id)
    )],
    p_actor, p_reason, p_ticket,
    coalesce(
      p_hold.organization_id, (select c.organization_id from public.conversations c where c.id = p_hold.conversation_id)
    ),
    jsonb_build_object('hold_id', p_hold.id)
  )
$$;

-- Release a hold. Only the log keeps it. Returns the action's id.
create or replace function moderation.release_hold(
  p_name text, p_actor text, p_reason text, p_ticket text default null
)
returns bigint
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  hold private.holds;
begin
  select h.* into hold from private.holds h where h.name = p_name for update;
  if not found then
    perform private.refuse('PT404', 'NOT_FOUND', format('There is no hold %s', p_name));
  end if;
  perform private.require_reason(
    p_actor, p_reason, p_ticket, hold.user_id || private.people_of(array['conversation:' || hold.conversation_id])
  );
  update private.holds h set released_at = clock_timestamp() where h.id = hold.id;
  delete from private.holds h where h.id = hold.id;
  return private.log_hold('hold.release', hold, p_actor, p_reason, p_ticket);
end
$$;

-- Undo the creation of a hold: release that hold, but not a later one of the same name.
create or replace function private.undo_hold(
  p_entry private.moderation_log, p_actor text, p_reason text, p_ticket text
)
returns table (action text, action_id bigint, id text, status text, problem text)
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  hold_name text := substr(p_entry.targets[1], strpos(p_entry.targets[1], ':') + 1);
begin
  perform from private.holds h where h.id = (p_entry.details ->> 'hold_id')::uuid for update;
  if found then
    action_id := moderation.release_hold(hold_name, p_actor, p_reason, p_ticket);
    return query select 'hold.release', action_id, hold_name, 'done', null::text;
    return;
  end if;
  perform private.require_reason(p_actor, p_reason, p_ticket);
  if exists (select from private.holds h where h.name = hold_name) then
    return query select 'hold.release', null::bigint, hold_name, 'skipped', 'CHANGED';
  else
    return query select 'hold.release', null::bigint, hold_name, 'noop', null::text;
  end if;
end
$$;

revoke execute on function private.log_hold(text, private.holds, text, text, text) from public;
revoke execute on function private.undo_hold(private.moderation_log, text, text, text) from public;
revoke execute on function moderation.create_hold(text, text, text, text, uuid, uuid, uuid) from public;
revoke execute on function moderation.release_hold(text, text, text, text) from public;
reset all; set check_function_bodies = off;

-- objects/triggers/messages_recounted.sql
-- After messages are changed: refuse a client who no longer has access. After they are deleted, restored, purged, or lose
-- their sender: update each conversation's count and last message, and what its participants have seen. The conversations
-- are locked first; later statements then see what was committed meanwhile.
create or replace function private.messages_recounted()
returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  conversations uuid[];
  seqs bigint[];
  senders uuid[];
  changes integer[];
  changed uuid[] := '{}';
  erased_organizations uuid[];
  erased_in uuid[];
  erased_senders uuid[];
  erased_seqs bigint[];
begin
  perform private.restore_lock_timeout();
  if tg_op = 'UPDATE' then
    select
      array_agg(b.conversation_id), array_agg(b.seq), array_agg(b.sender_id),
      array_agg(case when b.deleted_at is null then -1 else 1 end)
    into conversations, seqs, senders, changes
    from before b join after a on a.id = b.id
    where (b.deleted_at is null) <> (a.deleted_at is null);
    -- A deleted message has no seq here: it is in nobody's count.
    select
      array_agg(b.organization_id), array_agg(b.conversation_id), array_agg(b.sender_id),
      array_agg(case when b.deleted_at is null then b.seq end)
    into erased_organizations, erased_in, erased_senders, erased_seqs
    from before b join after a on a.id = b.id
    where a.sender_id is null and b.sender_id is not null
      and b.sender_id::text is distinct from current_setting('chat.deleted_user', true);
    if erased_in is not null then
      perform private.refuse_held(erased_organizations, erased_in, erased_senders);
    end if;
    -- Erasing the sender is part of deleting a user and not a change by a client.
    changed := array(
      select a.conversation_id from before b join after a on a.id = b.id
      where a.sender_id is not distinct from b.sender_id
    );
  else
    perform private.refuse_held(
      array(select distinct b.organization_id from before b),
      array(select distinct b.conversation_id from before b),
      array(select distinct b.sender_id from before b)
    );
    select array_agg(b.conversation_id), array_agg(b.seq), array_agg(b.sender_id), array_agg(-1)
    into conversations, seqs, senders, changes
    from before b
    where b.deleted_at is null;
  end if;
  if conversations is not null or erased_in is not null then
    perform private.lock_conversations(conversations || erased_in);
  end if;
  -- Checked again: the statement may have waited after it changed the first of several messages.
  if changed <> '{}' and private.api_writer('messages') is not null then
    perform private.refuse_outsider('messages', changed);
  end if;
  if erased_in is not null then
    -- Users have seen their own messages; a message without a sender is not anybody's own.
    update private.read_states r
    set seen_count = r.seen_count - t.messages
    from (
      select s.conversation_id, s.user_id, count(*) as messages
      from unnest(erased_in, erased_senders, erased_seqs) as e (conversation_id, sender_id, seq)
      join private.read_states s
        on s.conversation_id = e.conversation_id and s.user_id = e.sender_id and s.last_read_seq < e.seq
      group by s.conversation_id, s.user_id
    ) as t
    where r.conversation_id = t.conversation_id and r.user_id = t.user_id;
  end if;
  if conversations is null then
    return null;
  end if;
  update public.conversations c
  set message_count = c.message_count + t.change,
      last_message_seq = coalesce((
        select max(m.seq) from public.messages m
        where m.conversation_id = c.id and m.deleted_at is null
      ), 0)
  from (
    select d.conversation_id, sum(d.change) as change
    from unnest(conversations, changes) as d (conversation_id, change)
    group by d.conversation_id
  ) as t
  where c.id = t.conversation_id;
  update private.read_states r
  set seen_count = r.seen_count + t.change
  from (
    select s.conversation_id, s.user_id, sum(d.change) as change
    from unnest(conversations, seqs, senders, changes) as d (conversation_id, seq, sender_id, change)
    join private.read_states s
      on s.conversation_id = d.conversation_id and (s.last_read_seq >= d.seq or s.user_id = d.sender_id)
    group by s.conversation_id, s.user_id
  ) as t
  where r.conversation_id = t.conversation_id and r.user_id = t.user_id;
  return null;
end
$$;

revoke execute on function private.messages_recounted() from public;

create or replace trigger messages_deleted_or_restored
after update on public.messages
referencing old table as before new table as after
for each statement execute function private.messages_recounted();

create or replace trigger messages_purged
after delete on public.messages
referencing old table as before
for each statement execute function private.messages_recounted();
reset all; set check_function_bodies = off;

-- objects/triggers/moderation_log_is_append_only.sql
-- Reject every change of the moderation log.
create or replace function private.moderation_log_is_append_only()
returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  raise insufficient_privilege using message = 'the moderation log is append-only';
end
$$;

revoke execute on function private.moderation_log_is_append_only() from public;

create or replace trigger moderation_log_is_append_only
before update or delete or truncate on private.moderation_log
for each statement execute function private.moderation_log_is_append_only();
reset all; set check_function_bodies = off;

-- objects/triggers/participants_before_delete.sql
-- Before somebody leaves a group, or its creator removes somebody: allow one row per statement, so that a statement that
-- waits for a participant's row holds no other. Does not apply where a project lets its users delete conversations or
-- their own accounts, which cascades.
create or replace function private.participants_before_delete()
returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  if private.api_writer('conversation_participants') is not null then
    perform private.allow_one_row('Remove one person at a time'), private.hold_briefly();
  end if;
  return old;
end
$$;

revoke execute on function private.participants_before_delete() from public;

create or replace trigger participants_before_delete
before delete on public.conversation_participants
for each row when (pg_trigger_depth() = 0)
execute function private.participants_before_delete();
reset all; set check_function_bodies = off;

-- objects/triggers/participants_before_insert.sql
-- Before somebody joins: lock the conversation if the caller may add people to it. Users can set only their own read
-- position, and not in the future. A statement of the API adds people to only one conversation, so that it never waits
-- for a second one; participants_joined runs after the statement.
create or replace function private.participants_before_insert()
returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  trusted boolean := private.is_trusted();
begin
  if not trusted then
    if not private.may_add(private.current_user_id(), new.conversation_id, new.user_id) then
      perform private.refuse_row('conversation_participants');
    end if;
    perform private.refuse_return(new.conversation_id, new.user_id);
    if current_setting('chat.adding_to', true) not in ('', new.conversation_id::text) then
      perform private.refuse('PT400', 'VALIDATION_ERROR', 'Add people to one conversation at a time');
    end if;
    perform set_config('chat.adding_to', new.conversation_id::text, true);
  end if;
  perform private.wait_for_participant(new.conversation_id, new.user_id);
  perform private.lock_conversation(new.conversation_id);
  -- Check again, because others may have made changes while this waited.
  perform private.wait_for_participant(new.conversation_id, new.user_id);
  if not trusted then
    if not private.may_add(private.current_user_id(), new.conversation_id, new.user_id) then
      perform private.refuse_row('conversation_participants');
    end if;
    perform private.refuse_return(new.conversation_id, new.user_id);
    perform private.refuse_muted(private.current_user_id(), c.organization_id, c.id)
    from public.conversations c
    where c.id = new.conversation_id;
    if new.user_id is distinct from private.current_user_id() then
      new.last_read_at := null;
    end if;
  end if;
  new.last_read_at := private.reading_moment(new.conversation_id, new.last_read_at);
  return new;
end
$$;

revoke execute on function private.participants_before_insert() from public;

create or replace trigger participants_before_insert
before insert on public.conversation_participants
for each row execute function private.participants_before_insert();
reset all; set check_function_bodies = off;

-- objects/triggers/participants_before_mark.sql
-- Before somebody marks a conversation: the read position cannot be in the future. Their row is held only briefly, because
-- the creator may want to remove them.
create or replace function private.participants_before_mark()
returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  if private.api_user() is not null then
    perform private.hold_briefly();
  end if;
  if new.last_read_at is distinct from old.last_read_at then
    new.last_read_at := private.reading_moment(new.conversation_id, new.last_read_at);
  end if;
  return new;
end
$$;

revoke execute on function private.participants_before_mark() from public;

create or replace trigger participants_before_mark
before update of is_starred, is_muted, last_read_at on public.conversation_participants
for each row execute function private.participants_before_mark();
reset all; set check_function_bodies = off;

-- objects/triggers/participants_joined.sql
-- After people join: check the rules that span rows (who, how many, one direct conversation per pair), update the count
-- and the creator, and set where each person starts to read. An AFTER trigger, so that row-level security has refused
-- strangers before; participants_before_insert has locked the conversations.
create or replace function private.participants_joined()
returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  writer uuid := private.api_user();
  arrival record;
  conversation public.conversations;
  existing uuid;
begin
  perform set_config('chat.adding_to', '', true);
  if writer is not null then
    perform private.count_against_limit(writer, 'add', count(*)) from joined j where j.user_id <> writer having count(*) > 0;
  end if;
  for arrival in
    select j.conversation_id, array_agg(j.user_id order by j.user_id) as users, count(*)::integer as size
    from joined j
    group by j.conversation_id
    order by j.conversation_id
  loop
    select c.* into conversation from public.conversations c where c.id = arrival.conversation_id;
    if not conversation.is_group and conversation.participant_count = 0 and arrival.size = 2 then
      perform private.take_pair(conversation.organization_id, arrival.users[1], arrival.users[2]);
      perform private.api_writer('conversation_participants'); -- again, because this may have waited
    end if;

    if exists (
      select from unnest(arrival.users) as u (user_id)
      where not exists (
        select from public.organization_members om
        where om.organization_id = conversation.organization_id and om.user_id = u.user_id
      )
    ) then
      perform private.refuse('PT403', 'FORBIDDEN',
        'Only members of the organization can take part in its conversations');
    end if;

    if conversation.participant_count = 0 then
      if not private.is_trusted() and not conversation.created_by = any (arrival.users) then
        perform private.refuse('PT400', 'VALIDATION_ERROR', 'The creator takes part in a new conversation');
      end if;
      -- One that everybody has left is not new, and has no creator: operators add people to it one by one.
      if conversation.is_group and arrival.size < 3 and (conversation.created_by is not null or not private.is_trusted()) then
        perform private.refuse('PT400', 'VALIDATION_ERROR', 'Groups need at least 3 participants',
          jsonb_build_object('minimum', 3, 'participants', arrival.size));
      end if;
      if not conversation.is_group then
        if arrival.size <> 2 then
          perform private.refuse('PT400', 'VALIDATION_ERROR', 'A direct conversation has exactly 2 participants',
            jsonb_build_object('participants', arrival.size));
        end if;
        insert into private.direct_conversations (organization_id, user_a, user_b, conversation_id)
        values (conversation.organization_id, arrival.users[1], arrival.users[2], conversation.id)
        on conflict on constraint one_direct_conversation do nothing;
        if not found then
          select d.conversation_id into existing
          from private.direct_conversations d
          where d.organization_id = conversation.organization_id
            and d.user_a = arrival.users[1] and d.user_b = arrival.users[2];
          perform private.refuse('PT409', 'DUPLICATE_CONVERSATION',
            'You already have a conversation with this person',
            jsonb_build_object('conversation_id', existing));
        end if;
      end if;
    elsif not conversation.is_group then
      perform private.refuse('PT400', 'VALIDATION_ERROR', 'Nobody can be added to a direct conversation');
    end if;

    if conversation.participant_count + arrival.size > 50 then
      perform private.refuse('PT400', 'VALIDATION_ERROR', 'Groups have at most 50 participants',
        jsonb_build_object('maximum', 50, 'participants', conversation.participant_count + arrival.size));
    end if;
    update public.conversations c
    set participant_count = c.participant_count + arrival.size, created_by = private.creator_of(c.id)
    where c.id = conversation.id;
  end loop;

  insert into private.read_states (conversation_id, user_id, last_read_seq, seen_count)
  select j.conversation_id, j.user_id, p.last_read_seq, p.seen_count
  from joined j
  cross join lateral private.read_position(j.conversation_id, j.user_id, j.last_read_at) as p
  on conflict (conversation_id, user_id) do update
  set last_read_seq = excluded.last_read_seq, seen_count = excluded.seen_count;
  return null;
end
$$;

revoke execute on function private.participants_joined() from public;

create or replace trigger participants_joined
after insert on public.conversation_participants
referencing new table as joined
for each statement execute function private.participants_joined();
reset all; set check_function_bodies = off;

-- objects/triggers/participants_left.sql
-- After people leave: update the count, the creator and the read states, and record who left of their own accord. An
-- emptied conversation has no creator, so that nobody can re-enter it as if they had just created it.
create or replace function private.participants_left()
returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  writer uuid;
begin
  if private.restore_lock_timeout() then -- otherwise they are deleted with their conversation or user
    writer := private.api_writer('conversation_participants');
  end if;
  if writer is not null then
    perform private.count_against_limit(writer, 'remove');
  end if;
  perform private.lock_conversations(array(select d.conversation_id from departed d));
  if writer is not null then
    -- The checks of the policies again: users who leave are members, and users who remove others manage the group.
    perform private.api_writer('conversation_participants');
    if exists (
      select from departed d
      join public.conversations c on c.id = d.conversation_id
      where not exists (
        select from public.organization_members o
        where o.organization_id = c.organization_id and o.user_id = writer
      )
        or (d.user_id <> writer and c.created_by is distinct from writer)
    ) then
      perform private.refuse_row('conversation_participants');
    end if;
    -- Who is muted may leave, but not remove others.
    perform private.refuse_muted(writer, c.organization_id, c.id)
    from departed d
    join public.conversations c on c.id = d.conversation_id
    where d.user_id <> writer;
    insert into private.departures as l (conversation_id, user_id, left_at)
    select d.conversation_id, d.user_id, array[clock_timestamp()]
    from departed d
    where d.user_id = writer
    on conflict (conversation_id, user_id) do update set left_at = array(
      select e.at
      from private.limits r
      cross join lateral private.window_entries(l.left_at || excluded.left_at, null, clock_timestamp(), r.per) as e
      where r.action = 'return'
    );
  end if;
  update public.conversations c
  set participant_count = c.participant_count - d.size, created_by = private.creator_of(c.id)
  from (select p.conversation_id, count(*)::integer as size from departed p group by p.conversation_id) as d
  where c.id = d.conversation_id;
  delete from private.read_states r
  using departed d
  where r.conversation_id = d.conversation_id and r.user_id = d.user_id;
  return null;
end
$$;

revoke execute on function private.participants_left() from public;

create or replace trigger participants_left
after delete on public.conversation_participants
referencing old table as departed
for each statement execute function private.participants_left();
reset all; set check_function_bodies = off;

-- objects/triggers/participants_read.sql
-- After participants change their marks: count them against the limit, each conversation once and once more for each
-- thousand messages left unread, because others wait while these are counted. Then update how far each conversation is
-- read.
create or replace function private.participants_read()
returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  writer uuid;
  conversations uuid[] := array(
    select a.conversation_id
    from before b join after a on a.id = b.id
    where a.last_read_at is distinct from b.last_read_at
  );
begin
  if not exists (select from after) then
    return null;
  end if;
  writer := private.api_writer('conversation_participants');
  if writer is not null then
    -- How many messages are counted under the lock; looked up before it is taken.
    perform private.count_against_limit(writer, 'mark', greatest(w.marks, least(w.marks + w.messages / 1000, l.allowed)))
    from (
      select
        count(*) as marks,
        coalesce(sum(private.messages_after(a.conversation_id, a.last_read_at))
          filter (where a.conversation_id = any (conversations)), 0)::bigint as messages
      from after a
    ) as w
    join private.limits l on l.action = 'mark';
  end if;
  perform private.lock_conversations(conversations);
  if writer is not null then
    perform private.refuse_outsider('conversation_participants', array(select a.conversation_id from after a));
  end if;
  if conversations = '{}' then
    return null;
  end if;
  update private.read_states r
  set last_read_seq = p.last_read_seq, seen_count = p.seen_count
  from after a
  cross join lateral private.read_position(a.conversation_id, a.user_id, a.last_read_at) as p
  where r.conversation_id = a.conversation_id and r.user_id = a.user_id
    and a.conversation_id = any (conversations);
  return null;
end
$$;

revoke execute on function private.participants_read() from public;

create or replace trigger participants_read
after update on public.conversation_participants
referencing old table as before new table as after
for each statement execute function private.participants_read();
reset all; set check_function_bodies = off;

-- objects/triggers/profiles_limited.sql
-- Limit how often clients change their profile. Users who are muted everywhere cannot change theirs, because colleagues
-- see it.
create or replace function private.profiles_limited()
returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  writer uuid := private.api_writer('user_profiles');
begin
  if writer is not null then
    perform private.refuse_muted(writer);
    perform private.count_against_limit(writer, 'profile');
  end if;
  return new;
end
$$;

revoke execute on function private.profiles_limited() from public;

create or replace trigger profiles_limited
before update on public.user_profiles
for each row execute function private.profiles_limited();
reset all; set check_function_bodies = off;

-- objects/triggers/set_updated_at.sql
-- Set updated_at, which clients cannot set, and never move it back. A message takes its time from its conversation, so
-- created_at increases with seq even if the clock was set back.
create or replace function private.set_updated_at()
returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  new.updated_at := greatest(clock_timestamp(), old.updated_at + interval '1 microsecond');
  return new;
end
$$;

-- The same for conversations. Deleting or restoring a message only changes counts: the conversation keeps its time, and
-- its place in people's lists. So it does when an operator locks it, or adds and removes people.
create or replace function private.set_conversations_updated_at()
returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  if new.last_seq = old.last_seq and (
    new.message_count <> old.message_count or current_setting('chat.keep_updated_at', true) = 'on'
  ) then
    new.updated_at := old.updated_at;
  else
    new.updated_at := greatest(clock_timestamp(), old.updated_at + interval '1 microsecond');
  end if;
  return new;
end
$$;

revoke execute on function private.set_updated_at() from public;
revoke execute on function private.set_conversations_updated_at() from public;

create or replace trigger set_conversations_updated_at
before update on public.conversations
for each row execute function private.set_conversations_updated_at();

create or replace trigger set_user_profiles_updated_at
before update on public.user_profiles
for each row execute function private.set_updated_at();
reset all; set check_function_bodies = off;

-- objects/triggers/sync_profile.sql
-- Create a profile for each new auth user, and keep its email up to date.
create or replace function private.sync_profile()
returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  insert into public.user_profiles as p (id, email, full_name, avatar_url)
  values (
    new.id,
    new.email,
    left(new.raw_user_meta_data ->> 'full_name', 255),
    left(new.raw_user_meta_data ->> 'avatar_url', 2048)
  )
  on conflict (id) do update set email = excluded.email, updated_at = now();
  return null;
end
$$;

revoke execute on function private.sync_profile() from public;

create or replace trigger chat_sync_profile
after insert or update of email on auth.users
for each row execute function private.sync_profile();
reset all; set check_function_bodies = off;

-- objects/triggers/uploads_limited.sql
-- Limit the files and bytes that one person uploads per hour. Storage first checks the policies with an insert as its
-- user, which it rolls back; then it receives the file and inserts the row as service_role, with the user as owner. That
-- row is counted here, and refused if parallel uploads have used up the limit. Other uploads of service_role have no
-- owner.
create or replace function private.uploads_limited()
returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  uploader uuid := private.api_writer('objects');
  size text := coalesce(new.metadata ->> 'size', new.metadata ->> 'contentLength');
begin
  if current_setting('role', true) = 'service_role' then
    select p.id into uploader
    from public.user_profiles p
    where p.id = case
      when new.owner_id ~ '^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$' then new.owner_id::uuid
    end;
  end if;
  if uploader is null then
    return new;
  end if;
  perform private.refuse_spent(uploader, 'upload'), private.refuse_spent(uploader, 'upload_bytes');
  perform private.take_turn(uploader);
  if private.api_writer('objects') is not null and not exists (
    select from private.my_writable p where p.conversation_id::text = (storage.foldername(new.name))[3]
  ) then
    perform private.refuse_row('objects');
  end if;
  perform private.count_against_limit(uploader, 'upload');
  if size ~ '^[1-9][0-9]{0,14}$' then
    perform private.count_against_limit(uploader, 'upload_bytes', size::bigint);
  end if;
  return new;
end
$$;

revoke execute on function private.uploads_limited() from public;

create or replace trigger chat_uploads_limited
before insert on storage.objects
for each row when (new.bucket_id = 'attachments')
execute function private.uploads_limited();
reset all; set check_function_bodies = off;

-- objects/triggers/users_before_delete.sql
-- Before Auth or an operator deletes a user: lock everything that is deleted or changed with them, in the order of
-- lock_conversations.sql. The cascade of the foreign keys would lock the profile first.
create or replace function private.users_before_delete()
returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform private.refuse_held(
    array(select distinct m.organization_id from public.messages m where m.sender_id = old.id),
    array(select distinct m.conversation_id from public.messages m where m.sender_id = old.id),
    array[old.id]
  );
  perform private.take_turn(old.id);
  perform from public.conversation_participants p where p.user_id = old.id order by p.conversation_id for update;
  perform from public.message_reports r
  where r.reporter_id = old.id or r.sender_id = old.id
  order by r.id for no key update;
  -- Erase the sender here, because the foreign key would do it while the conversations are locked, which takes seconds for
  -- many messages. Lock the messages in the order of their ids, so that two deletions do not wait for each other.
  perform from public.messages m where m.sender_id = old.id order by m.id for no key update;
  perform set_config('chat.deleted_user', old.id::text, true); -- messages_recounted skips this user's read states, which are deleted as well
  update public.messages m set sender_id = null where m.sender_id = old.id;
  perform from public.organization_members o where o.user_id = old.id order by o.organization_id for update;
  perform private.lock_conversations(private.conversations_of(old.id));
  -- With the profile locked, nobody can add the user to a conversation; but somebody may have done so while this waited.
  -- These conversations are locked without waiting: as for a lower id, lock_conversation refuses instead.
  perform from public.user_profiles u where u.id = old.id for update;
  perform set_config('chat.last_locked', 'ffffffff-ffff-ffff-ffff-ffffffffffff', true);
  perform private.lock_conversations(private.conversations_of(old.id));
  return old;
end
$$;

create or replace function private.conversations_of(p_user_id uuid)
returns uuid[]
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  select array(
    select p.conversation_id from public.conversation_participants p where p.user_id = p_user_id
    union
    select c.id from public.conversations c where c.created_by = p_user_id
  )
$$;

revoke execute on function private.users_before_delete() from public;
revoke execute on function private.conversations_of(uuid) from public;

create or replace trigger chat_users_before_delete
before delete on auth.users
for each row execute function private.users_before_delete();
reset all; set check_function_bodies = off;

-- objects/access/chat_hooks.sql
-- The schema of the functions that PostgREST calls, in the role of each request. anon needs access as well, or all of
-- its requests would fail; the same is true for a project's own roles. This configures PostgREST to call
-- chat_hooks.before_request, if the migrating role may do so and no other function is configured; see docs/backend.md.
revoke all on schema chat_hooks from public;
grant usage on schema chat_hooks to anon, authenticated, service_role;

do $$
declare
  other text := (
    select split_part(each, '=', 2)
    from pg_catalog.pg_db_role_setting s
    cross join lateral unnest(s.setconfig) as each
    where s.setrole = (select r.oid from pg_catalog.pg_roles r where r.rolname = 'authenticator')
      and s.setdatabase in (0, (select d.oid from pg_catalog.pg_database d where d.datname = current_database()))
      and split_part(each, '=', 1) = 'pgrst.db_pre_request'
      and split_part(each, '=', 2) not in ('', 'chat_hooks.before_request')
    order by s.setdatabase desc
    limit 1
  );
begin
  if other is not null then
    raise notice 'writes of the API are not limited to 0.9 s: PostgREST calls % before each request; call chat_hooks.before_request() in it', other;
    return;
  end if;
  if exists (
    select from pg_catalog.pg_db_role_setting s
    cross join lateral unnest(s.setconfig) as each
    where s.setrole = (select r.oid from pg_catalog.pg_roles r where r.rolname = 'authenticator')
      and s.setdatabase = (select d.oid from pg_catalog.pg_database d where d.datname = current_database())
      and each = 'pgrst.db_pre_request=chat_hooks.before_request'
  ) then
    return;
  end if;
  execute format(
    'alter role authenticator in database %I set pgrst.db_pre_request = %L',
    current_database(), 'chat_hooks.before_request'
  );
  notify pgrst, 'reload config';
  raise notice 'PostgREST now calls chat_hooks.before_request before each request, instead of any function in its configuration file or environment';
exception when insufficient_privilege then
  raise notice 'writes of the API are not limited to 0.9 s: this role may not alter authenticator';
end
$$;
reset all; set check_function_bodies = off;

-- objects/access/conversation_participants.sql
-- Participants: read by the participants of the same conversation; added by the creator, from the organization; each
-- participant changes their own marks; removed by leaving a group, or by its creator. Here, clients see the rows of
-- conversations that the policies of conversations allow: as a participant, or as the creator before anybody was added.
revoke all on public.conversation_participants from public, anon, authenticated;
grant select on public.conversation_participants to authenticated;
grant insert (conversation_id, user_id, last_read_at) on public.conversation_participants to authenticated;
grant update (is_starred, is_muted, last_read_at) on public.conversation_participants to authenticated;
grant delete on public.conversation_participants to authenticated;

drop policy if exists "participants read the participants" on public.conversation_participants;
create policy "participants read the participants"
on public.conversation_participants for select to authenticated
using (
  exists (
    select from private.my_participations p
    where p.conversation_id = conversation_participants.conversation_id
  )
);

drop policy if exists "the creator adds members of the organization" on public.conversation_participants;
create policy "the creator adds members of the organization"
on public.conversation_participants for insert to authenticated
with check (
  exists (
    select from public.conversations c
    join public.organization_members om on om.organization_id = c.organization_id
    where c.id = conversation_participants.conversation_id
      and om.user_id = conversation_participants.user_id
      and c.created_by = (select private.current_user_id())
      and (c.is_group or c.participant_count = 0)
  )
);

drop policy if exists "participants change their own marks" on public.conversation_participants;
create policy "participants change their own marks"
on public.conversation_participants for update to authenticated
using (
  user_id = (select private.current_user_id())
  and exists (
    select from private.my_participations p
    where p.conversation_id = conversation_participants.conversation_id
  )
)
with check (user_id = (select private.current_user_id()));

drop policy if exists "people leave a group, or its creator removes them" on public.conversation_participants;
create policy "people leave a group, or its creator removes them"
on public.conversation_participants for delete to authenticated
using (
  exists (
    select from public.conversations c
    where c.id = conversation_participants.conversation_id
      and c.is_group
      and (select private.current_user_id()) in (c.created_by, conversation_participants.user_id)
  )
);
reset all; set check_function_bodies = off;

-- objects/access/conversations.sql
-- Conversations: read by participants, and by the creator until there are any; created by members, named by the creator.
-- The plan's clients send updated_at; it is accepted and overwritten.
revoke all on public.conversations from public, anon, authenticated;
grant select on public.conversations to authenticated;
grant insert (organization_id, name, is_group, created_by) on public.conversations to authenticated;
grant update (name, updated_at) on public.conversations to authenticated;

drop policy if exists "participants read their conversations" on public.conversations;
create policy "participants read their conversations"
on public.conversations for select to authenticated
using (
  exists (select from private.my_participations p where p.conversation_id = conversations.id)
  or (
    participant_count = 0
    and created_by = (select private.current_user_id())
    and exists (
      select from private.my_organizations o where o.organization_id = conversations.organization_id
    )
  )
);

drop policy if exists "members start conversations as themselves" on public.conversations;
create policy "members start conversations as themselves"
on public.conversations for insert to authenticated
with check (
  created_by = (select private.current_user_id())
  and exists (
    select from private.my_organizations o where o.organization_id = conversations.organization_id
  )
);

drop policy if exists "the creator names a group" on public.conversations;
create policy "the creator names a group"
on public.conversations for update to authenticated
using (
  created_by = (select private.current_user_id())
  and exists (select from private.my_participations p where p.conversation_id = conversations.id)
)
with check (created_by = (select private.current_user_id()));
reset all; set check_function_bodies = off;

-- objects/access/message_reports.sql
-- Reports: filed by participants about messages of their conversations, as themselves; read by who filed them. What
-- operators make of them is in private.report_reviews.
revoke all on public.message_reports from public, anon, authenticated;
revoke update, delete, truncate on public.message_reports from service_role; -- operators change them, with a row in the log
grant select on public.message_reports to authenticated;
grant insert (message_id, reporter_id, kind, comment) on public.message_reports to authenticated;

drop policy if exists "people read their own reports" on public.message_reports;
create policy "people read their own reports"
on public.message_reports for select to authenticated
using (reporter_id = (select private.current_user_id()));

drop policy if exists "participants report messages as themselves" on public.message_reports;
create policy "participants report messages as themselves"
on public.message_reports for insert to authenticated
with check (
  reporter_id = (select private.current_user_id())
  and exists (
    select from private.my_participations p where p.conversation_id = message_reports.conversation_id
  )
);
reset all; set check_function_bodies = off;

-- objects/access/messages.sql
-- Messages: read by participants, including tombstones; sent by participants as themselves; updated by participants.
-- messages_before_update decides which columns of which messages they may update.
revoke all on public.messages from public, anon, authenticated;
grant select on public.messages to authenticated;
grant insert (organization_id, conversation_id, sender_id, content, attachments, reactions) on public.messages to authenticated;
grant update (content, reactions, deleted_at) on public.messages to authenticated;

drop policy if exists "participants read messages" on public.messages;
create policy "participants read messages"
on public.messages for select to authenticated
using (
  exists (
    select from private.my_listings l
    where l.conversation_id = messages.conversation_id and l.organization_id = messages.organization_id
  )
);

drop policy if exists "participants send as themselves" on public.messages;
create policy "participants send as themselves"
on public.messages for insert to authenticated
with check (
  sender_id = (select private.claimed_user_id())
  -- Clients cannot set seq. messages_before_insert sets it for a sender who takes part and is not suspended.
  and seq is not null
);

drop policy if exists "participants update messages" on public.messages;
create policy "participants update messages"
on public.messages for update to authenticated
using (
  exists (select from private.my_participations p where p.conversation_id = messages.conversation_id)
)
with check (
  exists (select from private.my_participations p where p.conversation_id = messages.conversation_id)
);
reset all; set check_function_bodies = off;

-- objects/access/organization_members.sql
-- Members: read by members of the same organization.
revoke all on public.organization_members from public, anon, authenticated;
grant select on public.organization_members to authenticated;

drop policy if exists "members read the members of their organizations" on public.organization_members;
create policy "members read the members of their organizations"
on public.organization_members for select to authenticated
using (
  exists (
    select from private.my_organizations o where o.organization_id = organization_members.organization_id
  )
);
reset all; set check_function_bodies = off;

-- objects/access/organizations.sql
-- Organizations: read by their members.
revoke all on public.organizations from public, anon, authenticated;
grant select on public.organizations to authenticated;

drop policy if exists "members read their organizations" on public.organizations;
create policy "members read their organizations"
on public.organizations for select to authenticated
using (
  exists (select from private.my_organizations o where o.organization_id = organizations.id)
);
reset all; set check_function_bodies = off;

-- objects/access/private.sql
-- The schema that the API does not expose. Policies, and functions that run as the caller, use its functions and views,
-- so the caller has USAGE; only the owner has access to its tables.
revoke all on schema private from public, anon;
grant usage on schema private to authenticated, service_role;
reset all; set check_function_bodies = off;

-- objects/access/user_profiles.sql
-- Profiles: read by their owner and by people of a shared organization; name and avatar are changed by their owner.
revoke all on public.user_profiles from public, anon, authenticated;
grant select on public.user_profiles to authenticated;
grant update (full_name, avatar_url) on public.user_profiles to authenticated;

drop policy if exists "people read themselves and their colleagues" on public.user_profiles;
create policy "people read themselves and their colleagues"
on public.user_profiles for select to authenticated
using (
  id = (select private.current_user_id())
  or exists (select from private.my_colleagues c where c.user_id = user_profiles.id)
);

drop policy if exists "people change their own profile" on public.user_profiles;
create policy "people change their own profile"
on public.user_profiles for update to authenticated
using (id = (select private.current_user_id()))
with check (id = (select private.current_user_id()));
reset all; set check_function_bodies = off;

-- objects/storage/attachments.sql
-- Files: a private bucket whose limits Storage enforces. Participants read and add
-- {organization}/chat/{conversation}/{uuid}_{name}; nobody changes or deletes files through the API. Paths are compared
-- as text: anybody may choose a name, and a failing cast would break the listing for everybody.
insert into storage.buckets (id, name, public, file_size_limit, allowed_mime_types)
values ('attachments', 'attachments', false, 10485760, array[
  'image/jpeg', 'image/png', 'image/gif', 'image/webp', 'application/pdf', 'application/msword',
  'application/vnd.openxmlformats-officedocument.wordprocessingml.document',
  'application/vnd.ms-excel',
  'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet'
])
on conflict (id) do update set
  public = excluded.public,
  file_size_limit = excluded.file_size_limit,
  allowed_mime_types = excluded.allowed_mime_types;

drop policy if exists "participants read attachments" on storage.objects;
create policy "participants read attachments"
on storage.objects for select to authenticated
using (
  bucket_id = 'attachments'
  and exists (
    select from private.my_participations p
    where p.organization_id::text = (storage.foldername(name))[1]
      and p.conversation_id::text = (storage.foldername(name))[3]
  )
  and (storage.foldername(name))[2] = 'chat'
  and cardinality(storage.foldername(name)) = 3
  -- The files of a deleted message are hidden: those that its sender uploaded, and those without an owner.
  and not exists (
    select from private.my_hidden_attachments h
    where h.conversation_id::text = (storage.foldername(name))[3]
      and h.attachment_id = lower(split_part(storage.filename(name), '_', 1))
      and (owner_id is null or owner_id = h.sender_id::text)
  )
);

drop policy if exists "participants add attachments" on storage.objects;
create policy "participants add attachments"
on storage.objects for insert to authenticated
with check (
  bucket_id = 'attachments'
  and exists (
    select from private.my_writable p
    where p.organization_id::text = (storage.foldername(name))[1]
      and p.conversation_id::text = (storage.foldername(name))[3]
  )
  and (storage.foldername(name))[2] = 'chat'
  and cardinality(storage.foldername(name)) = 3
  -- No control characters or line separators, and no path components that lead upwards.
  and storage.filename(name)
    ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}_[^\u0001-\u001f\u007f-\u009f\u2028\u2029]{1,200}$'
  and name not like '%..%'
);
reset all; set check_function_bodies = off;

-- objects/realtime/publication.sql
-- What Realtime sends: new and changed messages, changed conversations, new participants. A deletion is sent to every
-- subscriber, whatever the policies are, so it may contain only an opaque key: the replica identity stays the primary
-- key.
do $$
declare
  wanted text;
begin
  foreach wanted in array array['messages', 'conversations', 'conversation_participants'] loop
    execute format('alter table public.%I replica identity default', wanted);
    if not exists (
      select from pg_catalog.pg_publication_tables t
      where t.pubname = 'supabase_realtime' and t.schemaname = 'public' and t.tablename = wanted
    ) then
      execute format('alter publication supabase_realtime add table public.%I', wanted);
    end if;
  end loop;
end
$$;
reset all; set check_function_bodies = off;

-- objects/moderation/auth_bans.sql
-- Supabase Auth's side of a suspension: a ban prevents signing in and refreshing a token. Projects differ in which of these
-- tables and columns exist, and in what this role may do with them; access to chat ends with the suspension all the same.

-- Lock a user of Auth, so that nothing signs them in meanwhile. Auth deletes a user in this order: it locks the user, and
-- the trigger then takes their turn.
create or replace function private.lock_user_of_auth(p_user_id uuid)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  perform from auth.users u where u.id = p_user_id for update;
exception when insufficient_privilege then
  null;
end
$$;

create or replace function private.banned_until(p_user_id uuid)
returns timestamptz
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  return (select u.banned_until from auth.users u where u.id = p_user_id);
exception when undefined_column or insufficient_privilege then
  return null;
end
$$;

create or replace function private.ban_until(p_user_id uuid, p_until timestamptz)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  update auth.users u set banned_until = p_until where u.id = p_user_id and u.banned_until is distinct from p_until;
exception when undefined_column or insufficient_privilege then
  raise notice 'auth.users.banned_until cannot be changed here; the user can still sign in, but not use chat';
end
$$;

-- The ban that Auth's own administration has set: not the one that a suspension has set.
create or replace function private.ban_of_auth(p_user_id uuid)
returns timestamptz
language sql
set search_path = pg_catalog, pg_temp
as $$
  select case when b.banned_until = s.ban_set then s.ban_replaced else b.banned_until end
  from private.banned_until(p_user_id) as b (banned_until)
  left join private.suspensions s on s.user_id = p_user_id
$$;

-- The end of a ban for the end of a suspension. Auth cannot read infinity.
create or replace function private.ban_end(p_suspended_until timestamptz)
returns timestamptz
language sql immutable
set search_path = pg_catalog, pg_temp
as $$
  select least(p_suspended_until, '2999-12-31 00:00:00Z')
$$;

-- End a user's sessions, and with them their refresh tokens. Tokens of an early Auth have no session.
create or replace function private.end_sessions(p_user_id uuid)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  begin
    delete from auth.sessions s where s.user_id = p_user_id;
  exception when undefined_table or insufficient_privilege then
    raise notice 'auth.sessions cannot be changed here; the sessions of the user stay';
  end;
  begin
    delete from auth.refresh_tokens t where t.session_id is null and t.user_id::text = p_user_id::text;
  exception when undefined_table or undefined_column or insufficient_privilege then
    raise notice 'auth.refresh_tokens cannot be changed here';
  end;
end
$$;

revoke execute on function private.lock_user_of_auth(uuid) from public;
revoke execute on function private.banned_until(uuid) from public;
revoke execute on function private.ban_until(uuid, timestamptz) from public;
revoke execute on function private.ban_of_auth(uuid) from public;
revoke execute on function private.ban_end(timestamptz) from public;
revoke execute on function private.end_sessions(uuid) from public;
reset all; set check_function_bodies = off;

-- objects/moderation/claims_of.sql
-- The claims that Supabase Auth writes into the access token of a user, but for those of a single session. Null without
-- such a user. What a custom access token hook adds is not known here. For `chatctl as`, which runs as the owner: roles
-- of operators do not read app_metadata.
create or replace function private.claims_of(p_user_id uuid)
returns jsonb
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  select jsonb_build_object(
    'sub', u.id,
    'aud', coalesce(nullif(u.aud, ''), 'authenticated'),
    'role', coalesce(nullif(u.role, ''), 'authenticated'),
    'email', coalesce(u.email, ''),
    'phone', coalesce(u.phone, ''),
    'app_metadata', coalesce(u.raw_app_meta_data, '{}'),
    'user_metadata', coalesce(u.raw_user_meta_data, '{}'),
    'aal', 'aal1',
    'is_anonymous', u.is_anonymous
  )
  from auth.users u
  where u.id = p_user_id
$$;

revoke execute on function private.claims_of(uuid) from public;
reset all; set check_function_bodies = off;

-- objects/moderation/lock_messages.sql
-- The messages that an operator named, locked in the order of their ids, with what prevents acting upon them.
--   p_versions  the versions at which they were chosen, in the same order; null: whatever they are now
--   p_removes   whether their content would be gone for good, which holds prevent
create or replace function private.lock_messages(p_ids uuid[], p_versions text[], p_removes boolean)
returns setof private.message_target
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  if p_removes then
    perform private.lock_holds();
  end if;
  perform from public.messages m where m.id = any (p_ids) order by m.id for no key update;
  return query
  select
    n.place, n.id, v.conversation_id, v.organization_id, v.sender_id, v.deleted, v.redacted, v.version,
    case
      when v.id is null then 'NOT_FOUND'
      when n.version <> v.version then 'CHANGED'
      when p_removes and exists (
        select from private.active_holds h
        where h.organization_id = v.organization_id or h.conversation_id = v.conversation_id or h.user_id = v.sender_id
      ) then 'HELD'
    end
  from unnest(p_ids, p_versions) with ordinality as n (id, version, place)
  left join private.message_versions v on v.id = n.id
  where not exists (select from unnest(p_ids) with ordinality as e (id, place) where e.id = n.id and e.place < n.place)
  order by n.place;
end
$$;

-- Refuse a reason that names a sender of these messages. That of a job was checked for all its messages when it was created:
-- a sender who takes a word of it as name cannot end the job.
create or replace function private.require_message_reason(
  p_messages private.message_target[], p_actor text, p_reason text, p_ticket text, p_job_id uuid
)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  if exists (
    select from private.moderation_jobs j
    where j.id = p_job_id and j.reason = p_reason and j.ticket is not distinct from p_ticket
  ) then
    perform private.require_actor(p_actor);
  else
    perform private.require_reason(p_actor, p_reason, p_ticket, array(select m.sender_id from unnest(p_messages) as m));
  end if;
end
$$;

-- Messages with their state and version. Of a deleted message, the sender may be kept that the message itself no longer has.
create or replace view private.message_versions as
select
  m.id, m.conversation_id, m.organization_id, coalesce(m.sender_id, d.sender_id) as sender_id,
  m.deleted_at is not null as deleted,
  m.deleted_at is not null and (d.message_id is null or d.redacted_at is not null) as redacted,
  coalesce(
    private.content_hash(m.id, coalesce(m.content, d.content), coalesce(m.attachments, d.attachments)), 'empty'
  ) || case when m.deleted_at is null then '' else ' deleted' end as version
from public.messages m
left join private.deleted_messages d on d.message_id = m.id;

revoke all on private.message_versions from public, anon, authenticated, service_role;

-- Log what was done to messages.
--   p_deletions  of deletions_of: those that were done or undone
create or replace function private.log_messages(
  p_action text, p_messages private.message_target[], p_done uuid[],
  p_actor text, p_reason text, p_ticket text, p_job_id uuid, p_deletions jsonb default '{}'
)
returns bigint
language sql
set search_path = pg_catalog, pg_temp
as $$
  select private.log_act(
    p_action, array_agg('message:' || m.id order by m.place), p_actor, p_reason, p_ticket,
    case when count(distinct m.organization_id) = 1 then min(m.organization_id::text)::uuid end,
    jsonb_build_object('messages', jsonb_agg(
      jsonb_build_object('id', m.id, 'conversation_id', m.conversation_id, 'before', m.version)
        || coalesce(p_deletions -> m.id::text, '{}')
      order by m.place
    )),
    p_job_id
  )
  from unnest(p_messages) as m
  where m.id = any (p_done)
  having count(*) > 0
$$;

-- The deletions of those of these messages that are deleted, by the messages' ids. For the log, so without users' ids.
create or replace function private.deletions_of(p_ids uuid[])
returns jsonb
language sql
set search_path = pg_catalog, pg_temp
as $$
  select coalesce(jsonb_object_agg(m.id, jsonb_build_object(
    'deleted_at', m.deleted_at, 'updated_at', m.updated_at, 'by_sender', coalesce(d.deleted_by = d.sender_id, false)
  )), '{}')
  from public.messages m
  left join private.deleted_messages d on d.message_id = m.id
  where m.id = any (p_ids) and m.deleted_at is not null
$$;

-- What became of each message: done, noop (it was so already), skipped (it has changed since), or failed with its problem.
create or replace function private.message_outcomes(
  p_action_id bigint, p_messages private.message_target[], p_done uuid[]
)
returns table (action_id bigint, id uuid, status text, problem text)
language sql
set search_path = pg_catalog, pg_temp
as $$
  select
    case when m.id = any (p_done) then p_action_id end, m.id,
    case
      when m.id = any (p_done) then 'done' when m.problem = 'CHANGED' then 'skipped' when m.problem is not null then 'failed'
      else 'noop'
    end,
    m.problem
  from unnest(p_messages) as m
  order by m.place
$$;

-- Let Storage's files of a message wait for being deleted: those of its attachments that its sender uploaded, and those
-- without an owner, as in hide_files.
create or replace function private.queue_files(p_messages private.message_target[])
returns void
language sql
set search_path = pg_catalog, pg_temp
as $$
  -- The files first: joined with all objects before, 500 messages of a bucket of 10,000 objects take 15 s.
  with files as materialized (
    select m.organization_id, m.conversation_id, m.sender_id, f.id
    from unnest(p_messages) as m
    left join public.messages live on live.id = m.id
    left join private.deleted_messages kept on kept.message_id = m.id
    cross join lateral private.file_ids(coalesce(live.attachments, kept.attachments)) as f (id)
  )
  insert into private.files_to_delete (bucket_id, name, conversation_id, attachment_id, sender_id)
  select o.bucket_id, o.name, f.conversation_id, f.id, f.sender_id
  from files f
  join storage.objects o
    on o.bucket_id = 'attachments'
    and o.name ~>=~ format('%s/chat/%s/%s_', f.organization_id, f.conversation_id, f.id)
    and o.name ~<~ format('%s/chat/%s/%s`', f.organization_id, f.conversation_id, f.id)
    and (o.owner_id is null or o.owner_id = f.sender_id::text)
  on conflict do nothing
$$;

revoke execute on function private.lock_messages(uuid[], text[], boolean) from public;
revoke execute on function private.require_message_reason(
  private.message_target[], text, text, text, uuid
) from public;
revoke execute on function private.log_messages(
  text, private.message_target[], uuid[], text, text, text, uuid, jsonb
) from public;
revoke execute on function private.deletions_of(uuid[]) from public;
revoke execute on function private.message_outcomes(bigint, private.message_target[], uuid[]) from public;
revoke execute on function private.queue_files(private.message_target[]) from public;
reset all; set check_function_bodies = off;

-- objects/moderation/delete_messages.sql
-- `chatctl message delete`: leave tombstones. Content and attachments are kept where restore_messages finds them.
create or replace function moderation.delete_messages(
  p_ids uuid[], p_actor text, p_reason text, p_ticket text default null,
  p_versions text[] default null, p_job_id uuid default null
)
returns table (action_id bigint, id uuid, status text, problem text)
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  messages private.message_target[] := array(select m from private.lock_messages(p_ids, p_versions, false) as m);
  done uuid[];
begin
  perform private.require_message_reason(messages, p_actor, p_reason, p_ticket, p_job_id);
  with changed as (
    update public.messages m set deleted_at = clock_timestamp()
    where m.deleted_at is null and m.id in (select t.id from unnest(messages) as t where t.problem is null)
    returning m.id
  )
  select array_agg(c.id) into done from changed c;
  return query select o.* from private.message_outcomes(
    private.log_messages('message.delete', messages, done, p_actor, p_reason, p_ticket, p_job_id, private.deletions_of(done)),
    messages, done
  ) as o;
end
$$;

revoke execute on function moderation.delete_messages(uuid[], text, text, text, text[], uuid) from public;
reset all; set check_function_bodies = off;

-- objects/moderation/traces.sql
-- Where there is something of a user, for erase_user.

-- The tables with rows of a user, how many, and what becomes of them, as a JSON array.
create or replace function private.traces_of(p_user_id uuid, p_messages text)
returns jsonb
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  reaction_filter jsonb := jsonb_build_array(jsonb_build_object('userId', p_user_id));
  written text := case p_messages
    when 'keep' then 'kept without a sender'
    when 'anonymize' then 'kept without a sender, names and files'
    else 'removed; tombstones stay'
  end;
  files text := case p_messages when 'keep' then 'kept without an owner' else 'queued for Storage to delete' end;
begin
  return (
    select coalesce(
      jsonb_agg(jsonb_build_object('place', t.place, 'number', t.number, 'becomes', t.becomes) order by t.position),
      '[]'
    )
    from (
      select 1, 'public.user_profiles', count(*), 'deleted' from public.user_profiles u where u.id = p_user_id
      union all
      select 2, 'public.organization_members', count(*), 'deleted'
      from public.organization_members m where m.user_id = p_user_id
      union all
      select 3, 'public.conversation_participants', count(*), 'deleted'
      from public.conversation_participants p where p.user_id = p_user_id
      union all
      select 4, 'public.conversations (created)', count(*), 'managed by somebody else'
      from public.conversations c where c.created_by = p_user_id
      union all
      select 5, 'public.messages (sent)', count(*), written from public.messages m where m.sender_id = p_user_id
      union all
      select 6, 'public.messages (reactions)', count(*), 'reactions removed'
      from public.messages m where m.reactions <> '[]' and m.reactions @> reaction_filter
      union all
      select 7, 'private.deleted_messages (sent)', count(*),
        case p_messages when 'keep' then 'kept without a sender' else 'content removed' end
      from private.deleted_messages d where d.sender_id = p_user_id
      union all
      select 8, 'private.deleted_messages (reactions)', count(*), 'reactions removed'
      from private.deleted_messages d where d.reactions <> '[]' and d.reactions @> reaction_filter
      union all
      select 9, 'private.deleted_messages (deleted by)', count(*), 'kept without who deleted it'
      from private.deleted_messages d where d.deleted_by = p_user_id
      union all
      select 10, 'private.deleted_attachments', count(*), 'kept without a sender'
      from private.deleted_attachments d where d.sender_id = p_user_id
      union all
      select 11, 'private.files_to_delete', count(*), 'kept without a sender'
      from private.files_to_delete f where f.sender_id = p_user_id
      union all
      select 12, 'private.direct_conversations', count(*), 'deleted'
      from private.direct_conversations d where p_user_id in (d.user_a, d.user_b)
      union all
      select 13, 'private.read_states', count(*), 'deleted' from private.read_states r where r.user_id = p_user_id
      union all
      select 14, 'private.send_windows', count(*), 'deleted' from private.send_windows w where w.user_id = p_user_id
      union all
      select 15, 'private.action_windows', count(*), 'deleted' from private.action_windows w where w.user_id = p_user_id
      union all
      select 16, 'private.departures', count(*), 'deleted' from private.departures d where d.user_id = p_user_id
      union all
      select 17, 'private.suspensions', count(*), 'deleted' from private.suspensions s where s.user_id = p_user_id
      union all
      select 18, 'private.mutes', count(*), 'deleted' from private.mutes m where m.user_id = p_user_id
      union all
      select 19, 'private.undo_states', count(*), 'deleted' from private.undo_states u where u.user_id = p_user_id
      union all
      select 20, 'private.log_pseudonyms', count(*), 'deleted; the log keeps the pseudonym'
      from private.log_pseudonyms p where p.user_id = p_user_id
      union all
      select 21, 'storage.objects (attachments)', count(*), files
      from storage.objects o
      where o.bucket_id = 'attachments' and (o.owner_id = p_user_id::text or o.owner = p_user_id)
      union all
      select 22, 'storage.objects (other buckets)', count(*), 'kept without an owner'
      from storage.objects o
      where o.bucket_id <> 'attachments' and (o.owner_id = p_user_id::text or o.owner = p_user_id)
      union all
      select 23, 'public.message_reports (made)', count(*), 'kept without a reporter and a comment'
      from public.message_reports r where r.reporter_id = p_user_id
      union all
      select 24, 'public.message_reports (of their messages)', count(*), 'kept without a sender'
      from public.message_reports r where r.sender_id = p_user_id
      union all
      select 25, 'private.seed_runs', count(*), 'kept without the user'
      from private.seed_runs r where p_user_id = any (r.user_ids)
      union all
      select 26, s.place, s.number, 'kept without an owner' from private.traces_in_storage(p_user_id) as s
      union all
      select 27, a.place, a.number, 'deleted'
      from private.traces_in_auth(p_user_id, (select u.email from public.user_profiles u where u.id = p_user_id)) as a
    ) as t (position, place, number, becomes)
    where t.number > 0
  );
end
$$;

-- The files that a user has uploaded to conversations.
create or replace function private.uploads_of(p_user_id uuid)
returns table (bucket_id text, name text, organization_id uuid, conversation_id uuid, attachment_id text)
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  select o.bucket_id, o.name, c.organization_id, c.id, lower(split_part(storage.filename(o.name), '_', 1))
  from storage.objects o
  join public.conversations c on c.id = case
    when (storage.foldername(o.name))[3] ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then (storage.foldername(o.name))[3]::uuid
  end
  where o.bucket_id = 'attachments' and (o.owner_id = p_user_id::text or o.owner = p_user_id)
$$;

-- The uploads of a user that are not finished, where Storage has tables for them.
create or replace function private.traces_in_storage(p_user_id uuid)
returns table (place text, number bigint)
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  relation regclass;
begin
  for relation in select t.relation from private.tables_of_uploads('select') as t loop
    place := relation::text;
    execute format('select count(*) from %s where owner_id = $1', relation) into number using p_user_id::text;
    return next;
  end loop;
end
$$;

-- Leave the files of a user without an owner: they are then hidden as the sender's own are.
create or replace function private.forget_in_storage(p_user_id uuid)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  relation regclass;
begin
  update storage.objects o set owner = null, owner_id = null where o.owner_id = p_user_id::text or o.owner = p_user_id;
  for relation in select t.relation from private.tables_of_uploads('update') as t loop
    execute format('update %s set owner_id = null where owner_id = $1', relation) using p_user_id::text;
  end loop;
end
$$;

create or replace function private.tables_of_uploads(p_privilege text)
returns table (relation regclass)
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  select c.oid::regclass
  from pg_catalog.pg_class c
  where c.oid in (to_regclass('storage.s3_multipart_uploads'), to_regclass('storage.s3_multipart_uploads_parts'))
    and pg_catalog.has_table_privilege(c.oid, p_privilege)
  order by c.relname
$$;

-- The tables of schema auth with rows of a user. Auth adds tables with every release, so they are looked up: all that have
-- a column user_id and that this role may read.
create or replace function private.traces_in_auth(p_user_id uuid, p_email text)
returns table (place text, number bigint)
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  each record;
begin
  for each in select * from private.tables_of_auth('select') loop
    place := each.relation::text;
    execute format('select count(*) from %s where user_id = $1::%s', each.relation, each.type) into number using p_user_id::text;
    return next;
  end loop;
  place := 'auth.users';
  select count(*) into number from auth.users u where u.id = p_user_id;
  return next;
  if to_regclass('auth.audit_log_entries') is not null then
    begin
      place := 'auth.audit_log_entries';
      select count(*) into number
      from auth.audit_log_entries e
      where strpos(e.payload::text, p_user_id::text) > 0 or strpos(lower(e.payload::text), lower(to_json(p_email)::text)) > 0;
      return next;
    exception when insufficient_privilege then
      null;
    end;
  end if;
end
$$;

-- Delete a user's rows in schema auth, but the user: those without a foreign key that would.
create or replace function private.forget_in_auth(p_user_id uuid, p_email text)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  each record;
begin
  for each in select * from private.tables_of_auth('delete') loop
    execute format('delete from %s where user_id = $1::%s', each.relation, each.type) using p_user_id::text;
  end loop;
  begin
    delete from auth.audit_log_entries e
    where strpos(e.payload::text, p_user_id::text) > 0 or strpos(lower(e.payload::text), lower(to_json(p_email)::text)) > 0;
  exception when undefined_table or insufficient_privilege then
    raise notice 'auth.audit_log_entries cannot be changed here; entries about the user stay';
  end;
  begin
    delete from auth.saml_relay_states s where lower(s.for_email) = lower(p_email);
  exception when undefined_table or undefined_column or insufficient_privilege then
    null;
  end;
end
$$;

create or replace function private.tables_of_auth(p_privilege text)
returns table (relation regclass, type text)
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  select c.oid::regclass, pg_catalog.format_type(a.atttypid, null)
  from pg_catalog.pg_class c
  join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attname = 'user_id' and not a.attisdropped
  where c.relnamespace = (select n.oid from pg_catalog.pg_namespace n where n.nspname = 'auth')
    and c.relkind = 'r'
    and pg_catalog.has_table_privilege(c.oid, p_privilege)
  order by c.relname
$$;

revoke execute on function private.traces_of(uuid, text) from public;
revoke execute on function private.uploads_of(uuid) from public;
revoke execute on function private.traces_in_storage(uuid) from public;
revoke execute on function private.forget_in_storage(uuid) from public;
revoke execute on function private.tables_of_uploads(text) from public;
revoke execute on function private.traces_in_auth(uuid, text) from public;
revoke execute on function private.forget_in_auth(uuid, text) from public;
revoke execute on function private.tables_of_auth(text) from public;
reset all; set check_function_bodies = off;

-- objects/moderation/erase_user.sql
-- `chatctl user erase`: delete a user, and everything that tells of them, in one transaction. Returns what was found of
-- them in each table, and what became of it. Holds on what they wrote, reacted to or uploaded prevent it.
--   p_messages  keep:      what they wrote stays as it is, without a sender
--               anonymize: the same, but their name, address and id in it are masked and their files deleted
--               delete:    what they wrote is gone; tombstones without a sender stay
create or replace function moderation.erase_user(
  p_user_id uuid, p_messages text, p_actor text, p_reason text, p_ticket text default null
)
returns table (action_id bigint, place text, number bigint, becomes text)
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  person public.user_profiles;
  reaction_filter jsonb := jsonb_build_array(jsonb_build_object('userId', p_user_id));
  changed uuid[];
  removed uuid[];
  pseudonym text;
  inventory jsonb;
  action bigint;
begin
  perform private.require_reason(p_actor, p_reason, p_ticket, array[p_user_id]);
  if p_messages is null or p_messages not in ('keep', 'anonymize', 'delete') then
    perform private.refuse('PT400', 'VALIDATION_ERROR', 'Messages are kept, anonymized or deleted: keep, anonymize, delete');
  end if;

  -- Locks in the order of lock_conversations.sql; users_before_delete takes them again.
  perform private.lock_user_of_auth(p_user_id);
  perform private.take_turn(p_user_id);
  select u.* into person from public.user_profiles u where u.id = p_user_id;
  if not found then
    perform private.refuse('PT404', 'NOT_FOUND', 'There is no such user');
  end if;
  perform from public.conversation_participants p where p.user_id = p_user_id order by p.conversation_id for update;
  perform from public.message_reports r
  where r.reporter_id = p_user_id or r.sender_id = p_user_id
  order by r.id for no key update;
  changed := private.messages_of(p_user_id);
  perform from public.messages m where m.id = any (changed) order by m.id for no key update;
  perform from public.organization_members o where o.user_id = p_user_id order by o.organization_id for update;
  perform private.refuse_held_of(p_user_id, changed);
  inventory := private.traces_of(p_user_id, p_messages);
  pseudonym := private.log_pseudonym(p_user_id);

  -- Conversations keep their places in people's lists.
  perform set_config('chat.keep_updated_at', 'on', true);

  -- Messages. Those that are to be removed last: counting them locks their conversations.
  update public.messages m set reactions = private.without_reactions_of(m.reactions, p_user_id)
  where m.id = any (changed) and m.reactions @> reaction_filter;
  removed := case p_messages
    when 'delete' then array(select m.id from public.messages m where m.sender_id = p_user_id and m.deleted_at is null)
    -- Nothing is left of a message that is only files.
    when 'anonymize' then array(
      select m.id from public.messages m
      where m.sender_id = p_user_id and m.deleted_at is null and coalesce(btrim(m.content, E' \t\r\n'), '') = ''
    )
    else '{}'
  end;
  if p_messages <> 'keep' then
    perform private.queue_files(array(
      select (1, m.id, m.conversation_id, m.organization_id, m.sender_id, null, null, null, null)::private.message_target
      from public.messages m
      where m.sender_id = p_user_id
    ));
    -- And what they have uploaded for no message.
    insert into private.files_to_delete (bucket_id, name, conversation_id, attachment_id, sender_id)
    select u.bucket_id, u.name, u.conversation_id, u.attachment_id, p_user_id from private.uploads_of(p_user_id) as u
    on conflict do nothing;
  end if;
  if p_messages = 'anonymize' then
    update public.messages m
    set content = private.masked(m.content, person), attachments = null
    where m.sender_id = p_user_id and m.deleted_at is null and m.id <> all (removed);
  end if;

  -- What refers to the user without a foreign key. It reads whole tables, so it comes before conversations are locked.
  update private.deleted_messages d
  set content = null, attachments = null, reactions = '[]', redacted_at = clock_timestamp()
  where d.sender_id = p_user_id and p_messages <> 'keep';
  update private.deleted_messages d set reactions = private.without_reactions_of(d.reactions, p_user_id)
  where d.reactions <> '[]' and d.reactions @> reaction_filter;
  update private.deleted_messages d set sender_id = null where d.sender_id = p_user_id;
  update private.deleted_messages d set deleted_by = null where d.deleted_by = p_user_id;
  update private.deleted_attachments d set sender_id = null where d.sender_id = p_user_id;
  update private.files_to_delete f set sender_id = null where f.sender_id = p_user_id;
  update private.seed_runs r set user_ids = array_remove(r.user_ids, p_user_id) where p_user_id = any (r.user_ids);
  perform private.forget_in_auth(p_user_id, person.email);
  perform private.forget_in_storage(p_user_id);

  perform private.lock_conversations(array(
    select unnest(private.conversations_of(p_user_id))
    union
    select m.conversation_id from public.messages m where m.id = any (removed)
  ));
  update public.messages m set deleted_at = clock_timestamp() where m.id = any (removed);
  update private.deleted_messages d
  set content = null, attachments = null, reactions = '[]', redacted_at = clock_timestamp(), sender_id = null, deleted_by = null
  where d.message_id = any (removed);
  update private.deleted_attachments d set sender_id = null where d.message_id = any (removed);
  delete from auth.users u where u.id = p_user_id;
  perform set_config('chat.keep_updated_at', '', true);

  action := private.log_act(
    'user.erase', array[pseudonym], p_actor, p_reason, p_ticket, null,
    jsonb_build_object('mode', p_messages, 'rows', (
      select jsonb_agg(jsonb_build_array(e.entry -> 'place', e.entry -> 'number') order by e.position)
      from jsonb_array_elements(inventory) with ordinality as e (entry, position)
    ))
  );
  return query
  select action, e.entry ->> 'place', (e.entry ->> 'number')::bigint, e.entry ->> 'becomes'
  from jsonb_array_elements(inventory) with ordinality as e (entry, position)
  order by e.position;
end
$$;

-- The messages that an erasure changes: those that a user has sent, and those that they have reacted to, also before these
-- were deleted.
create or replace function private.messages_of(p_user_id uuid)
returns uuid[]
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  reaction_filter jsonb := jsonb_build_array(jsonb_build_object('userId', p_user_id));
begin
  return array(
    select m.id from public.messages m where m.sender_id = p_user_id
    union
    select m.id from public.messages m where m.reactions <> '[]' and m.reactions @> reaction_filter
    union
    select d.message_id from private.deleted_messages d
    where d.sender_id = p_user_id or d.reactions <> '[]' and d.reactions @> reaction_filter
  );
end
$$;

-- Refuse to erase a user if one of these messages, or a conversation to which they have uploaded a file, is held.
create or replace function private.refuse_held_of(p_user_id uuid, p_message_ids uuid[])
returns void
language sql
set search_path = pg_catalog, pg_temp
as $$
  select private.refuse_held(
    array_agg(distinct t.organization_id), array_agg(distinct t.conversation_id), array_agg(distinct t.sender_id)
  )
  from (
    select v.organization_id, v.conversation_id, v.sender_id
    from private.message_versions v
    where v.id = any (p_message_ids)
    union all
    select u.organization_id, u.conversation_id, p_user_id from private.uploads_of(p_user_id) as u
    union all
    select null, null, p_user_id
  ) as t
$$;

-- The reactions of a message but those of one user.
create or replace function private.without_reactions_of(p_reactions jsonb, p_user_id uuid)
returns jsonb
language sql immutable
set search_path = pg_catalog, pg_temp
as $$
  select coalesce(jsonb_agg(r.entry order by r.position), '[]')
  from jsonb_array_elements(p_reactions) with ordinality as r (entry, position)
  where r.entry ->> 'userId' <> p_user_id::text
$$;

-- A text without the id, address and name of a user.
create or replace function private.masked(p_text text, p_person public.user_profiles)
returns text
language plpgsql immutable
set search_path = pg_catalog, pg_temp
as $$
declare
  pattern text;
  masked text := p_text;
begin
  foreach pattern in array array[
    -- The address first: it may contain the name or the id.
    private.name_pattern(p_person.email), private.id_pattern(p_person.id), private.name_pattern(p_person.full_name)
  ] loop
    if pattern is not null then
      masked := regexp_replace(masked, pattern, '[erased]', 'gi');
    end if;
  end loop;
  return left(masked, 4000);
end
$$;

revoke execute on function moderation.erase_user(uuid, text, text, text, text) from public;
revoke execute on function private.messages_of(uuid) from public;
revoke execute on function private.refuse_held_of(uuid, uuid[]) from public;
revoke execute on function private.without_reactions_of(jsonb, uuid) from public;
revoke execute on function private.masked(text, public.user_profiles) from public;
reset all; set check_function_bodies = off;

-- objects/moderation/files.sql
-- The files of redacted and purged messages, which Storage has to delete.

create or replace view moderation.files_to_delete as
select f.bucket_id, f.name, f.since
from private.files_to_delete f;

revoke all on moderation.files_to_delete from public, anon, authenticated, service_role;

-- Forget the files that Storage has deleted. Returns how many.
create or replace function moderation.forget_deleted_files()
returns bigint
language sql security definer
set search_path = pg_catalog, pg_temp
as $$
  with forgotten as (
    delete from private.files_to_delete f
    where not exists (select from storage.objects o where o.bucket_id = f.bucket_id and o.name = f.name)
    returning f.name
  )
  select count(*) from forgotten
$$;

-- Delete the rows of files that wait for deletion, where there is no Storage that would delete them: on an embedded
-- server. Elsewhere the files themselves would stay behind, so operators have no right to it.
create or replace function private.delete_file_rows()
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  -- Storage sets this before it deletes; otherwise its trigger refuses.
  perform set_config('storage.allow_delete_query', 'true', true);
  delete from storage.objects o
  using private.files_to_delete f
  where o.bucket_id = f.bucket_id and o.name = f.name;
  perform set_config('storage.allow_delete_query', '', true);
end
$$;

revoke execute on function moderation.forget_deleted_files() from public;
revoke execute on function private.delete_file_rows() from public;
reset all; set check_function_bodies = off;

-- objects/moderation/files_of.sql
-- The files in Storage of messages, of deleted ones as well: those of its attachments that its sender uploaded, and
-- those without an owner, as in hide_files.
create or replace function moderation.files_of(p_message_ids uuid[])
returns table (message_id uuid, bucket_id text, name text)
language sql stable security definer
set search_path = pg_catalog, pg_temp
as $$
  select distinct m.id, o.bucket_id, o.name
  from public.messages m
  left join private.deleted_messages kept on kept.message_id = m.id
  cross join lateral private.file_ids(coalesce(m.attachments, kept.attachments)) as f (id)
  join storage.objects o
    on o.bucket_id = 'attachments'
    and o.name ~>=~ format('%s/chat/%s/%s_', m.organization_id, m.conversation_id, f.id)
    and o.name ~<~ format('%s/chat/%s/%s`', m.organization_id, m.conversation_id, f.id)
    and (o.owner_id is null or o.owner_id = m.sender_id::text)
  where m.id = any (p_message_ids)
$$;

revoke execute on function moderation.files_of(uuid[]) from public;
reset all; set check_function_bodies = off;

-- objects/moderation/views/holds.sql
-- The active holds. For operators.
create or replace view moderation.holds as
select h.id, h.name, h.reason, h.organization_id, h.conversation_id, h.user_id, h.created_at
from private.active_holds h;

revoke all on moderation.holds from public, anon, authenticated, service_role;
reset all; set check_function_bodies = off;

-- objects/moderation/held_rows.sql
-- Refuse what would remove held content in SQL that does not use the operators' functions.

-- TRUNCATE, whose rows no trigger sees.
create or replace function private.truncate_refused_while_held()
returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  held text;
begin
  perform private.lock_holds();
  select string_agg(h.name, ', ' order by h.name) into held from private.active_holds h;
  if held is not null then
    perform private.refuse('PT409', 'HELD', format('%s cannot be truncated: there are holds (%s)', tg_table_name, held));
  end if;
  return null;
end
$$;

create or replace trigger messages_truncate_refused before truncate on public.messages
for each statement execute function private.truncate_refused_while_held();
create or replace trigger conversations_truncate_refused before truncate on public.conversations
for each statement execute function private.truncate_refused_while_held();
create or replace trigger organizations_truncate_refused before truncate on public.organizations
for each statement execute function private.truncate_refused_while_held();
create or replace trigger deleted_messages_truncate_refused before truncate on private.deleted_messages
for each statement execute function private.truncate_refused_while_held();
create or replace trigger holds_truncate_refused before truncate on private.holds
for each statement execute function private.truncate_refused_while_held();

-- Another subject for an active hold, which would release the first one.
create or replace function private.holds_before_update()
returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  if old.released_at is null
    and (new.id, new.organization_id, new.conversation_id, new.user_id)
      is distinct from (old.id, old.organization_id, old.conversation_id, old.user_id)
  then
    perform private.refuse('PT409', 'HELD', format('The subject of %s cannot be changed; release the hold first', old.name));
  end if;
  return new;
end
$$;

create or replace trigger holds_before_update
before update of id, organization_id, conversation_id, user_id on private.holds
for each row execute function private.holds_before_update();

-- What is kept of deleted messages. A restoration and the cascades of foreign keys delete it inside of a trigger, where
-- this is not called: messages_recounted checks the latter.
create or replace function private.kept_content_removed()
returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  removed uuid[];
begin
  if tg_op = 'UPDATE' then
    removed := array(
      select b.message_id from before b
      where not exists (
        select from after a
        where (a.message_id, a.conversation_id) = (b.message_id, b.conversation_id)
          and (a.content, a.attachments) is not distinct from (b.content, b.attachments)
      )
    );
  else
    removed := array(select b.message_id from before b);
  end if;
  if removed = '{}' then
    return null;
  end if;
  perform private.refuse_held(
    array(select distinct m.organization_id from public.messages m where m.id = any (removed)),
    array(select distinct b.conversation_id from before b where b.message_id = any (removed)),
    array(
      select b.sender_id from before b where b.message_id = any (removed)
      union
      select m.sender_id from public.messages m where m.id = any (removed)
    )
  );
  return null;
end
$$;

create or replace trigger deleted_messages_changed
after update on private.deleted_messages
referencing old table as before new table as after
for each statement when (pg_trigger_depth() = 0) execute function private.kept_content_removed();

create or replace trigger deleted_messages_removed
after delete on private.deleted_messages
referencing old table as before
for each statement when (pg_trigger_depth() = 0) execute function private.kept_content_removed();

revoke execute on function private.truncate_refused_while_held() from public;
revoke execute on function private.holds_before_update() from public;
revoke execute on function private.kept_content_removed() from public;
reset all; set check_function_bodies = off;

-- objects/moderation/restore_messages.sql
-- `chatctl message restore`: undo a deletion. The message is again what it was, unless it was redacted.
create or replace function moderation.restore_messages(
  p_ids uuid[], p_actor text, p_reason text, p_ticket text default null,
  p_versions text[] default null, p_job_id uuid default null
)
returns table (action_id bigint, id uuid, status text, problem text)
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return query select o.* from private.restore_locked(
    array(select m from private.lock_messages(p_ids, p_versions, false) as m), p_actor, p_reason, p_ticket, p_job_id
  ) as o;
end
$$;

create or replace function private.restore_locked(
  p_messages private.message_target[], p_actor text, p_reason text, p_ticket text, p_job_id uuid default null
)
returns table (action_id bigint, id uuid, status text, problem text)
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  messages private.message_target[] := array(
    select (
      m.place, m.id, m.conversation_id, m.organization_id, m.sender_id, m.deleted, m.redacted, m.version,
      coalesce(m.problem, case when m.redacted then 'REDACTED' end)
    )::private.message_target
    from unnest(p_messages) as m
  );
  done uuid[] := array(select m.id from unnest(messages) as m where m.problem is null and m.deleted);
  deletions jsonb := private.deletions_of(done);
begin
  perform private.require_message_reason(messages, p_actor, p_reason, p_ticket, p_job_id);
  update public.messages m set deleted_at = null where m.id = any (done);
  return query select o.* from private.message_outcomes(
    private.log_messages('message.restore', messages, done, p_actor, p_reason, p_ticket, p_job_id, deletions),
    messages, done
  ) as o;
end
$$;

revoke execute on function moderation.restore_messages(uuid[], text, text, text, text[], uuid) from public;
revoke execute on function private.restore_locked(private.message_target[], text, text, text, uuid) from public;
reset all; set check_function_bodies = off;

-- objects/moderation/redact_messages.sql
-- `chatctl message redact`: leave tombstones whose content is gone for good. Their files wait for Storage to delete them.
create or replace function moderation.redact_messages(
  p_ids uuid[], p_actor text, p_reason text, p_ticket text default null,
  p_versions text[] default null, p_job_id uuid default null
)
returns table (action_id bigint, id uuid, status text, problem text)
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  messages private.message_target[] := array(select m from private.lock_messages(p_ids, p_versions, true) as m);
  done uuid[];
begin
  perform private.require_message_reason(messages, p_actor, p_reason, p_ticket, p_job_id);
  done := array(select m.id from unnest(messages) as m where m.problem is null and not m.redacted);
  perform private.queue_files(array(select m from unnest(messages) as m where m.id = any (done)));
  update public.messages m set deleted_at = clock_timestamp() where m.deleted_at is null and m.id = any (done);
  update private.deleted_messages d
  set content = null, attachments = null, reactions = '[]', redacted_at = clock_timestamp()
  where d.message_id = any (done);
  return query select o.* from private.message_outcomes(
    private.log_messages('message.redact', messages, done, p_actor, p_reason, p_ticket, p_job_id), messages, done
  ) as o;
end
$$;

revoke execute on function moderation.redact_messages(uuid[], text, text, text, text[], uuid) from public;
reset all; set check_function_bodies = off;

-- objects/moderation/purge_messages.sql
-- `chatctl message purge`: delete the rows. private.purged_messages explains the gaps that they leave; their files wait
-- for Storage to delete them.
create or replace function moderation.purge_messages(
  p_ids uuid[], p_actor text, p_reason text, p_ticket text default null,
  p_versions text[] default null, p_job_id uuid default null
)
returns table (action_id bigint, id uuid, status text, problem text)
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  messages private.message_target[] := array(
    select (
      m.place, m.id, m.conversation_id, m.organization_id, m.sender_id, m.deleted, m.redacted, m.version,
      case
        when m.problem = 'NOT_FOUND' and exists (select from private.purged_messages p where p.message_id = m.id) then null
        else m.problem
      end
    )::private.message_target
    from private.lock_messages(p_ids, p_versions, true) as m
  );
  done uuid[];
begin
  perform private.require_message_reason(messages, p_actor, p_reason, p_ticket, p_job_id);
  done := array(select m.id from unnest(messages) as m where m.problem is null and m.conversation_id is not null);
  perform private.queue_files(array(select m from unnest(messages) as m where m.id = any (done)));
  insert into private.purged_messages (message_id, conversation_id, seq, sent_at)
  select m.id, m.conversation_id, m.seq, m.created_at from public.messages m where m.id = any (done);
  delete from public.messages m where m.id = any (done);
  return query select o.* from private.message_outcomes(
    private.log_messages('message.purge', messages, done, p_actor, p_reason, p_ticket, p_job_id), messages, done
  ) as o;
end
$$;

revoke execute on function moderation.purge_messages(uuid[], text, text, text, text[], uuid) from public;
reset all; set check_function_bodies = off;

-- objects/moderation/jobs.sql
-- Jobs: acts on many messages, in batches that are committed one by one.

-- Create a job, or return the one that applies the plan of that hash already.
--   p_versions  at which the messages were chosen, in the same order; null: any
create or replace function moderation.create_job(
  p_verb text, p_ids uuid[], p_versions text[], p_actor text, p_reason text, p_ticket text default null,
  p_plan_hash text default null
)
returns uuid
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  job_id uuid;
begin
  -- Only now: require_message_reason lets the batches pass, so that none is refused after others were committed.
  perform private.require_reason(
    p_actor, p_reason, p_ticket, array(select distinct m.sender_id from public.messages m where m.id = any (p_ids))
  );
  insert into private.moderation_jobs (verb, actor, reason, ticket, plan_hash, finished_at)
  values (
    p_verb, p_actor, p_reason, p_ticket, p_plan_hash, case when coalesce(cardinality(p_ids), 0) = 0 then clock_timestamp() end
  )
  on conflict (plan_hash) do nothing
  returning id into job_id;
  if job_id is null then
    return private.job_of_plan(p_plan_hash, p_verb, p_ids, p_versions);
  end if;
  insert into private.moderation_job_items (job_id, place, message_id, version)
  select job_id, n.place, n.id, n.version
  from unnest(p_ids, p_versions) with ordinality as n (id, version, place);
  return job_id;
end
$$;

-- The job that applies a plan. Refuses a job that does something else under the same hash.
create or replace function private.job_of_plan(p_plan_hash text, p_verb text, p_ids uuid[], p_versions text[])
returns uuid
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  job private.moderation_jobs;
  ids uuid[];
  versions text[];
begin
  select j.* into strict job from private.moderation_jobs j where j.plan_hash = p_plan_hash;
  select coalesce(array_agg(i.message_id order by i.place), '{}'), coalesce(array_agg(i.version order by i.place), '{}')
  into ids, versions
  from private.moderation_job_items i
  where i.job_id = job.id;
  if (job.verb, ids, versions) is distinct from (p_verb, p_ids, p_versions) then
    perform private.refuse('PT409', 'CONFLICT', format('Job %s has the hash of this plan, but is not the same', job.id));
  end if;
  return job.id;
end
$$;

-- Do the next batch of a job, with one row in the log, and return how many items are left. The transaction of the caller is
-- the batch: it is committed with its results, or not at all. Two callers take turns.
--   p_actor  who runs this batch; its reason and its ticket are the job's
create or replace function moderation.run_job(p_job_id uuid, p_count integer, p_actor text)
returns bigint
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  job private.moderation_jobs := private.lock_job(p_job_id);
  first_place bigint;
  last_place bigint;
  ids uuid[];
  versions text[];
  pending bigint;
begin
  select
    min(n.place), max(n.place), array_agg(n.message_id order by n.place), array_agg(n.version order by n.place)
  into first_place, last_place, ids, versions
  from (
    select i.place, i.message_id, i.version
    from private.moderation_job_items i
    where i.job_id = p_job_id and i.status is null
    order by i.place
    limit p_count
  ) as n;
  if first_place is null then
    return 0;
  end if;
  job.actor := p_actor;
  update private.moderation_job_items i
  set status = o.status, problem = o.problem, action_id = o.action_id
  from private.moderate_messages(job, ids, versions) as o
  where i.job_id = p_job_id and i.place between first_place and last_place and i.message_id = o.id;
  -- Items are done in the order of their places, which count from 1.
  select max(i.place) - last_place into pending from private.moderation_job_items i where i.job_id = p_job_id;
  if pending = 0 then
    update private.moderation_jobs j set finished_at = clock_timestamp() where j.id = p_job_id;
  end if;
  return pending;
end
$$;

-- End a job without what is pending, and return how many items that were. Without any, nothing is logged.
create or replace function moderation.cancel_job(
  p_job_id uuid, p_actor text, p_reason text, p_ticket text default null
)
returns table (action_id bigint, canceled bigint)
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform private.lock_job(p_job_id);
  perform private.require_reason(p_actor, p_reason, p_ticket, array(
    select distinct m.sender_id
    from private.moderation_job_items i
    join public.messages m on m.id = i.message_id
    where i.job_id = p_job_id
  ));
  update private.moderation_job_items i set status = 'failed', problem = 'CANCELED'
  where i.job_id = p_job_id and i.status is null;
  get diagnostics canceled = row_count;
  if canceled > 0 then
    update private.moderation_jobs j set finished_at = clock_timestamp() where j.id = p_job_id;
    action_id := private.log_act(
      'job.cancel', array['job:' || p_job_id], p_actor, p_reason, p_ticket, null,
      jsonb_build_object('canceled', canceled), p_job_id
    );
  end if;
  return next;
end
$$;

create or replace function private.lock_job(p_job_id uuid)
returns private.moderation_jobs
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  job private.moderation_jobs;
begin
  select j.* into job from private.moderation_jobs j where j.id = p_job_id for update;
  if not found then
    perform private.refuse('PT404', 'NOT_FOUND', format('There is no job %s', p_job_id));
  end if;
  return job;
end
$$;

create or replace function private.moderate_messages(p_job private.moderation_jobs, p_ids uuid[], p_versions text[])
returns table (action_id bigint, id uuid, status text, problem text)
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  case p_job.verb
    when 'delete' then
      return query select o.* from moderation.delete_messages(
        p_ids, p_job.actor, p_job.reason, p_job.ticket, p_versions, p_job.id
      ) as o;
    when 'restore' then
      return query select o.* from moderation.restore_messages(
        p_ids, p_job.actor, p_job.reason, p_job.ticket, p_versions, p_job.id
      ) as o;
    when 'redact' then
      return query select o.* from moderation.redact_messages(
        p_ids, p_job.actor, p_job.reason, p_job.ticket, p_versions, p_job.id
      ) as o;
    when 'purge' then
      return query select o.* from moderation.purge_messages(
        p_ids, p_job.actor, p_job.reason, p_job.ticket, p_versions, p_job.id
      ) as o;
  end case;
end
$$;

revoke execute on function moderation.create_job(text, uuid[], text[], text, text, text, text) from public;
revoke execute on function private.job_of_plan(text, text, uuid[], text[]) from public;
revoke execute on function moderation.run_job(uuid, integer, text) from public;
revoke execute on function moderation.cancel_job(uuid, text, text, text) from public;
revoke execute on function private.lock_job(uuid) from public;
revoke execute on function private.moderate_messages(private.moderation_jobs, uuid[], text[]) from public;
reset all; set check_function_bodies = off;

-- objects/moderation/states.sql
-- What the acts that can be undone change, as JSON: the state before and after, which moderation.undo compares and
-- restores.

-- The state of a suspension (of a user), a mute (of a user, somewhere), a lock (of a conversation) or a participant.
-- Null: there is none. Times are in UTC, so that two states can be compared as text.
create or replace function private.state_of(
  p_kind text, p_user_id uuid, p_organization_id uuid, p_conversation_id uuid
)
returns jsonb
language sql
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
as $$
  select case p_kind
    when 'suspension' then nullif(
      coalesce((select to_jsonb(s) - 'user_id' from private.suspensions s where s.user_id = p_user_id), '{}')
      || coalesce(jsonb_build_object('banned_until', private.banned_until(p_user_id)), '{}'),
      '{"banned_until": null}'
    )
    when 'mute' then (
      select to_jsonb(m)
      from private.mutes m
      where m.user_id = p_user_id
        and m.organization_id is not distinct from p_organization_id
        and m.conversation_id is not distinct from p_conversation_id
    )
    when 'lock' then (
      select jsonb_build_object('locked_at', c.locked_at, 'lock_reason', c.lock_reason)
      from public.conversations c
      where c.id = p_conversation_id and c.locked_at is not null
    )
    when 'participant' then (
      select to_jsonb(p) || jsonb_build_object('creator', c.created_by is not distinct from p.user_id)
      from public.conversation_participants p
      join public.conversations c on c.id = p.conversation_id
      where p.user_id = p_user_id and p.conversation_id = p_conversation_id
    )
  end
$$;

-- Whether a state is more than the absence of one. Auth may have banned a user who is not suspended.
create or replace function private.is_in_force(p_state jsonb)
returns boolean
language sql immutable
set search_path = pg_catalog, pg_temp
as $$
  select coalesce(p_state - 'banned_until' <> '{}', false)
$$;

-- Set such a state. A conversation keeps its time, and its place in people's lists.
create or replace function private.set_state(
  p_kind text, p_user_id uuid, p_organization_id uuid, p_conversation_id uuid, p_state jsonb
)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  in_force boolean := private.is_in_force(p_state);
begin
  perform set_config('chat.keep_updated_at', 'on', true);
  case p_kind
    when 'suspension' then
      delete from private.suspensions s where s.user_id = p_user_id;
      if in_force then
        insert into private.suspensions
        select s.* from jsonb_populate_record(null::private.suspensions, p_state || jsonb_build_object('user_id', p_user_id)) as s;
        perform private.end_sessions(p_user_id);
      end if;
      perform private.ban_until(p_user_id, (p_state ->> 'banned_until')::timestamptz);
    when 'mute' then
      delete from private.mutes m
      where m.user_id = p_user_id
        and m.organization_id is not distinct from p_organization_id
        and m.conversation_id is not distinct from p_conversation_id;
      if in_force then
        insert into private.mutes select m.* from jsonb_populate_record(null::private.mutes, p_state) as m;
      end if;
    when 'lock' then
      perform private.lock_conversation(p_conversation_id);
      update public.conversations c
      set locked_at = (p_state ->> 'locked_at')::timestamptz, lock_reason = p_state ->> 'lock_reason'
      where c.id = p_conversation_id;
    when 'participant' then
      if in_force then
        insert into public.conversation_participants
        select p.* from jsonb_populate_record(null::public.conversation_participants, p_state) as p;
        if (p_state ->> 'creator')::boolean then
          update public.conversations c set created_by = p_user_id
          where c.id = p_conversation_id and c.created_by is distinct from p_user_id;
        end if;
      else
        delete from public.conversation_participants p
        where p.user_id = p_user_id and p.conversation_id = p_conversation_id;
      end if;
  end case;
  perform set_config('chat.keep_updated_at', '', true);
end
$$;

-- Log what was done to each of these, and keep what undo needs. Returns the action's id.
--   p_changes  rows of undo_states, without the ids
create or replace function private.log_changes(
  p_action text, p_changes private.undo_states[], p_actor text, p_reason text, p_ticket text, p_details jsonb default '{}'
)
returns bigint
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  organizations uuid[] := array(
    select distinct coalesce(c.organization_id, o.organization_id)
    from unnest(p_changes) as c
    left join public.conversations o on o.id = c.conversation_id
  );
  action bigint;
begin
  action := private.log_act(
    p_action,
    array(
      select t.target
      from (
        select n.ordinality as place, case when n.user_id is not null then private.log_pseudonym(n.user_id) end as target, 1 as rank
        from unnest(p_changes) with ordinality as n
        union all
        select min(n.ordinality), 'organization:' || n.organization_id, 2
        from unnest(p_changes) with ordinality as n
        group by n.organization_id
        union all
        select min(n.ordinality), 'conversation:' || n.conversation_id, 2
        from unnest(p_changes) with ordinality as n
        group by n.conversation_id
      ) as t
      where t.target is not null
      order by t.rank, t.place
    ),
    p_actor, p_reason, p_ticket, case when cardinality(organizations) = 1 then organizations[1] end, p_details
  );
  insert into private.undo_states (action_id, kind, user_id, organization_id, conversation_id, state_before, state_after)
  select action, c.kind, c.user_id, c.organization_id, c.conversation_id, c.state_before, c.state_after
  from unnest(p_changes) as c;
  return action;
end
$$;

-- Set a state, log it, and keep what undo needs. Returns the action's id.
create or replace function private.change_state(
  p_action text, p_kind text, p_user_id uuid, p_organization_id uuid, p_conversation_id uuid, p_state jsonb,
  p_actor text, p_reason text, p_ticket text, p_details jsonb default '{}'
)
returns bigint
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  state_before jsonb := private.state_of(p_kind, p_user_id, p_organization_id, p_conversation_id);
begin
  perform private.set_state(p_kind, p_user_id, p_organization_id, p_conversation_id, p_state);
  return private.log_changes(
    p_action,
    array[(
      null, null, p_kind, p_user_id, p_organization_id, p_conversation_id, state_before,
      private.state_of(p_kind, p_user_id, p_organization_id, p_conversation_id)
    )::private.undo_states],
    p_actor, p_reason, p_ticket, p_details
  );
end
$$;

-- Restore what an action of this kind replaced: one row for each thing that it changed. What has changed since is left
-- alone. The inverse is logged.
create or replace function private.undo_changes(p_action_id bigint, p_actor text, p_reason text, p_ticket text)
returns table (action text, action_id bigint, id text, status text, problem text)
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  change private.undo_states;
  current_state jsonb;
  done private.undo_states[] := '{}';
  outcomes jsonb[] := '{}';
  inverse text;
  inverse_id bigint;
begin
  perform private.require_reason(p_actor, p_reason, p_ticket, array(
    select u.user_id from private.undo_states u where u.action_id = p_action_id
  ) || private.people_of(array(
    select 'conversation:' || u.conversation_id from private.undo_states u where u.action_id = p_action_id
  )));
  perform private.lock_changed(p_action_id);
  for change in select u.* from private.undo_states u where u.action_id = p_action_id order by u.id loop
    if change.kind in ('suspension', 'mute') then
      perform private.lock_user(change.user_id);
    end if;
    current_state := private.state_of(change.kind, change.user_id, change.organization_id, change.conversation_id);
    inverse := case change.kind
      when 'suspension' then case when private.is_in_force(change.state_before) then 'user.suspend' else 'user.unsuspend' end
      when 'mute' then case when private.is_in_force(change.state_before) then 'user.mute' else 'user.unmute' end
      when 'lock' then case when private.is_in_force(change.state_before) then 'conversation.lock' else 'conversation.unlock' end
      else case when private.is_in_force(change.state_before) then 'participant.add' else 'participant.remove' end
    end;
    if private.same_state(change.kind, current_state, change.state_before) then
      outcomes := outcomes || jsonb_build_object('status', 'noop');
    elsif not private.same_state(change.kind, current_state, change.state_after) then
      outcomes := outcomes || jsonb_build_object('status', 'skipped', 'problem', 'CHANGED');
    elsif inverse = 'participant.add' and not private.can_take_part(change.user_id, change.conversation_id) then
      outcomes := outcomes || jsonb_build_object('status', 'failed', 'problem', 'NOT_MEMBER');
    else
      perform private.set_state(
        change.kind, change.user_id, change.organization_id, change.conversation_id, change.state_before
      );
      done := done || (
        null, null, change.kind, change.user_id, change.organization_id, change.conversation_id, current_state, change.state_before
      )::private.undo_states;
      outcomes := outcomes || jsonb_build_object('status', 'done');
    end if;
    outcomes[cardinality(outcomes)] := outcomes[cardinality(outcomes)]
      || jsonb_build_object('id', coalesce(change.user_id, change.conversation_id));
  end loop;
  if done <> '{}' then
    inverse_id := private.log_changes(inverse, done, p_actor, p_reason, p_ticket, jsonb_build_object('undo', p_action_id));
  end if;
  return query
  select inverse, case when o.outcome ->> 'status' = 'done' then inverse_id end,
    o.outcome ->> 'id', o.outcome ->> 'status', o.outcome ->> 'problem'
  from unnest(outcomes) with ordinality as o (outcome, place)
  order by o.place;
end
$$;

-- Lock the participants and the conversations that an action changed, in the order of lock_conversations.sql.
create or replace function private.lock_changed(p_action_id bigint)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  perform
  from public.conversation_participants p
  join private.undo_states u on u.conversation_id = p.conversation_id and u.user_id = p.user_id
  where u.action_id = p_action_id and u.kind = 'participant'
  order by p.conversation_id, p.user_id for update of p;
  perform private.lock_conversations(array(
    select u.conversation_id from private.undo_states u where u.action_id = p_action_id and u.kind in ('participant', 'lock')
  ));
end
$$;

create or replace function private.can_take_part(p_user_id uuid, p_conversation_id uuid)
returns boolean
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  select exists (
    select
    from public.conversations c
    join public.organization_members m on m.organization_id = c.organization_id
    where c.id = p_conversation_id and m.user_id = p_user_id
  )
$$;

-- Whether nothing has changed. What participants change themselves, such as how far they have read, does not count; who left
-- and came back has another row.
create or replace function private.same_state(p_kind text, p_one jsonb, p_other jsonb)
returns boolean
language sql immutable
set search_path = pg_catalog, pg_temp
as $$
  select case p_kind
    when 'participant' then p_one ->> 'id' is not distinct from p_other ->> 'id'
    else p_one is not distinct from p_other
  end
$$;

revoke execute on function private.state_of(text, uuid, uuid, uuid) from public;
revoke execute on function private.is_in_force(jsonb) from public;
revoke execute on function private.set_state(text, uuid, uuid, uuid, jsonb) from public;
revoke execute on function private.log_changes(text, private.undo_states[], text, text, text, jsonb) from public;
revoke execute on function private.change_state(
  text, text, uuid, uuid, uuid, jsonb, text, text, text, jsonb
) from public;
revoke execute on function private.undo_changes(bigint, text, text, text) from public;
revoke execute on function private.lock_changed(bigint) from public;
revoke execute on function private.can_take_part(uuid, uuid) from public;
revoke execute on function private.same_state(text, jsonb, jsonb) from public;
reset all; set check_function_bodies = off;

-- objects/moderation/suspend_user.sql
-- `chatctl user suspend`: no access to chat from now on, whatever token the user has, and no signing in.
--   p_until           null: until it is lifted
--   p_visible_reason  what the user may know, see get_my_restrictions; null: nothing
create or replace function moderation.suspend_user(
  p_user_id uuid, p_actor text, p_reason text, p_ticket text default null,
  p_until timestamptz default null, p_visible_reason text default null
)
returns table (action_id bigint, id uuid, status text, problem text)
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  ban_of_auth timestamptz;
  ban timestamptz;
begin
  perform private.require_restriction(p_actor, p_reason, p_ticket, array[p_user_id], p_until, p_visible_reason);
  id := p_user_id;
  if not private.lock_user(p_user_id) then
    status := 'failed';
    problem := 'NOT_FOUND';
  elsif exists (
    select from private.suspensions s
    where s.user_id = p_user_id and s.suspended_until is not distinct from p_until
      and s.visible_reason is not distinct from p_visible_reason
  ) then
    status := 'noop';
  else
    status := 'done';
    ban_of_auth := private.ban_of_auth(p_user_id);
    ban := greatest(ban_of_auth, private.ban_end(p_until));
    action_id := private.change_state(
      'user.suspend', 'suspension', p_user_id, null, null,
      jsonb_build_object(
        'reason', p_reason, 'visible_reason', p_visible_reason, 'suspended_at', clock_timestamp(), 'suspended_until', p_until,
        'ban_set', ban, 'ban_replaced', ban_of_auth, 'banned_until', ban
      ),
      p_actor, p_reason, p_ticket, jsonb_build_object('until', p_until, 'reason_shown', p_visible_reason is not null)
    );
  end if;
  return next;
end
$$;

-- `chatctl user unsuspend`. A ban that Auth's own administration has set, before or since, stays.
create or replace function moderation.unsuspend_user(
  p_user_id uuid, p_actor text, p_reason text, p_ticket text default null
)
returns table (action_id bigint, id uuid, status text, problem text)
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  banned_until timestamptz;
  ban_of_auth timestamptz;
begin
  perform private.require_reason(p_actor, p_reason, p_ticket, array[p_user_id]);
  id := p_user_id;
  if not private.lock_user(p_user_id) then
    status := 'failed';
    problem := 'NOT_FOUND';
    return next;
    return;
  end if;
  banned_until := private.banned_until(p_user_id);
  ban_of_auth := private.ban_of_auth(p_user_id);
  if not exists (select from private.suspended s where s.user_id = p_user_id)
    and (banned_until is not distinct from ban_of_auth or banned_until <= clock_timestamp())
  then
    status := 'noop';
  else
    status := 'done';
    action_id := private.change_state(
      'user.unsuspend', 'suspension', p_user_id, null, null, jsonb_build_object('banned_until', ban_of_auth),
      p_actor, p_reason, p_ticket
    );
  end if;
  return next;
end
$$;

-- Lock a user, their turn, if they have written before, and the profile, so that operators act on the user one after another.
-- Returns whether there is one.
create or replace function private.lock_user(p_user_id uuid)
returns boolean
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  perform private.lock_user_of_auth(p_user_id);
  perform from private.send_windows w where w.user_id = p_user_id for no key update;
  perform from public.user_profiles u where u.id = p_user_id for no key update;
  return found;
end
$$;

-- Refuse a restriction that has no actor or reason, that names somebody, or that has ended already.
create or replace function private.require_restriction(
  p_actor text, p_reason text, p_ticket text, p_user_ids uuid[], p_until timestamptz, p_visible_reason text
)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
set standard_conforming_strings = on
as $$
begin
  perform private.require_reason(p_actor, p_reason, p_ticket, p_user_ids);
  if p_until <= clock_timestamp() or p_until >= '9999-01-01' then
    perform private.refuse('PT400', 'VALIDATION_ERROR',
      'The end of a restriction must be in the future, before the year 9999; without an end, leave it out');
  elsif p_visible_reason !~ '\S' or char_length(p_visible_reason) > 500 then
    perform private.refuse('PT400', 'VALIDATION_ERROR', 'A reason that users see has 1 to 500 characters');
  end if;
  perform private.require_reason(p_actor, coalesce(p_visible_reason, p_reason), null, p_user_ids);
end
$$;

revoke execute on function moderation.suspend_user(uuid, text, text, text, timestamptz, text) from public;
revoke execute on function moderation.unsuspend_user(uuid, text, text, text) from public;
revoke execute on function private.lock_user(uuid) from public;
revoke execute on function private.require_restriction(text, text, text, uuid[], timestamptz, text) from public;
reset all; set check_function_bodies = off;

-- objects/moderation/lock_conversation.sql
-- `chatctl conversation lock`: nobody can write in it; participants see since when and why. Whoever sends at this moment
-- is waited for.
create or replace function moderation.lock_conversation(
  p_conversation_id uuid, p_visible_reason text, p_actor text, p_reason text, p_ticket text default null
)
returns table (action_id bigint, id uuid, status text, problem text)
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform private.require_restriction(
    p_actor, p_reason, p_ticket, private.people_of(array['conversation:' || p_conversation_id]), null, p_visible_reason
  );
  if p_visible_reason is null then
    perform private.refuse('PT400', 'VALIDATION_ERROR', 'A lock needs a reason for the participants');
  end if;
  perform private.lock_conversation(p_conversation_id);
  return query select * from private.change_lock(
    'conversation.lock', p_conversation_id,
    (
      select jsonb_build_object('locked_at', coalesce(c.locked_at, clock_timestamp()), 'lock_reason', p_visible_reason)
      from public.conversations c
      where c.id = p_conversation_id
    ),
    p_actor, p_reason, p_ticket
  );
end
$$;

-- `chatctl conversation unlock`.
create or replace function moderation.unlock_conversation(
  p_conversation_id uuid, p_actor text, p_reason text, p_ticket text default null
)
returns table (action_id bigint, id uuid, status text, problem text)
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform private.require_reason(
    p_actor, p_reason, p_ticket, private.people_of(array['conversation:' || p_conversation_id])
  );
  perform private.lock_conversation(p_conversation_id);
  return query select * from private.change_lock(
    'conversation.unlock', p_conversation_id, null, p_actor, p_reason, p_ticket
  );
end
$$;

create or replace function private.change_lock(
  p_action text, p_conversation_id uuid, p_state jsonb, p_actor text, p_reason text, p_ticket text
)
returns table (action_id bigint, id uuid, status text, problem text)
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  id := p_conversation_id;
  if not exists (select from public.conversations c where c.id = p_conversation_id) then
    status := 'failed';
    problem := 'NOT_FOUND';
  elsif exists (
    select from public.conversations c
    where c.id = p_conversation_id and c.locked_at is not distinct from (p_state ->> 'locked_at')::timestamptz
      and c.lock_reason is not distinct from p_state ->> 'lock_reason'
  ) then
    status := 'noop';
  else
    status := 'done';
    action_id := private.change_state(
      p_action, 'lock', null, null, p_conversation_id, p_state, p_actor, p_reason, p_ticket
    );
  end if;
  return next;
end
$$;

revoke execute on function moderation.lock_conversation(uuid, text, text, text, text) from public;
revoke execute on function moderation.unlock_conversation(uuid, text, text, text) from public;
revoke execute on function private.change_lock(text, uuid, jsonb, text, text, text) from public;
reset all; set check_function_bodies = off;

-- objects/moderation/log_reading.sql
-- Write the row of the log for a read, for the functions that log one. The command, the targets and the arguments come
-- from programs: refuse the id or address of any user in them, as in a reason.
--   p_user_ids  whom the read concerns: the reason must not name them
create or replace function private.log_reading(
  p_command text, p_user_ids uuid[], p_targets text[], p_arguments jsonb, p_actor text, p_reason text, p_ticket text,
  p_organization_id uuid default null
)
returns bigint
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  perform private.require_reason(p_actor, p_reason, p_ticket, p_user_ids || private.people_of(p_targets));
  if private.names_people(concat_ws(' ', p_command, array_to_string(p_targets, ' '), p_arguments), '{}') then
    perform private.refuse('PT400', 'VALIDATION_ERROR',
      'The command, its targets and its arguments must not contain the id or address of a person: the log is never changed');
  end if;
  return private.log_act(
    'read', case when p_targets = '{}' then array['messages:all'] else p_targets end,
    p_actor, p_reason, p_ticket, p_organization_id, jsonb_build_object('command', p_command, 'arguments', p_arguments)
  );
end
$$;

revoke execute on function private.log_reading(text, uuid[], text[], jsonb, text, text, text, uuid) from public;
reset all; set check_function_bodies = off;

-- objects/moderation/log_read.sql
-- Log that an operator is about to read what users wrote. Commit it before the read.
--   p_command    what was asked for, for example 'conversation show'
--   p_targets    what is read, as far as it is known beforehand: {conversation:6f…}; empty: all messages
--   p_arguments  the filters, without the text that was searched for; no user is named in them
create or replace function moderation.log_read(
  p_command text, p_targets text[], p_arguments jsonb, p_actor text, p_reason text, p_ticket text default null
)
returns bigint
language sql security definer
set search_path = pg_catalog, pg_temp
as $$
  select private.log_reading(p_command, '{}', p_targets, p_arguments, p_actor, p_reason, p_ticket)
$$;

revoke execute on function moderation.log_read(text, text[], jsonb, text, text, text) from public;
reset all; set check_function_bodies = off;

-- objects/moderation/log_read_of_users.sql
-- Log that an operator is about to read what concerns users: as log_read, with the users by pseudonym. Commit it before
-- the read.
create or replace function moderation.log_read_of_users(
  p_command text, p_user_ids uuid[], p_targets text[], p_arguments jsonb,
  p_actor text, p_reason text, p_ticket text default null
)
returns bigint
language sql security definer
set search_path = pg_catalog, pg_temp
as $$
  select private.log_reading(
    p_command, p_user_ids,
    array(select private.log_pseudonym(u.id) from unnest(p_user_ids) as u (id)) || p_targets,
    p_arguments, p_actor, p_reason, p_ticket
  )
$$;

revoke execute on function moderation.log_read_of_users(text, uuid[], text[], jsonb, text, text, text) from public;
reset all; set check_function_bodies = off;

-- objects/moderation/log_search.sql
-- Log that an operator is about to search messages. Commit it before the search.
--   p_command    what was asked for, for example 'message search'
--   p_arguments  the other filters; no user is named in them
--   p_text       the text, and
--   p_regex      the pattern that is searched for; the log gets their hashes, see private.text_hash. Null: none
create or replace function moderation.log_search(
  p_command text, p_organization_id uuid, p_conversation_id uuid, p_sender_id uuid, p_arguments jsonb,
  p_text text, p_regex text, p_actor text, p_reason text, p_ticket text default null
)
returns bigint
language sql security definer
set search_path = pg_catalog, pg_temp
as $$
  select private.log_reading(
    p_command, array_remove(array[p_sender_id], null),
    array_remove(array[
      'organization:' || p_organization_id,
      'conversation:' || p_conversation_id,
      case when p_sender_id is not null then private.log_pseudonym(p_sender_id) end
    ], null),
    p_arguments || jsonb_strip_nulls(jsonb_build_object(
      'text', private.text_hash(p_text), 'regex', private.text_hash(p_regex)
    )),
    p_actor, p_reason, p_ticket, p_organization_id
  )
$$;

revoke execute on function moderation.log_search(text, uuid, uuid, uuid, jsonb, text, text, text, text, text) from public;
reset all; set check_function_bodies = off;

-- objects/moderation/message_versions.sql
-- The versions of messages, at which a plan chooses them, in the order of their ids in the list. A function, because a view
-- would compute them with the rights of whoever reads it.
create or replace function moderation.message_versions(p_ids uuid[])
returns table (id uuid, version text)
language sql stable security definer
set search_path = pg_catalog, pg_temp
as $$
  select v.id, v.version
  from unnest(p_ids) with ordinality as n (id, place)
  join private.message_versions v on v.id = n.id
  order by n.place
$$;

revoke execute on function moderation.message_versions(uuid[]) from public;
reset all; set check_function_bodies = off;

-- objects/moderation/moderation_log_chained.sql
-- Chain the rows of the moderation log: each contains the hash of the one before it. Removing, inserting, swapping or
-- changing rows breaks the chain, which `chatctl log verify` follows.

-- The hash of a row: of the previous row's hash and of all its columns, with the bounds of the array, which its JSON does
-- not show. Null columns do not count, so that columns can be added later.
create or replace function private.moderation_log_hash(p_entry private.moderation_log)
returns bytea
language sql immutable
set search_path = pg_catalog, pg_temp
as $$
  select sha256(p_entry.previous_hash || convert_to((
    select jsonb_object_agg(e.key, e.value)::text
    from jsonb_each(
      to_jsonb(p_entry) - array['previous_hash', 'hash']
      || jsonb_build_object('at', extract(epoch from p_entry.at), 'targets_dims', array_dims(p_entry.targets))
    ) as e (key, value)
    where e.value <> 'null'
  ), 'UTF8'))
$$;

-- The same for the view of the log: who reads a view needs EXECUTE on the functions in it.
create or replace function moderation.log_entry_hash(p_entry private.moderation_log)
returns bytea
language sql immutable security definer
set search_path = pg_catalog, pg_temp
as $$
  select private.moderation_log_hash(p_entry)
$$;

revoke execute on function moderation.log_entry_hash(private.moderation_log) from public;

create or replace function private.moderation_log_chained()
returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  head private.moderation_log_head;
begin
  -- Until the transaction ends: the next row needs the hash of this one.
  select h.* into strict head from private.moderation_log_head h for update;
  new.id := head.log_id + 1;
  new.at := clock_timestamp();
  new.database_role := session_user;
  new.client := nullif(current_setting('application_name'), '');
  new.previous_hash := head.hash;
  new.hash := private.moderation_log_hash(new);
  update private.moderation_log_head h set log_id = new.id, hash = new.hash where h.only_row;
  return new;
end
$$;

revoke execute on function private.moderation_log_hash(private.moderation_log) from public;
revoke execute on function private.moderation_log_chained() from public;

create or replace trigger moderation_log_chained
before insert on private.moderation_log
for each row execute function private.moderation_log_chained();
reset all; set check_function_bodies = off;

-- objects/moderation/mute_user.sql
-- `chatctl user mute`: the user can read, but not write: everywhere, in an organization or in a conversation.
create or replace function moderation.mute_user(
  p_user_id uuid, p_actor text, p_reason text, p_ticket text default null,
  p_organization_id uuid default null, p_conversation_id uuid default null,
  p_until timestamptz default null, p_visible_reason text default null
)
returns table (action_id bigint, id uuid, status text, problem text)
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform private.require_restriction(p_actor, p_reason, p_ticket, array[p_user_id], p_until, p_visible_reason);
  perform private.require_place(p_organization_id, p_conversation_id);
  id := p_user_id;
  if not private.lock_user(p_user_id) then
    status := 'failed';
    problem := 'NOT_FOUND';
  elsif exists (
    select from private.mutes m
    where m.user_id = p_user_id
      and m.organization_id is not distinct from p_organization_id
      and m.conversation_id is not distinct from p_conversation_id
      and m.muted_until is not distinct from p_until
      and m.visible_reason is not distinct from p_visible_reason
  ) then
    status := 'noop';
  else
    status := 'done';
    action_id := private.change_state(
      'user.mute', 'mute', p_user_id, p_organization_id, p_conversation_id,
      jsonb_build_object(
        'id', gen_random_uuid(), 'user_id', p_user_id, 'organization_id', p_organization_id, 'conversation_id', p_conversation_id,
        'reason', p_reason, 'visible_reason', p_visible_reason, 'muted_at', clock_timestamp(), 'muted_until', p_until
      ),
      p_actor, p_reason, p_ticket, jsonb_build_object('until', p_until, 'reason_shown', p_visible_reason is not null)
    );
  end if;
  return next;
end
$$;

-- `chatctl user unmute`: where the user was muted; a mute elsewhere stays.
create or replace function moderation.unmute_user(
  p_user_id uuid, p_actor text, p_reason text, p_ticket text default null,
  p_organization_id uuid default null, p_conversation_id uuid default null
)
returns table (action_id bigint, id uuid, status text, problem text)
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform private.require_reason(p_actor, p_reason, p_ticket, array[p_user_id]);
  perform private.require_place(p_organization_id, p_conversation_id);
  id := p_user_id;
  if not private.lock_user(p_user_id) then
    status := 'failed';
    problem := 'NOT_FOUND';
  elsif not exists (
    select from private.muted m
    where m.user_id = p_user_id
      and m.organization_id is not distinct from p_organization_id
      and m.conversation_id is not distinct from p_conversation_id
  ) then
    status := 'noop';
  else
    status := 'done';
    action_id := private.change_state(
      'user.unmute', 'mute', p_user_id, p_organization_id, p_conversation_id, null, p_actor, p_reason, p_ticket
    );
  end if;
  return next;
end
$$;

-- Refuse a place that does not exist, and more than one.
create or replace function private.require_place(p_organization_id uuid, p_conversation_id uuid)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  if num_nonnulls(p_organization_id, p_conversation_id) > 1 then
    perform private.refuse('PT400', 'VALIDATION_ERROR', 'A mute is everywhere, in one organization or in one conversation');
  elsif p_organization_id is not null and not exists (select from public.organizations o where o.id = p_organization_id) then
    perform private.refuse('PT404', 'NOT_FOUND', 'There is no such organization');
  elsif p_conversation_id is not null and not exists (select from public.conversations c where c.id = p_conversation_id) then
    perform private.refuse('PT404', 'NOT_FOUND', 'There is no such conversation');
  end if;
end
$$;

revoke execute on function moderation.mute_user(uuid, text, text, text, uuid, uuid, timestamptz, text) from public;
revoke execute on function moderation.unmute_user(uuid, text, text, text, uuid, uuid) from public;
revoke execute on function private.require_place(uuid, uuid) from public;
reset all; set check_function_bodies = off;

-- objects/moderation/views/operators.sql
-- The database roles that have privileges in schema moderation, other than its owner: what each of them lacks to work as
-- an operator, what it has beyond that in the schema (surplus), and what else it has in the database (elsewhere), not
-- counting what PUBLIC has. Written by private.grant_operator and private.revoke_operator, which do not change elsewhere.
create or replace view moderation.operators as
with expected as (
  select 'schema moderation' as object, 'USAGE' as privilege
  union all
  select 'function ' || p.oid::regprocedure::text, 'EXECUTE'
  from pg_catalog.pg_proc p
  where p.pronamespace = 'moderation'::regnamespace
  union all
  select 'view ' || c.oid::regclass::text, 'SELECT'
  from pg_catalog.pg_class c
  where c.relnamespace = 'moderation'::regnamespace and c.relkind = 'v'
  union all
  values ('new functions', 'EXECUTE'), ('new views', 'SELECT')
),
acls as (
  select 'schema moderation' as object, n.nspowner as owner, n.nspacl as acl
  from pg_catalog.pg_namespace n
  where n.nspname = 'moderation'
  union all
  select 'function ' || p.oid::regprocedure::text, p.proowner, p.proacl
  from pg_catalog.pg_proc p
  where p.pronamespace = 'moderation'::regnamespace
  union all
  select case c.relkind when 'v' then 'view ' else 'table ' end || c.oid::regclass::text, c.relowner, c.relacl
  from pg_catalog.pg_class c
  where c.relnamespace = 'moderation'::regnamespace
  union all
  select 'column ' || c.oid::regclass::text || '.' || quote_ident(a.attname), c.relowner, a.attacl
  from pg_catalog.pg_class c
  join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attacl is not null
  where c.relnamespace = 'moderation'::regnamespace
  union all
  select case d.defaclobjtype when 'f' then 'new functions' when 'r' then 'new views' else 'new objects' end,
    d.defaclrole, d.defaclacl
  from pg_catalog.pg_default_acl d
  where d.defaclnamespace = 'moderation'::regnamespace
),
held as (
  select a.object, g.grantee, g.privilege_type as privilege, g.is_grantable
  from acls a
  cross join lateral aclexplode(a.acl) as g
  where g.grantee <> a.owner
)
select
  r.rolname::text as name,
  r.rolcanlogin as can_log_in,
  array(
    select format('%s on %s', e.privilege, e.object)
    from expected e
    where not exists (
      select from held h where h.grantee = r.oid and h.object = e.object and h.privilege = e.privilege
    )
    order by 1
  ) as missing,
  array(
    select format('%s on %s', h.privilege, h.object) || case when h.is_grantable then ' with grant option' else '' end
    from held h
    where h.grantee = r.oid
      and (h.is_grantable or not exists (
        select from expected e where e.object = h.object and e.privilege = h.privilege
      ))
    order by 1
  ) as surplus,
  array(
    select 'member of ' || m.roleid::regrole::text from pg_catalog.pg_auth_members m where m.member = r.oid
    union all
    select a.name
    from (values
      (r.rolsuper, 'superuser'), (r.rolbypassrls, 'bypasses row-level security'), (r.rolcreaterole, 'creates roles'),
      (r.rolreplication, 'replication'), (r.rolcreatedb, 'createdb')
    ) as a (has, name)
    where a.has
    union all
    select x.name
    -- PostgreSQL records here, by role, each object that a role owns or has privileges on.
    from pg_catalog.pg_shdepend d
    cross join lateral pg_identify_object(d.classid, d.objid, d.objsubid) as i
    cross join lateral (
      select case d.classid
        when 'pg_class'::regclass then i.identity
        when 'pg_database'::regclass then 'database'
        when 'pg_default_acl'::regclass then 'new objects ' || i.identity
        else i.type || ' ' || i.identity
      end as name
    ) as o
    cross join lateral (
      select 'owns ' || o.name as name
      where d.deptype = 'o' and d.classid <> 'pg_default_acl'::regclass
      union all
      select lower(g.privilege_type)
        || case d.classid when 'pg_parameter_acl'::regclass then ' ' || i.identity else ' on ' || o.name end
        || case when g.is_grantable then ' with grant option' else '' end
      from (
        select c.relacl as acl, c.relnamespace as namespace
        from pg_catalog.pg_class c
        where d.classid = 'pg_class'::regclass and c.oid = d.objid and d.objsubid = 0
        union all
        select a.attacl, c.relnamespace
        from pg_catalog.pg_class c
        join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attnum = d.objsubid
        where d.classid = 'pg_class'::regclass and c.oid = d.objid and d.objsubid > 0
        union all
        select p.proacl, p.pronamespace
        from pg_catalog.pg_proc p
        where d.classid = 'pg_proc'::regclass and p.oid = d.objid
        union all
        select n.nspacl, n.oid
        from pg_catalog.pg_namespace n
        where d.classid = 'pg_namespace'::regclass and n.oid = d.objid
        union all
        select f.defaclacl, f.defaclnamespace
        from pg_catalog.pg_default_acl f
        where d.classid = 'pg_default_acl'::regclass and f.oid = d.objid
        union all
        select t.typacl, null from pg_catalog.pg_type t where d.classid = 'pg_type'::regclass and t.oid = d.objid
        union all
        select l.lanacl, null
        from pg_catalog.pg_language l
        where d.classid = 'pg_language'::regclass and l.oid = d.objid
        union all
        select s.srvacl, null
        from pg_catalog.pg_foreign_server s
        where d.classid = 'pg_foreign_server'::regclass and s.oid = d.objid
        union all
        select w.fdwacl, null
        from pg_catalog.pg_foreign_data_wrapper w
        where d.classid = 'pg_foreign_data_wrapper'::regclass and w.oid = d.objid
        union all
        select b.datacl, null
        from pg_catalog.pg_database b
        where d.classid = 'pg_database'::regclass and b.oid = d.objid
        union all
        select u.paracl, null
        from pg_catalog.pg_parameter_acl u
        where d.classid = 'pg_parameter_acl'::regclass and u.oid = d.objid
      ) as t
      cross join lateral aclexplode(t.acl) as g
      where d.deptype = 'a'
        and g.grantee = r.oid
        and t.namespace is distinct from 'moderation'::regnamespace
        -- Logging in needs CONNECT.
        and (d.classid <> 'pg_database'::regclass or g.privilege_type <> 'CONNECT')
    ) as x
    where d.refclassid = 'pg_authid'::regclass
      and d.refobjid = r.oid
      and (d.dbid = (select c.oid from pg_catalog.pg_database c where c.datname = current_database())
        or (d.dbid = 0 and (d.classid <> 'pg_database'::regclass or i.name = quote_ident(current_database()))))
      and i.identity !~ '^pg_temp'
    order by 1
  ) as elsewhere
from pg_catalog.pg_roles r
where exists (select from held h where h.grantee = r.oid);

revoke all on moderation.operators from public, anon, authenticated, service_role;
reset all; set check_function_bodies = off;

-- objects/moderation/operators.sql
-- `chatctl operator`: which database roles operators log in with. These functions are in schema private and run as the
-- caller: only the owner of schema moderation can give rights in it, and an operator cannot make others operators.

-- Refuse a role that must not become an operator's.
create or replace function private.require_operator_role(p_role text)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  candidate pg_catalog.pg_roles;
begin
  select r.* into candidate from pg_catalog.pg_roles r where r.rolname = p_role;
  if not found then
    perform private.refuse('PT404', 'NOT_FOUND', format('There is no role %I', p_role));
  elsif p_role in ('anon', 'authenticated', 'service_role', 'authenticator') then
    perform private.refuse('PT403', 'NOT_ALLOWED', format('%I is a role of the API; create a role for operators', p_role));
  elsif exists (
    select from pg_catalog.pg_roles api
    where api.rolname in ('anon', 'authenticated', 'service_role', 'authenticator')
      and (pg_has_role(api.oid, candidate.oid, 'member') or pg_has_role(candidate.oid, api.oid, 'member'))
  ) then
    perform private.refuse('PT403', 'NOT_ALLOWED', format(
      '%I is connected with the roles of the API by a membership; create a role for operators', p_role));
  elsif candidate.rolsuper or candidate.rolbypassrls or candidate.rolreplication
    or p_role ~ '^(supabase_|pgbouncer$|dashboard_user$)'
    or exists (
      select from pg_catalog.pg_namespace n
      where n.nspname = 'moderation' and pg_has_role(candidate.oid, n.nspowner, 'member')
    )
  then
    perform private.refuse('PT403', 'NOT_ALLOWED', format(
      '%I belongs to Supabase, or can read without row-level security; create a role for operators', p_role));
  elsif candidate.rolcreaterole or exists (
    select from pg_catalog.pg_roles r
    where r.rolname in (
        'pg_database_owner', 'pg_execute_server_program', 'pg_maintain', 'pg_write_all_data', 'pg_write_server_files'
      )
      and pg_has_role(candidate.oid, r.oid, 'member')
  ) then
    perform private.refuse('PT403', 'NOT_ALLOWED', format(
      '%I can change data or roles without the functions of schema moderation, by CREATEROLE, as the owner of the database, '
      'or as a member of a role such as pg_write_all_data; create a role for operators', p_role));
  elsif not candidate.rolcanlogin then
    perform private.refuse('PT400', 'VALIDATION_ERROR', format(
      '%I cannot log in; the log would not show which of its members acted', p_role));
  end if;
end
$$;

-- Give a role what an operator needs, and take what else it has in schema moderation. Returns the action's id; null if
-- nothing had to be changed.
create or replace function private.grant_operator(p_role text, p_actor text, p_reason text, p_ticket text default null)
returns bigint
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  perform private.require_reason(p_actor, p_reason, p_ticket);
  perform private.require_operator_role(p_role);
  if exists (
    select from moderation.operators o
    where o.name = p_role and o.missing = '{}' and o.surplus = '{}'
  ) then
    return null;
  end if;
  perform private.revoke_in_moderation(p_role);
  execute format('grant usage on schema moderation to %I', p_role);
  execute format('grant execute on all functions in schema moderation to %I', p_role);
  execute format('grant select on all tables in schema moderation to %I', p_role);
  execute format(
    'alter default privileges for role %s in schema moderation grant execute on functions to %I',
    private.owner_of_moderation(), p_role
  );
  execute format(
    'alter default privileges for role %s in schema moderation grant select on tables to %I',
    private.owner_of_moderation(), p_role
  );
  return private.log_act('operator.grant', array['role:' || p_role], p_actor, p_reason, p_ticket);
end
$$;

-- Take from a role all that it has in schema moderation. Returns the action's id; null if it had nothing.
create or replace function private.revoke_operator(p_role text, p_actor text, p_reason text, p_ticket text default null)
returns bigint
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  perform private.require_reason(p_actor, p_reason, p_ticket);
  if not exists (select from pg_catalog.pg_roles r where r.rolname = p_role) then
    perform private.refuse('PT404', 'NOT_FOUND', format('There is no role %I', p_role));
  elsif not exists (select from moderation.operators o where o.name = p_role) then
    return null;
  end if;
  perform private.revoke_in_moderation(p_role);
  return private.log_act('operator.revoke', array['role:' || p_role], p_actor, p_reason, p_ticket);
end
$$;

create or replace function private.revoke_in_moderation(p_role text)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  execute format('revoke all on schema moderation from %I', p_role);
  execute format('revoke all on all functions in schema moderation from %I', p_role);
  execute format('revoke all on all tables in schema moderation from %I', p_role);
  execute format(
    'alter default privileges for role %s in schema moderation revoke all on functions from %I',
    private.owner_of_moderation(), p_role
  );
  execute format(
    'alter default privileges for role %s in schema moderation revoke all on tables from %I',
    private.owner_of_moderation(), p_role
  );
end
$$;

-- The role that `chatctl migrate` creates functions and views as.
create or replace function private.owner_of_moderation()
returns regrole
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  select n.nspowner::regrole from pg_catalog.pg_namespace n where n.nspname = 'moderation'
$$;

revoke execute on function private.require_operator_role(text) from public;
revoke execute on function private.grant_operator(text, text, text, text) from public;
revoke execute on function private.revoke_operator(text, text, text, text) from public;
revoke execute on function private.revoke_in_moderation(text) from public;
revoke execute on function private.owner_of_moderation() from public;
reset all; set check_function_bodies = off;

-- objects/moderation/participants.sql
-- `chatctl participant add` and `remove`: change who takes part in a group. The rules of groups hold for operators, too:
-- members of the organization only, and at most 50. In a direct conversation the two people stay.

create or replace function moderation.add_participants(
  p_conversation_id uuid, p_user_ids uuid[], p_actor text, p_reason text, p_ticket text default null
)
returns table (action_id bigint, id uuid, status text, problem text)
language sql security definer
set search_path = pg_catalog, pg_temp
as $$
  select * from private.change_participants(
    'participant.add', p_conversation_id, p_user_ids, p_actor, p_reason, p_ticket
  )
$$;

create or replace function moderation.remove_participants(
  p_conversation_id uuid, p_user_ids uuid[], p_actor text, p_reason text, p_ticket text default null
)
returns table (action_id bigint, id uuid, status text, problem text)
language sql security definer
set search_path = pg_catalog, pg_temp
as $$
  select * from private.change_participants(
    'participant.remove', p_conversation_id, p_user_ids, p_actor, p_reason, p_ticket
  )
$$;

create or replace function private.change_participants(
  p_action text, p_conversation_id uuid, p_user_ids uuid[], p_actor text, p_reason text, p_ticket text
)
returns table (action_id bigint, id uuid, status text, problem text)
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  adds boolean := p_action = 'participant.add';
  conversation public.conversations;
  present uuid[];
  eligible uuid[];
  chosen uuid[];
  changes private.undo_states[];
  action bigint;
begin
  perform private.require_reason(
    p_actor, p_reason, p_ticket, p_user_ids || private.people_of(array['conversation:' || p_conversation_id])
  );
  -- Locks in the order of lock_conversations.sql.
  perform from public.conversation_participants p
  where p.conversation_id = p_conversation_id and p.user_id = any (p_user_ids)
  order by p.user_id for update;
  perform private.lock_conversation(p_conversation_id);
  select c.* into conversation from public.conversations c where c.id = p_conversation_id;
  if not found then
    perform private.refuse('PT404', 'NOT_FOUND', 'There is no such conversation');
  elsif not conversation.is_group then
    perform private.refuse('PT409', 'CONFLICT', 'The two people of a direct conversation stay; lock it instead');
  end if;
  present := array(
    select p.user_id from public.conversation_participants p where p.conversation_id = p_conversation_id
  );
  eligible := array(
    select m.user_id from public.organization_members m where m.organization_id = conversation.organization_id
  );
  chosen := array(
    select u.id
    from unnest(p_user_ids) as u (id)
    where case when adds then u.id = any (eligible) and u.id <> all (present) else u.id = any (present) end
    group by u.id
    order by u.id
  );
  if chosen <> '{}' then
    changes := array(
      select (
        null, null, 'participant', u.id, null, p_conversation_id,
        private.state_of('participant', u.id, null, p_conversation_id), null
      )::private.undo_states
      from unnest(chosen) as u (id)
    );
    perform set_config('chat.keep_updated_at', 'on', true);
    if adds then
      insert into public.conversation_participants (conversation_id, user_id)
      select p_conversation_id, u.id from unnest(chosen) as u (id);
    else
      delete from public.conversation_participants p
      where p.conversation_id = p_conversation_id and p.user_id = any (chosen);
    end if;
    perform set_config('chat.keep_updated_at', '', true);
    action := private.log_changes(
      p_action,
      array(
        select (
          null, null, 'participant', c.user_id, null, p_conversation_id, c.state_before,
          private.state_of('participant', c.user_id, null, p_conversation_id)
        )::private.undo_states
        from unnest(changes) as c
      ),
      p_actor, p_reason, p_ticket
    );
  end if;
  return query
  select
    case when u.id = any (chosen) then action end,
    u.id,
    case when u.id = any (chosen) then 'done' when r.problem is null then 'noop' else 'failed' end,
    r.problem
  from unnest(p_user_ids) with ordinality as u (id, place)
  cross join lateral (
    select case
      when not exists (select from public.user_profiles p where p.id = u.id) then 'NOT_FOUND'
      when adds and u.id <> all (present) and u.id <> all (eligible) then 'NOT_MEMBER'
    end as problem
  ) as r
  where not exists (select from unnest(p_user_ids) with ordinality as e (id, place) where e.id = u.id and e.place < u.place)
  order by u.place;
end
$$;

revoke execute on function moderation.add_participants(uuid, uuid[], text, text, text) from public;
revoke execute on function moderation.remove_participants(uuid, uuid[], text, text, text) from public;
revoke execute on function private.change_participants(text, uuid, uuid[], text, text, text) from public;
reset all; set check_function_bodies = off;

-- objects/moderation/repair_conversation.sql
-- `chatctl conversation repair`: set what the database keeps beside participants and messages to what follows from them:
-- the creator, the counters and the read states. Returns each change; nothing is logged if there is none.
--   what     creator, participant_count, message_count, last_message_seq, last_seq or read_state
--   user_id  whose read state
create or replace function moderation.repair_conversation(
  p_conversation_id uuid, p_actor text, p_reason text, p_ticket text default null
)
returns table (action_id bigint, what text, user_id uuid, was text, becomes text)
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  conversation public.conversations;
  expected record;
  creator uuid;
  changes jsonb;
  action bigint;
begin
  perform private.require_reason(
    p_actor, p_reason, p_ticket, private.people_of(array['conversation:' || p_conversation_id])
  );
  perform private.lock_conversation(p_conversation_id);
  select c.* into conversation from public.conversations c where c.id = p_conversation_id;
  if not found then
    perform private.refuse('PT404', 'NOT_FOUND', 'There is no such conversation');
  end if;
  perform set_config('chat.keep_updated_at', 'on', true);

  -- Numbers that were assigned once are never assigned again.
  select
    count(m.id) filter (where m.deleted_at is null) as message_count,
    coalesce(max(m.seq) filter (where m.deleted_at is null), 0) as last_message_seq,
    greatest(conversation.last_seq, max(m.seq)) as last_seq,
    (select count(*) from public.conversation_participants p where p.conversation_id = p_conversation_id) as participant_count
  into expected
  from public.messages m
  where m.conversation_id = p_conversation_id;
  update public.conversations c
  set message_count = expected.message_count, last_message_seq = expected.last_message_seq, last_seq = expected.last_seq,
    participant_count = expected.participant_count
  where c.id = p_conversation_id
    and (c.message_count, c.last_message_seq, c.last_seq, c.participant_count) is distinct from
      (expected.message_count, expected.last_message_seq, expected.last_seq, expected.participant_count);

  creator := conversation.created_by;
  if expected.participant_count > 0 or expected.last_seq > 0 then -- else it is new
    creator := private.creator_of(p_conversation_id);
    update public.conversations c set created_by = creator
    where c.id = p_conversation_id and c.created_by is distinct from creator;
  end if;

  select jsonb_agg(jsonb_build_object('what', d.what, 'was', d.was, 'becomes', d.becomes) order by d.place)
    filter (where d.was is distinct from d.becomes)
  into changes
  from (
    values
      (1, 'creator', conversation.created_by::text, creator::text),
      (2, 'participant_count', conversation.participant_count::text, expected.participant_count::text),
      (3, 'message_count', conversation.message_count::text, expected.message_count::text),
      (4, 'last_message_seq', conversation.last_message_seq::text, expected.last_message_seq::text),
      (5, 'last_seq', conversation.last_seq::text, expected.last_seq::text)
  ) as d (place, what, was, becomes);

  with states as (
    select
      coalesce(p.user_id, r.user_id) as user_id, p.user_id is not null as takes_part, r.user_id is not null as has_state,
      r.last_read_seq, r.seen_count, w.last_read_seq as new_seq, w.seen_count as new_count
    from (select * from public.conversation_participants p where p.conversation_id = p_conversation_id) as p
    full join (select * from private.read_states r where r.conversation_id = p_conversation_id) as r on r.user_id = p.user_id
    left join lateral private.read_position(p_conversation_id, p.user_id, p.last_read_at) as w on p.user_id is not null
  ), wrong as (
    select * from states s
    where s.takes_part <> s.has_state or s.seen_count <> s.new_count or (
      s.last_read_seq <> s.new_seq and not exists ( -- whose message is gone is read all the same
        select from private.purged_messages g
        where g.conversation_id = p_conversation_id and g.seq = s.last_read_seq
      )
    )
  ), removed as (
    delete from private.read_states r using wrong w
    where r.conversation_id = p_conversation_id and r.user_id = w.user_id and not w.takes_part
  ), written as (
    insert into private.read_states (conversation_id, user_id, last_read_seq, seen_count)
    select p_conversation_id, w.user_id, w.new_seq, w.new_count from wrong w where w.takes_part
    on conflict on constraint read_states_pkey do update
    set last_read_seq = excluded.last_read_seq, seen_count = excluded.seen_count
  )
  select coalesce(changes, '[]') || coalesce(jsonb_agg(jsonb_build_object(
    'what', 'read_state', 'user_id', w.user_id,
    'was', case when w.has_state then format('read to %s, %s seen', w.last_read_seq, w.seen_count) else 'none' end,
    'becomes', case when w.takes_part then format('read to %s, %s seen', w.new_seq, w.new_count) else 'none' end
  ) order by w.user_id), '[]')
  into changes
  from wrong w;
  perform set_config('chat.keep_updated_at', '', true);

  if changes <> '[]' then
    action := private.log_act(
      'conversation.repair', array['conversation:' || p_conversation_id], p_actor, p_reason, p_ticket,
      conversation.organization_id,
      jsonb_build_object('repaired', (
        select jsonb_object_agg(g.what, g.number)
        from (select e ->> 'what' as what, count(*) as number from jsonb_array_elements(changes) as e group by 1) as g
      ))
    );
  end if;
  return query
  select action, e.entry ->> 'what', (e.entry ->> 'user_id')::uuid, e.entry ->> 'was', e.entry ->> 'becomes'
  from jsonb_array_elements(changes) with ordinality as e (entry, place)
  order by e.place;
end
$$;

revoke execute on function moderation.repair_conversation(uuid, text, text, text) from public;
reset all; set check_function_bodies = off;

-- objects/moderation/undo_messages.sql
-- Undo a deletion or a restoration of messages.

-- The messages of an action and the deletions that it did or undid, in its order.
create or replace function private.logged_deletions(p_entry private.moderation_log)
returns table (place bigint, id uuid, deleted_at timestamptz, updated_at timestamptz, by_sender boolean)
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  select
    m.place, (m.entry ->> 'id')::uuid, (m.entry ->> 'deleted_at')::timestamptz, (m.entry ->> 'updated_at')::timestamptz,
    (m.entry ->> 'by_sender')::boolean
  from jsonb_array_elements(p_entry.details -> 'messages') with ordinality as m (entry, place)
$$;

-- Restore those of these messages that are still deleted by this action, and not by a later one or by their sender.
create or replace function private.undo_deletion(
  p_entry private.moderation_log, p_ids uuid[], p_actor text, p_reason text, p_ticket text
)
returns table (action_id bigint, id uuid, status text, problem text)
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  messages private.message_target[] := array(select m from private.lock_messages(p_ids, null, false) as m);
begin
  messages := array(
    select (
      m.place, m.id, m.conversation_id, m.organization_id, m.sender_id, m.deleted, m.redacted, m.version,
      case when not m.redacted and live.deleted_at <> l.deleted_at then 'CHANGED' else m.problem end
    )::private.message_target
    from unnest(messages) as m
    left join public.messages live on live.id = m.id
    left join private.logged_deletions(p_entry) as l on l.id = m.id
    order by m.place
  );
  return query select o.* from private.restore_locked(messages, p_actor, p_reason, p_ticket) as o;
end
$$;

-- Delete the messages of a restoration again, at the time and by whom they were deleted before.
create or replace function private.undo_restoration(
  p_entry private.moderation_log, p_actor text, p_reason text, p_ticket text
)
returns table (action_id bigint, id uuid, status text, problem text)
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  ids uuid[] := array(select l.id from private.logged_deletions(p_entry) as l order by l.place);
  messages private.message_target[] := array(select m from private.lock_messages(ids, null, false) as m);
  done uuid[] := array(select m.id from unnest(messages) as m where m.problem is null and not m.deleted);
begin
  perform private.require_message_reason(messages, p_actor, p_reason, p_ticket, null);
  perform set_config('chat.keep_message_updated_at', 'on', true);
  update public.messages m
  set deleted_at = coalesce(l.deleted_at, clock_timestamp()), updated_at = coalesce(l.updated_at, clock_timestamp())
  from private.logged_deletions(p_entry) as l
  where m.id = l.id and m.id = any (done);
  perform set_config('chat.keep_message_updated_at', '', true);
  update private.deleted_messages d set deleted_by = d.sender_id
  from private.logged_deletions(p_entry) as l
  where d.message_id = l.id and l.by_sender and d.message_id = any (done);
  return query select o.* from private.message_outcomes(
    private.log_messages(
      'message.delete', messages, done, p_actor, p_reason, p_ticket, null, private.deletions_of(done)
    ),
    messages, done
  ) as o;
end
$$;

revoke execute on function private.logged_deletions(private.moderation_log) from public;
revoke execute on function private.undo_deletion(private.moderation_log, uuid[], text, text, text) from public;
revoke execute on function private.undo_restoration(private.moderation_log, text, text, text) from public;
reset all; set check_function_bodies = off;

-- objects/moderation/reports.sql
-- Claiming, releasing and resolving reports. An operator holds a report from claiming it until releasing or resolving it;
-- nobody else can claim or resolve it meanwhile.

-- The reports that an operator named, locked in the order of their ids, with what prevents acting upon them.
--   p_holder  who may hold them
create or replace function private.lock_reports(p_ids uuid[], p_holder text)
returns setof private.report_target
language plpgsql
set search_path = pg_catalog, pg_temp
set timezone = 'UTC' -- reviews are compared as JSON
as $$
begin
  perform from public.message_reports r where r.id = any (p_ids) order by r.id for no key update;
  return query
  select
    n.place, n.id, r.message_id, r.organization_id, r.sender_id, r.reporter_id, r.status,
    case when v.report_id is not null then to_jsonb(v) end,
    case
      when r.id is null then 'NOT_FOUND'
      when r.status = 'resolved' then 'RESOLVED'
      when v.claimed_by <> p_holder then 'CLAIMED'
    end
  from unnest(p_ids) with ordinality as n (id, place)
  left join public.message_reports r on r.id = n.id
  left join private.report_reviews v on v.report_id = n.id
  where not exists (select from unnest(p_ids) with ordinality as e (id, place) where e.id = n.id and e.place < n.place)
  order by n.place;
end
$$;

-- Change reports, and log it with what they were before. Returns the action's id; null without changes.
--   p_changes  [{id, message_id, before, after}]; before and after are rows of private.report_reviews, null: open
create or replace function private.change_reports(
  p_action text, p_changes jsonb, p_actor text, p_reason text, p_ticket text, p_details jsonb default '{}'
)
returns bigint
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  ids uuid[] := array(select (c.change ->> 'id')::uuid from jsonb_array_elements(p_changes) as c (change));
  organizations uuid[];
begin
  if cardinality(ids) = 0 then
    return null;
  end if;
  delete from private.report_reviews v where v.report_id = any (ids);
  insert into private.report_reviews (report_id, claimed_by, claimed_at, verdict, resolved_by, resolved_at)
  select v.report_id, v.claimed_by, v.claimed_at, v.verdict, v.resolved_by, v.resolved_at
  from jsonb_array_elements(p_changes) as c (change)
  cross join lateral jsonb_populate_record(null::private.report_reviews, c.change -> 'after') as v
  where c.change -> 'after' <> 'null';
  update public.message_reports r
  set status = case
    when v.report_id is null then 'open' when v.verdict is null then 'claimed' else 'resolved'
  end
  from unnest(ids) as n (id) left join private.report_reviews v on v.report_id = n.id
  where r.id = n.id;
  organizations := array(select distinct r.organization_id from public.message_reports r where r.id = any (ids));
  return private.log_act(
    p_action, array(select 'report:' || n.id from unnest(ids) with ordinality as n (id, place) order by n.place),
    p_actor, p_reason, p_ticket,
    case when cardinality(organizations) = 1 then organizations[1] end,
    p_details || jsonb_build_object('reports', p_changes)
  );
end
$$;

-- The changes that give some of these reports another review.
--   p_review  what is new in it; null: it is open again
create or replace function private.report_changes(p_reports private.report_target[], p_ids uuid[], p_review jsonb)
returns jsonb
language sql
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
as $$
  select coalesce(jsonb_agg(
    jsonb_build_object(
      'id', r.id, 'message_id', r.message_id, 'before', r.review,
      'after', to_jsonb(jsonb_populate_record(
        null::private.report_reviews, jsonb_build_object('report_id', r.id) || coalesce(r.review, '{}') || p_review
      ))
    ) order by r.place
  ), '[]')
  from unnest(p_reports) as r
  where r.id = any (p_ids)
$$;

-- What became of each report: done, noop (it was so already), or failed with its problem.
create or replace function private.report_outcomes(
  p_action_id bigint, p_reports private.report_target[], p_done uuid[]
)
returns table (action_id bigint, id uuid, status text, problem text)
language sql
set search_path = pg_catalog, pg_temp
as $$
  select
    case when r.id = any (p_done) then p_action_id end, r.id,
    case
      when r.id = any (p_done) then 'done' when r.problem = 'CHANGED' then 'skipped' when r.problem is not null then 'failed'
      else 'noop'
    end,
    r.problem
  from unnest(p_reports) as r
  order by r.place
$$;

-- The people whom the reason of an act on these reports must not name.
create or replace function private.people_of_reports(p_reports private.report_target[])
returns uuid[]
language sql
set search_path = pg_catalog, pg_temp
as $$
  select array(select r.sender_id from unnest(p_reports) as r union select r.reporter_id from unnest(p_reports) as r)
$$;

-- `chatctl report claim`: hold open reports.
create or replace function moderation.claim_reports(
  p_ids uuid[], p_actor text, p_reason text, p_ticket text default null
)
returns table (action_id bigint, id uuid, status text, problem text)
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  reports private.report_target[] := array(select r from private.lock_reports(p_ids, p_actor) as r);
  done uuid[] := array(select r.id from unnest(reports) as r where r.status = 'open');
begin
  perform private.require_reason(p_actor, p_reason, p_ticket, private.people_of_reports(reports));
  return query select o.* from private.report_outcomes(
    private.change_reports(
      'report.claim',
      private.report_changes(
        reports, done, jsonb_build_object('claimed_by', p_actor, 'claimed_at', clock_timestamp())
      ),
      p_actor, p_reason, p_ticket
    ),
    reports, done
  ) as o;
end
$$;

-- `chatctl report release`: give claimed reports back to the queue.
--   p_holder  who holds them; null: the actor
create or replace function moderation.release_reports(
  p_ids uuid[], p_actor text, p_reason text, p_ticket text default null, p_holder text default null
)
returns table (action_id bigint, id uuid, status text, problem text)
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  reports private.report_target[] := array(
    select r from private.lock_reports(p_ids, coalesce(p_holder, p_actor)) as r
  );
  done uuid[] := array(select r.id from unnest(reports) as r where r.problem is null and r.status = 'claimed');
begin
  perform private.require_reason(p_actor, p_reason, p_ticket, private.people_of_reports(reports));
  return query select o.* from private.report_outcomes(
    private.change_reports(
      'report.release', private.report_changes(reports, done, null), p_actor, p_reason, p_ticket
    ),
    reports, done
  ) as o;
end
$$;

-- `chatctl report resolve`: close reports, and act upon their messages or senders in the same transaction.
--   p_verdict  upheld, dismissed or duplicate
--   p_do       for upheld: delete or redact the messages, or suspend their senders; null: none of these
create or replace function moderation.resolve_reports(
  p_ids uuid[], p_verdict text, p_actor text, p_reason text, p_ticket text default null, p_do text default null
)
returns table (action_id bigint, id uuid, status text, problem text)
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  reports private.report_target[];
  done uuid[];
  details jsonb := jsonb_build_object('verdict', p_verdict);
begin
  if (p_verdict in ('upheld', 'dismissed', 'duplicate')) is not true then
    perform private.refuse('PT400', 'VALIDATION_ERROR', 'A verdict is upheld, dismissed or duplicate');
  elsif p_do is not null and (p_do not in ('delete', 'redact', 'suspend') or p_verdict <> 'upheld') then
    perform private.refuse('PT400', 'VALIDATION_ERROR',
      'Only an upheld report can delete or redact the message, or suspend its sender');
  end if;
  reports := array(
    select (
      r.place, r.id, r.message_id, r.organization_id, r.sender_id, r.reporter_id, r.status, r.review,
      case when r.review ->> 'resolved_by' = p_actor and r.review ->> 'verdict' = p_verdict then null else r.problem end
    )::private.report_target
    from private.lock_reports(p_ids, p_actor) as r
    order by r.place
  );
  perform private.require_reason(p_actor, p_reason, p_ticket, private.people_of_reports(reports));
  done := array(select r.id from unnest(reports) as r where r.problem is null and r.status <> 'resolved');
  if p_do = 'suspend' then
    select s.reports, details || jsonb_build_object('do', p_do, 'suspensions', s.action_ids)
    into reports, details
    from private.suspend_reported(reports, done, p_actor, p_reason, p_ticket) as s;
    done := array(select r.id from unnest(reports) as r where r.problem is null and r.id = any (done));
  elsif p_do is not null then
    select a.reports, details || jsonb_build_object('do', p_do, 'message_action', a.action_id)
    into reports, details
    from private.act_on_reported(p_do, reports, done, p_actor, p_reason, p_ticket) as a;
    done := array(select r.id from unnest(reports) as r where r.problem is null and r.id = any (done));
  end if;
  return query select o.* from private.report_outcomes(
    private.change_reports(
      'report.resolve',
      private.report_changes(
        reports, done,
        jsonb_build_object('verdict', p_verdict, 'resolved_by', p_actor, 'resolved_at', clock_timestamp())
      ),
      p_actor, p_reason, p_ticket, details
    ),
    reports, done
  ) as o;
end
$$;

-- Delete, redact or restore the messages of some of these reports. Returns the reports, with a problem where the message
-- has one, and the action's id; null if no message was changed.
--   p_deletion  for restore: the action that deleted the messages
create or replace function private.act_on_reported(
  p_do text, p_reports private.report_target[], p_ids uuid[], p_actor text, p_reason text, p_ticket text,
  p_deletion private.moderation_log default null,
  out reports private.report_target[], out action_id bigint
)
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  message_ids uuid[] := array(select distinct r.message_id from unnest(p_reports) as r where r.id = any (p_ids));
  problems jsonb;
begin
  case p_do
    when 'delete' then
      select max(o.action_id), jsonb_object_agg(o.id, o.problem) into action_id, problems
      from moderation.delete_messages(message_ids, p_actor, p_reason, p_ticket) as o;
    when 'redact' then
      select max(o.action_id), jsonb_object_agg(o.id, o.problem) into action_id, problems
      from moderation.redact_messages(message_ids, p_actor, p_reason, p_ticket) as o;
    when 'restore' then
      select max(o.action_id), jsonb_object_agg(o.id, o.problem) into action_id, problems
      from private.undo_deletion(p_deletion, message_ids, p_actor, p_reason, p_ticket) as o;
  end case;
  reports := array(
    select (
      r.place, r.id, r.message_id, r.organization_id, r.sender_id, r.reporter_id, r.status, r.review,
      case
        when r.id <> all (p_ids) then r.problem
        when problems ->> r.message_id::text = 'NOT_FOUND' then 'PURGED'
        else problems ->> r.message_id::text
      end
    )::private.report_target
    from unnest(p_reports) as r
    order by r.place
  );
end
$$;

-- Suspend the senders of some of these reports, until that is lifted. Returns the reports, with a problem where the sender
-- was erased, and the ids of the actions.
create or replace function private.suspend_reported(
  p_reports private.report_target[], p_ids uuid[], p_actor text, p_reason text, p_ticket text,
  out reports private.report_target[], out action_ids bigint[]
)
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  action_ids := array(
    select o.action_id
    from (
      select distinct r.sender_id from unnest(p_reports) as r where r.id = any (p_ids) and r.sender_id is not null order by 1
    ) as s
    cross join lateral moderation.suspend_user(s.sender_id, p_actor, p_reason, p_ticket) as o
    where o.action_id is not null
  );
  reports := array(
    select (
      r.place, r.id, r.message_id, r.organization_id, r.sender_id, r.reporter_id, r.status, r.review,
      case when r.id = any (p_ids) and r.sender_id is null then 'ERASED' else r.problem end
    )::private.report_target
    from unnest(p_reports) as r
    order by r.place
  );
end
$$;

revoke execute on function private.lock_reports(uuid[], text) from public;
revoke execute on function private.change_reports(text, jsonb, text, text, text, jsonb) from public;
revoke execute on function private.report_changes(private.report_target[], uuid[], jsonb) from public;
revoke execute on function private.report_outcomes(bigint, private.report_target[], uuid[]) from public;
revoke execute on function private.people_of_reports(private.report_target[]) from public;
revoke execute on function private.act_on_reported(
  text, private.report_target[], uuid[], text, text, text, private.moderation_log
) from public;
revoke execute on function private.suspend_reported(private.report_target[], uuid[], text, text, text) from public;
revoke execute on function moderation.claim_reports(uuid[], text, text, text) from public;
revoke execute on function moderation.release_reports(uuid[], text, text, text, text) from public;
revoke execute on function moderation.resolve_reports(uuid[], text, text, text, text, text) from public;
reset all; set check_function_bodies = off;

-- objects/moderation/schema.sql
-- The schema of the operators' functions and views. Only its owner may use it, and the roles that
-- `chatctl operator grant` names.
revoke all on schema moderation from public, anon, authenticated, service_role;
reset all; set check_function_bodies = off;

-- objects/moderation/search_words.sql
-- The words of a text, as `message search` compares them: lower case, no stemming. Symbols, emoji and the letters of
-- languages without spaces between words are words of their own; so is punctuation that some databases take for letters.
--
-- The index that `message index create` builds is on this very expression, so a change of it needs a new index. It has no
-- `set search_path = ''`, which would keep PostgreSQL from inlining it: all names are qualified.
create or replace function moderation.search_words(p_text text)
returns tsvector
language sql immutable parallel safe
return pg_catalog.to_tsvector('pg_catalog.simple', pg_catalog.regexp_replace(
  p_text,
  '[\u00a0-\u00bf\u0e00-\u109f\u1780-\u17ff\u2000-\u2bff\u3000-\u31ff\u3400-\u9fff\uf900-\ufaff\uff00-\uffef\U0001f000-\U0003ffff]',
  ' \& ', 'g'
));

-- What a message must contain to match a text that is searched for: all these words (null if the text has none, as "?!"),
-- and all these parts in upper or lower case. A run of letters without spaces is a part as a whole.
create or replace function moderation.search_terms(p_text text)
returns table (words tsquery, parts text[])
language sql stable
set search_path = pg_catalog, pg_temp
set standard_conforming_strings = on
as $$
  with cleaned as (
    select regexp_replace(
      p_text, '[\u00a0-\u00bf\u2000-\u206f\u3000-\u3004\u3008-\u3020\uff00-\uff0f\uff1a-\uff20\uff3b-\uff40\uff5b-\uff65]', ' ', 'g'
    ) as text
  ),
  runs as (
    select lower(r.run[1]) as run
    from cleaned c
    cross join regexp_matches(
      c.text,
      '[\u0e00-\u109f\u1780-\u17ff\u2070-\u2bff\u3005-\u31ff\u3400-\u9fff\uf900-\ufaff\uff00-\uffef\U0001f000-\U0003ffff]+', 'g'
    ) as r (run)
  ),
  words as (
    select w.word from cleaned c cross join unnest(tsvector_to_array(moderation.search_words(c.text))) as w (word)
  )
  select
    (select string_agg('''' || replace(replace(w.word, '\', '\\'), '''', '''''') || '''', ' & ')::tsquery from words w),
    case when exists (select from words) then array(
      select w.word from words w where not exists (select from runs r where strpos(r.run, w.word) > 0)
      union
      select r.run from runs r
      order by 1
    ) else array[btrim(p_text)] end
$$;

revoke execute on function moderation.search_words(text) from public;
revoke execute on function moderation.search_terms(text) from public;
reset all; set check_function_bodies = off;

-- objects/moderation/undo_report_act.sql
-- Undo an act on reports: each becomes what it was before, unless it was changed since. Messages that were deleted with
-- the verdict are restored, unless another report of them is upheld, and senders who were suspended with it are as before;
-- if their suspension was changed since, nothing is undone.
create or replace function private.undo_report_act(
  p_entry private.moderation_log, p_actor text, p_reason text, p_ticket text
)
returns table (action text, action_id bigint, id text, status text, problem text)
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  inverse text := case p_entry.action
    when 'report.claim' then 'report.release' when 'report.release' then 'report.claim' else 'report.reopen'
  end;
  changes jsonb := p_entry.details -> 'reports';
  message_action bigint := p_entry.details ->> 'message_action';
  deletion private.moderation_log;
  reports private.report_target[];
  done uuid[];
  details jsonb := '{}';
begin
  if message_action is not null and p_entry.details ->> 'do' = 'redact' then
    perform private.refuse('PT400', 'VALIDATION_ERROR', 'The message was redacted with this verdict, which cannot be undone');
  end if;
  reports := array(
    select (
      r.place, r.id, r.message_id, r.organization_id, r.sender_id, r.reporter_id, r.status, r.review,
      case
        when r.problem = 'NOT_FOUND' then r.problem
        when private.changed_since(p_entry.details -> 'suspensions') then 'CHANGED'
        when coalesce(r.review, 'null') not in (c.change -> 'before', c.change -> 'after') then 'CHANGED'
      end
    )::private.report_target
    from private.lock_reports(
      array(select (c.change ->> 'id')::uuid from jsonb_array_elements(changes) as c (change)), p_actor
    ) as r
    join jsonb_array_elements(changes) as c (change) on c.change ->> 'id' = r.id::text
  );
  perform private.require_reason(p_actor, p_reason, p_ticket, private.people_of_reports(reports));
  done := array(
    select r.id from unnest(reports) as r
    join jsonb_array_elements(changes) as c (change) on c.change ->> 'id' = r.id::text
    where r.problem is null and coalesce(r.review, 'null') = c.change -> 'after'
  );
  if message_action is not null then
    select l.* into strict deletion from private.moderation_log l where l.id = message_action;
    -- Wait for another verdict on the same messages, before looking for it.
    perform from public.messages m where m.id in (select r.message_id from unnest(reports) as r) order by m.id for no key update;
    select a.reports, jsonb_build_object('message_action', a.action_id) into reports, details
    from private.act_on_reported('restore', reports, array(
      select r.id from unnest(reports) as r
      where r.id = any (done) and 'message:' || r.message_id = any (deletion.targets)
        and not exists (
          select from public.message_reports o
          join private.report_reviews v on v.report_id = o.id
          where o.message_id = r.message_id and v.verdict = 'upheld' and o.id <> all (done)
        )
    ), p_actor, p_reason, p_ticket, deletion) as a;
    done := array(select r.id from unnest(reports) as r where r.problem is null and r.id = any (done));
  end if;
  if p_entry.details ? 'suspensions' and cardinality(done) > 0 then
    details := jsonb_build_object('suspensions', array(
      select distinct u.action_id
      from jsonb_array_elements_text(p_entry.details -> 'suspensions') as s (action_id)
      cross join lateral private.undo_changes(s.action_id::bigint, p_actor, p_reason, p_ticket) as u
      where u.action_id is not null
    ));
  end if;
  action_id := private.change_reports(
    inverse,
    (
      select coalesce(jsonb_agg(
        c.change || jsonb_build_object('before', c.change -> 'after', 'after', c.change -> 'before') order by c.place
      ), '[]')
      from jsonb_array_elements(changes) with ordinality as c (change, place)
      where (c.change ->> 'id')::uuid = any (done)
    ),
    p_actor, p_reason, p_ticket, details
  );
  return query
  select inverse, o.action_id, o.id::text, o.status, o.problem
  from private.report_outcomes(action_id, reports, done) as o;
end
$$;

-- Whether what one of these actions did was changed by a later action, so that it cannot be undone.
create or replace function private.changed_since(p_action_ids jsonb)
returns boolean
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  select exists (
    select
    from jsonb_array_elements_text(p_action_ids) as a (id)
    join private.undo_states u on u.action_id = a.id::bigint
    cross join lateral private.state_of(u.kind, u.user_id, u.organization_id, u.conversation_id) as s (state)
    where not private.same_state(u.kind, s.state, u.state_before) and not private.same_state(u.kind, s.state, u.state_after)
  )
$$;

revoke execute on function private.changed_since(jsonb) from public;
revoke execute on function private.undo_report_act(private.moderation_log, text, text, text) from public;
reset all; set check_function_bodies = off;

-- objects/moderation/undo.sql
-- `chatctl undo`: do the inverse of an action, with a row of its own in the log.
create or replace function moderation.undo(
  p_action_id bigint, p_actor text, p_reason text, p_ticket text default null
)
returns table (action text, action_id bigint, id text, status text, problem text)
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  entry private.moderation_log;
begin
  select l.* into entry from private.moderation_log l where l.id = p_action_id;
  if not found then
    perform private.refuse('PT404', 'NOT_FOUND', format('There is no action %s', p_action_id));
  end if;
  case entry.action
    when 'message.delete' then
      return query select 'message.restore', o.action_id, o.id::text, o.status, o.problem
      from private.undo_deletion(
        entry, array(select l.id from private.logged_deletions(entry) as l order by l.place), p_actor, p_reason, p_ticket
      ) as o;
    when 'message.restore' then
      return query select 'message.delete', o.action_id, o.id::text, o.status, o.problem
      from private.undo_restoration(entry, p_actor, p_reason, p_ticket) as o;
    when 'user.suspend', 'user.unsuspend', 'user.mute', 'user.unmute', 'conversation.lock', 'conversation.unlock',
      'participant.add', 'participant.remove' then
      return query select * from private.undo_changes(p_action_id, p_actor, p_reason, p_ticket);
    when 'hold.create' then
      return query select u.* from private.undo_hold(entry, p_actor, p_reason, p_ticket) as u;
    when 'report.claim', 'report.release', 'report.resolve' then
      return query select u.* from private.undo_report_act(entry, p_actor, p_reason, p_ticket) as u;
    else
      perform private.refuse('PT400', 'VALIDATION_ERROR', format('%s cannot be undone', entry.action));
  end case;
end
$$;

revoke execute on function moderation.undo(bigint, text, text, text) from public;
reset all; set check_function_bodies = off;

-- objects/moderation/views/conversations.sql
-- Conversations; has_creator: whether anybody manages it, see private.creator_of. For operators.
create or replace view moderation.conversations as
select
  c.id, c.organization_id, c.name, c.is_group, c.created_by, c.created_at, c.updated_at,
  c.last_seq, c.last_message_seq, c.message_count, c.participant_count,
  exists (
    select from private.participations p where p.conversation_id = c.id and p.user_id = c.created_by
  ) as has_creator, c.locked_at, c.lock_reason
from public.conversations c;

revoke all on moderation.conversations from public, anon, authenticated, service_role;
reset all; set check_function_bodies = off;

-- objects/moderation/views/jobs.sql
-- Jobs of operators. For operators.
create or replace view moderation.jobs as
select
  j.id, j.verb, j.actor, j.reason, j.ticket, j.plan_hash, j.created_at, j.finished_at,
  i.total, i.done, i.noop, i.failed, i.pending, i.skipped
from private.moderation_jobs j
cross join lateral (
  select
    count(*) as total,
    count(*) filter (where i.status = 'done') as done,
    count(*) filter (where i.status = 'noop') as noop,
    count(*) filter (where i.status = 'failed') as failed,
    count(*) filter (where i.status is null) as pending,
    count(*) filter (where i.status = 'skipped') as skipped
  from private.moderation_job_items i
  where i.job_id = j.id
) as i;

revoke all on moderation.jobs from public, anon, authenticated, service_role;

create or replace view moderation.job_items as
select i.job_id, i.place, i.message_id, i.status, i.problem, i.action_id
from private.moderation_job_items i;

revoke all on moderation.job_items from public, anon, authenticated, service_role;
reset all; set check_function_bodies = off;

-- objects/moderation/views/log.sql
-- The moderation log. For operators. user_id is whom a pseudonym stands for, until the user is erased.
create or replace view moderation.log as
select
  l.id, l.at, l.actor, l.database_role, l.action, l.organization_id, l.target_type, l.target_id,
  (
    select p.user_id
    from unnest(l.targets) as t (target)
    join private.log_pseudonyms p on p.pseudonym = case
      when t.target ~ '^user:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then substr(t.target, 6)::uuid
    end
    order by p.user_id
    limit 1
  ) as user_id,
  l.reason, l.ticket, l.details, l.targets, l.job_id, l.client,
  encode(l.previous_hash, 'hex') as previous_hash, encode(l.hash, 'hex') as hash,
  encode(moderation.log_entry_hash(l), 'hex') as expected_hash
from private.moderation_log l;

revoke all on moderation.log from public, anon, authenticated, service_role;

-- What the log's last row should be.
create or replace view moderation.log_head as
select h.log_id as id, encode(h.hash, 'hex') as hash
from private.moderation_log_head h;

revoke all on moderation.log_head from public, anon, authenticated, service_role;
reset all; set check_function_bodies = off;

-- objects/moderation/views/log_pseudonyms.sql
-- Whom a pseudonym in the log stands for. For operators.
create or replace view moderation.log_pseudonyms as
select p.pseudonym, p.user_id
from private.log_pseudonyms p;

revoke all on moderation.log_pseudonyms from public, anon, authenticated, service_role;
reset all; set check_function_bodies = off;

-- objects/moderation/views/members.sql
-- Members of organizations. For operators.
create or replace view moderation.members as
select m.organization_id, m.user_id, m.role, m.joined_at
from public.organization_members m;

revoke all on moderation.members from public, anon, authenticated, service_role;
reset all; set check_function_bodies = off;

-- objects/moderation/views/messages.sql
-- Messages, with what is kept of deleted ones; state is sent, deleted or redacted. For operators.
create or replace view moderation.messages as
select
  m.id, m.organization_id, m.conversation_id, m.seq, m.sender_id, m.content, m.attachments, m.reactions,
  m.created_at, m.updated_at, m.deleted_at,
  d.deleted_by, d.redacted_at,
  d.content as deleted_content, d.attachments as deleted_attachments, d.reactions as deleted_reactions,
  case
    when m.deleted_at is null then 'sent'
    when d.message_id is null or d.redacted_at is not null then 'redacted'
    else 'deleted'
  end as state
from public.messages m
left join private.deleted_messages d on d.message_id = m.id;

revoke all on moderation.messages from public, anon, authenticated, service_role;
reset all; set check_function_bodies = off;

-- objects/moderation/views/mutes.sql
-- Who is muted now, and where: everywhere if both columns are null. For operators.
create or replace view moderation.mutes as
select m.user_id, m.organization_id, m.conversation_id, m.reason, m.visible_reason, m.muted_at, m.muted_until
from private.mutes m
where m.muted_until is null or m.muted_until > now();

revoke all on moderation.mutes from public, anon, authenticated, service_role;
reset all; set check_function_bodies = off;

-- objects/moderation/views/organizations.sql
-- Organizations. For operators.
create or replace view moderation.organizations as
select o.id, o.name, o.slug, o.created_at
from public.organizations o;

revoke all on moderation.organizations from public, anon, authenticated, service_role;
reset all; set check_function_bodies = off;

-- objects/moderation/views/participants.sql
-- Participants, with what they have read and whether they are still members of the organization. For operators.
create or replace view moderation.participants as
select
  p.conversation_id, p.user_id, p.joined_at, p.last_read_at, p.is_starred, p.is_muted,
  r.last_read_seq, c.message_count - r.seen_count as unread_count,
  exists (
    select from public.organization_members m where m.organization_id = c.organization_id and m.user_id = p.user_id
  ) as is_member
from public.conversation_participants p
join public.conversations c on c.id = p.conversation_id
left join private.read_states r on r.conversation_id = p.conversation_id and r.user_id = p.user_id;

revoke all on moderation.participants from public, anon, authenticated, service_role;
reset all; set check_function_bodies = off;

-- objects/moderation/views/purged_messages.sql
-- What is known of purged messages. For operators.
create or replace view moderation.purged_messages as
select p.message_id, p.conversation_id, p.seq, p.sent_at, p.purged_at
from private.purged_messages p;

revoke all on moderation.purged_messages from public, anon, authenticated, service_role;
reset all; set check_function_bodies = off;

-- objects/moderation/views/reports.sql
-- Reports, with what operators made of them and what became of the message: live, deleted, redacted or purged.
-- For operators.
create or replace view moderation.reports as
select
  r.id, r.message_id, r.conversation_id, r.organization_id, r.sender_id, r.reporter_id, r.kind, r.comment, r.status,
  r.created_at, v.claimed_by, v.claimed_at, v.verdict, v.resolved_by, v.resolved_at,
  coalesce(m.seq, p.seq) as seq,
  case
    when m.id is null then 'purged' when m.deleted_at is null then 'live'
    when d.message_id is null or d.redacted_at is not null then 'redacted' else 'deleted'
  end as message_state
from public.message_reports r
left join private.report_reviews v on v.report_id = r.id
left join public.messages m on m.id = r.message_id
left join private.deleted_messages d on d.message_id = r.message_id
left join private.purged_messages p on p.message_id = r.message_id;

revoke all on moderation.reports from public, anon, authenticated, service_role;
reset all; set check_function_bodies = off;

-- objects/moderation/views/search_index.sql
-- The optional indexes for `message search`, see `message index`: absent, unfinished, outdated or ready. For operators.
create or replace view moderation.search_index as
select
  case
    when count(*) = 0 then 'absent'
    when count(*) < 2 or not bool_and(i.indisvalid and i.indisready) then 'unfinished'
    else 'ready'
  end as state,
  coalesce(sum(pg_catalog.pg_relation_size(i.indexrelid)), 0)::bigint as bytes
from pg_catalog.pg_index i
join pg_catalog.pg_class c on c.oid = i.indexrelid
where i.indrelid = 'public.messages'::regclass and c.relname in ('messages_search', 'messages_time');

revoke all on moderation.search_index from public, anon, authenticated, service_role;
reset all; set check_function_bodies = off;

-- objects/moderation/views/searched_messages.sql
-- The messages that `message search` and the selectors of acts look through: those that are not deleted, and, with the same
-- columns, what is kept of the deleted ones. For operators.
create or replace view moderation.live_messages as
select
  m.id, m.organization_id, m.conversation_id, m.sender_id, m.content, m.attachments, m.created_at,
  null::timestamptz as deleted_at
from public.messages m
where m.deleted_at is null;

create or replace view moderation.deleted_messages as
select
  m.id, m.organization_id, m.conversation_id, m.sender_id, d.content, d.attachments, m.created_at,
  m.deleted_at
from public.messages m
left join private.deleted_messages d on d.message_id = m.id
where m.deleted_at is not null;

revoke all on moderation.live_messages from public, anon, authenticated, service_role;
revoke all on moderation.deleted_messages from public, anon, authenticated, service_role;
reset all; set check_function_bodies = off;

-- objects/moderation/views/send_windows.sql
-- When each user's last messages were accepted, oldest first, and the limit: how much of it is used, and when the next
-- message is accepted if all of it is. For operators. As window_entries has it, which readers of a view may not call.
create or replace view moderation.send_windows as
select
  u.id as user_id, coalesce(w.sent_at, '{}') as sent_at, l.allowed, l.per,
  coalesce(cardinality(e.counted), 0) as used,
  e.counted[cardinality(e.counted) - l.allowed + 1] + l.per as opens_at
from public.user_profiles u
cross join private.limits l
left join private.send_windows w on w.user_id = u.id
cross join lateral (
  select array_agg(s.at order by s.at) as counted
  from unnest(w.sent_at) as s (at)
  where s.at between now() - l.per and now() + l.per
) e
where l.action = 'message';

revoke all on moderation.send_windows from public, anon, authenticated, service_role;
reset all; set check_function_bodies = off;

-- objects/moderation/views/stored_files.sql
-- Files of attachments in Storage, with their sizes. The name begins with the organization's id and a slash. For operators.
create or replace view moderation.stored_files as
select
  o.name, case when o.metadata ->> 'size' ~ '^[0-9]{1,15}$' then (o.metadata ->> 'size')::bigint else 0 end as size
from storage.objects o
where o.bucket_id = 'attachments';

revoke all on moderation.stored_files from public, anon, authenticated, service_role;
reset all; set check_function_bodies = off;

-- objects/moderation/views/users.sql
-- Users, with their suspension if there is one. For operators.
create or replace view moderation.users as
select
  u.id, u.email, u.full_name, u.avatar_url, u.created_at, u.updated_at,
  s.reason as suspension_reason, s.suspended_at, s.suspended_until,
  exists (select from private.suspended n where n.user_id = u.id) as is_suspended,
  s.visible_reason as suspension_visible_reason
from public.user_profiles u
left join private.suspensions s on s.user_id = u.id;

revoke all on moderation.users from public, anon, authenticated, service_role;
reset all; set check_function_bodies = off;

-- Record the objects that the Supabase CLI has applied, so that chatctl does not apply them again. Runs after the
-- objects are applied and before `drop_obsolete`.
insert into supabase_migrations.chatctl_objects (path, sha256, drops, chatctl_version)
select w.path, w.sha256, w.drops, 'export'
from supabase_migrations.chatctl_current_objects w
on conflict (path) do update set
  sha256 = excluded.sha256,
  drops = excluded.drops,
  applied_at = now(),
  applied_by = session_user,
  chatctl_version = excluded.chatctl_version,
  actor = null,
  git_revision = null;

-- After the objects are applied: drop objects that no file defines any more, dependents first, and remove the records of
-- deleted files.
do $$
declare
  candidate record;
  identity text;
  kept text[] := '{}';
  waiting text[];
  still_waiting text[];
  obsolete text;
  reason text;
begin
  select coalesce(array_agg(b.statement order by b.place), '{}') into waiting
  from supabase_migrations.chatctl_obsolete b
  where b.statement !~* '^revoke ';

  -- Names and signatures have many spellings, and an object that a file defines with another spelling is not obsolete.
  -- COMMENT finds the same object as DROP would; all these comments are rolled back.
  for candidate in
    with drops as (
      select d.statement, true as wanted
      from supabase_migrations.chatctl_current_objects w
      cross join lateral unnest(w.drops) as d (statement)
      union
      select b.statement, false from unnest(waiting) as b (statement)
    ),
    named as (
      select d.statement, d.wanted, p.words[1] as kind,
        regexp_replace(lower(replace(split_part(split_part(p.words[2], '(', 1), ' on ', 1), '"', '')), '^.*\.', '') as name
      from drops d
      cross join lateral regexp_match(
        d.statement, '^drop (function|procedure|view|materialized view|trigger|policy) if exists (.*)$', 'i'
      ) as p (words)
    )
    select n.statement, n.wanted, format('comment on %s %s is %L', n.kind, p.words[1], 'the same?') as question
    from named n
    cross join lateral regexp_match(n.statement, ' if exists (.*)$', 'i') as p (words)
    where exists (select from named o where o.name = n.name and o.wanted <> n.wanted)
    order by n.wanted desc, n.statement
  loop
    begin
      execute candidate.question;
      select format('%s %s', d.classoid, d.objoid) into identity
      from pg_catalog.pg_description d
      where d.description = 'the same?';
      raise exception using errcode = 'CC000';
    exception
      when sqlstate 'CC000' then
        if candidate.wanted then
          kept := kept || identity;
        elsif identity = any (kept) then
          waiting := array_remove(waiting, candidate.statement);
        end if;
      when lock_not_available or deadlock_detected then
        raise;
      when others then
        null; -- it does not exist, or belongs to another role
    end;
  end loop;

  while cardinality(waiting) > 0 loop
    still_waiting := '{}';
    foreach obsolete in array waiting loop
      begin
        execute obsolete;
      exception
        when undefined_table or undefined_function or undefined_object or invalid_schema_name or wrong_object_type then
          null; -- dropped already, for example with its table; or the name is that of another kind of object
        when dependent_objects_still_exist then
          get stacked diagnostics reason = pg_exception_detail;
          still_waiting := still_waiting || obsolete;
        when others then
          raise exception using errcode = sqlstate, message = format('cannot run: %s: %s', replace(obsolete, E'-- chatctl:drop\n', ''), sqlerrm);
      end;
    end loop;
    if still_waiting = waiting then
      raise exception using
        errcode = 'dependent_objects_still_exist',
        message = format('cannot run: %s', waiting[1]),
        detail = reason;
    end if;
    waiting := still_waiting;
  end loop;

  delete from supabase_migrations.chatctl_objects o
  where not exists (select from supabase_migrations.chatctl_current_objects w where w.path = o.path);
  drop table supabase_migrations.chatctl_current_objects, supabase_migrations.chatctl_obsolete;
end
$$;

reset all;
