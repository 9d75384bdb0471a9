-- conversations_checked asks the same, of the statements that change these columns: see sql/objects/triggers.
alter table public.conversations drop constraint conversations_name, drop constraint conversations_participant_count;

-- chatctl:objects
-- From here on: the objects as they are with this version, applied again with every newer one. Written by
-- `chatctl migrate export`; change the files of objects/ instead.
reset all; set check_function_bodies = off;

-- The history that the Supabase CLI keeps (the first four statements are its own), and beside it what chatctl
-- knows more: what was applied, by whom, and the objects, which are no versions. Every column of chatctl's may
-- be added to a table of an older chatctl.
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
-- drops: the statements that take back what the file made, for the day it is gone.
alter table supabase_migrations.chatctl_objects
  add column if not exists drops text[] not null default '{}',
  add column if not exists actor text,
  add column if not exists git_revision text;
-- A file that runs outside a transaction, from before it starts until it is recorded.
create table if not exists supabase_migrations.chatctl_unfinished (
  version text primary key,
  sha256 text not null,
  started_at timestamptz not null default now(),
  actor text
);

-- A place for the objects as the files have them, while what is obsolete is dropped. Gone again with
-- `drop_obsolete`, in the same transaction.
create table supabase_migrations.chatctl_wanted (
  path text primary key,
  sha256 text not null,
  drops text[] not null
);

insert into supabase_migrations.chatctl_wanted (path, sha256, drops)
values ('objects/functions/refuse.sql', '4706d0e4864c281ab9d387b412d5dde539b619809f5198cf2cabb59820087b40', '{"revoke execute on function private.refuse(text, text, text, jsonb) from authenticated, service_role","drop function if exists private.refuse(p_sqlstate text, p_code text, p_message text, p_details jsonb)"}'::text[]);

insert into supabase_migrations.chatctl_wanted (path, sha256, drops)
values ('objects/functions/allow_one_row.sql', 'f1e3e9166a783ac2aafdac9f9c87b049269044730c07943ad9a28db8ae190646', '{"drop function if exists private.restore_lock_timeout()","drop function if exists private.allow_one_row(p_sentence text)"}'::text[]);

insert into supabase_migrations.chatctl_wanted (path, sha256, drops)
values ('objects/views/suspended.sql', 'db807b2d68e7dbefbf4b211711c7bab6e713f2c1c0ed17d064ff0f2f7e0f5fc9', '{"drop view if exists private.suspended"}'::text[]);

insert into supabase_migrations.chatctl_wanted (path, sha256, drops)
values ('objects/functions/current_user_id.sql', '8c802af6799f3d9c03183d200b40aad249961cf26b930e22bea10ec92d482fbf', '{"revoke execute on function private.current_user_id() from authenticated, service_role","revoke execute on function private.claimed_user_id() from authenticated, service_role","drop function if exists private.current_user_id()","drop function if exists private.claimed_user_id()"}'::text[]);

insert into supabase_migrations.chatctl_wanted (path, sha256, drops)
values ('objects/functions/refuse_row.sql', '45db42c8eedb515907e2e9d4d7df9f226b3402ffb54c4aceafab30aba9df2eaa', '{"drop function if exists private.refuse_row(p_table text)"}'::text[]);

insert into supabase_migrations.chatctl_wanted (path, sha256, drops)
values ('objects/functions/api_user.sql', 'ce1af7c141693dc09de472c0cc5102329952e457f7c423fbc01b47a330a65d6c', '{"drop function if exists private.api_writer(p_table text)","drop function if exists private.api_user()"}'::text[]);

insert into supabase_migrations.chatctl_wanted (path, sha256, drops)
values ('objects/functions/attachments_fit.sql', '5c3bfd7044347f58a123ff004c1f397b780fc074b4f2bc12ab7647048f08b52c', '{"revoke execute on function private.attachments_fit(jsonb) from authenticated, service_role","drop function if exists private.attachments_fit(p_attachments jsonb)"}'::text[]);

insert into supabase_migrations.chatctl_wanted (path, sha256, drops)
values ('objects/functions/before_request.sql', '391b2f10e87eec39bd661465c5a22d8bf0187f1f6cab345c0bab583bfe5db18c', '{"revoke execute on function chat_hooks.before_request() from anon, authenticated, service_role","drop function if exists chat_hooks.before_request()"}'::text[]);

insert into supabase_migrations.chatctl_wanted (path, sha256, drops)
values ('objects/functions/window_entries.sql', '7965917de85edc71768865db0fd6827994bbfc6f917f1ec969da3b639d4471de', '{"drop function if exists private.window_entries(p_at timestamptz[], p_amount bigint[], p_now timestamptz, p_per interval)"}'::text[]);

insert into supabase_migrations.chatctl_wanted (path, sha256, drops)
values ('objects/functions/check_message_rate_limit.sql', 'd9ca5c559b0971eb4ada2aadddbbfbc933ca74fddf89c05fce73c0775263e3f7', '{"revoke execute on function public.check_message_rate_limit() from authenticated, service_role","drop function if exists public.check_message_rate_limit()"}'::text[]);

insert into supabase_migrations.chatctl_wanted (path, sha256, drops)
values ('objects/functions/refuse_limited.sql', 'cfcaea2b163d6338b72ab458980e0b28ccf2542b5e523addb428e9ea40952f4c', '{"revoke execute on function private.refuse_limited(text, bigint, bigint, timestamptz, text) from authenticated, service_role","drop function if exists private.refuse_limited(p_action text, p_allowed bigint, p_remaining bigint, p_reset_at timestamptz, p_message text)"}'::text[]);

insert into supabase_migrations.chatctl_wanted (path, sha256, drops)
values ('objects/functions/count_against_limit.sql', 'eb4754e27b4b092d084fada791a7359a4dd99b0d819ce91537287a06b65ee03a', '{"drop function if exists private.refuse_spent(p_user_id uuid, p_action text)","drop function if exists private.count_against_limit(p_user_id uuid, p_action text, p_amount bigint)"}'::text[]);

insert into supabase_migrations.chatctl_wanted (path, sha256, drops)
values ('objects/views/my_participations.sql', 'fbfc12fc03e08562cbb553b853908332f22133be01253cce62a2b50cbd2cb7b1', '{"revoke select on private.my_participations from authenticated","drop view if exists private.my_participations","drop view if exists private.participations"}'::text[]);

insert into supabase_migrations.chatctl_wanted (path, sha256, drops)
values ('objects/functions/refuse_full_window.sql', '342edaae7d9f48ae26e5cc3c59ba3fe78747dfddbf377022d8de4a3e513a7160', '{"drop function if exists private.refuse_full_window(p_sent timestamptz[])"}'::text[]);

insert into supabase_migrations.chatctl_wanted (path, sha256, drops)
values ('objects/functions/refuse_to_wait.sql', 'bdc4176d31486969a785aae42a9face5b3cafc40588991db12204a16740fbf38', '{"drop function if exists private.refuse_to_wait()"}'::text[]);

insert into supabase_migrations.chatctl_wanted (path, sha256, drops)
values ('objects/functions/take_turn.sql', 'f6c656bb687508388dddc08fbd6b3ccfa9ccd069826afd44d7637d6b9cc6d92d', '{"drop function if exists private.take_turn(p_user_id uuid)"}'::text[]);

insert into supabase_migrations.chatctl_wanted (path, sha256, drops)
values ('objects/functions/count_message.sql', 'cc8d8372bf2724523305d242339dfe2026aa78cbeb71bf44a98f077dd5e81f28', '{"drop function if exists private.count_message(p_conversation_id uuid, p_organization_id uuid, p_sender_id uuid, p_noted timestamptz, p_trusted boolean)"}'::text[]);

insert into supabase_migrations.chatctl_wanted (path, sha256, drops)
values ('objects/functions/is_trusted.sql', 'd51e55293c735c32a6b298c264a8c8e6759509dd66cfcca0c51ba8cfae31a2ec', '{"revoke execute on function private.is_trusted() from authenticated, service_role","drop function if exists private.is_trusted()"}'::text[]);

insert into supabase_migrations.chatctl_wanted (path, sha256, drops)
values ('objects/functions/require_caller.sql', 'a597f700a5e0d2766b9c25906b2b3a4b9f10c1bf692591845063aac38e2a3a19', '{"revoke execute on function private.require_caller(uuid) from authenticated, service_role","drop function if exists private.require_caller(p_user_id uuid)"}'::text[]);

insert into supabase_migrations.chatctl_wanted (path, sha256, drops)
values ('objects/functions/get_user_default_organization.sql', '90db2afdb80a809ee34dbc88a8730f98836bf30aa8578221f0f556180c7e89ed', '{"revoke execute on function public.get_user_default_organization(uuid) from authenticated, service_role","drop function if exists public.get_user_default_organization(p_user_id uuid)"}'::text[]);

insert into supabase_migrations.chatctl_wanted (path, sha256, drops)
values ('objects/functions/create_group_conversation.sql', '2baa3cab4b1d540eabfdf03e97ddfc0474cc9758a50098f07bded80fc86eefe8', '{"revoke execute on function public.create_group_conversation(text, uuid[], uuid) from authenticated, service_role","drop function if exists public.create_group_conversation(p_name text, p_participant_ids uuid[], p_organization_id uuid)"}'::text[]);

insert into supabase_migrations.chatctl_wanted (path, sha256, drops)
values ('objects/functions/creator_of.sql', '9ba5a197b012398cf06d5147ebffdf22ea0e4d9003ab7acadbb8d806b6e31853', '{"drop function if exists private.creator_of(p_conversation_id uuid)"}'::text[]);

insert into supabase_migrations.chatctl_wanted (path, sha256, drops)
values ('objects/functions/plain_text.sql', '2600d7eb88b053f78c9dcebc89ceaf90069b475ecda8e6be70552a431bf682f0', '{"drop function if exists private.plain_text(p_text text)"}'::text[]);

insert into supabase_migrations.chatctl_wanted (path, sha256, drops)
values ('objects/functions/file_ids.sql', 'ebca4adf87637b111e97f89f1afce6c8c419f2c9c35c6092339b1f77a2a932ad', '{"drop function if exists private.file_ids(p_attachments jsonb)"}'::text[]);

insert into supabase_migrations.chatctl_wanted (path, sha256, drops)
values ('objects/functions/get_conversations_with_details.sql', 'ffd2a4aaa6214b27790516b92f2c7d23207cc627f7e9cf713badf56afc48ceb1', '{"revoke execute on function public.get_conversations_with_details(uuid) from authenticated, service_role","drop function if exists public.get_conversations_with_details(p_user_id uuid)"}'::text[]);

insert into supabase_migrations.chatctl_wanted (path, sha256, drops)
values ('objects/functions/get_messages_page.sql', 'db488e9610be7306165fa2ac7e577f8f214586a874abadea467e0014d02a31d2', '{"revoke execute on function public.get_messages_page(uuid, bigint, integer) from authenticated, service_role","drop function if exists public.get_messages_page(p_conversation_id uuid, p_before bigint, p_limit integer)"}'::text[]);

insert into supabase_migrations.chatctl_wanted (path, sha256, drops)
values ('objects/functions/get_unread_count.sql', '358660b12956b5b88ab7dbe61e6be5a3260dc1d2f88d282fc292f697406990b4', '{"revoke execute on function public.get_unread_count(uuid, uuid) from authenticated, service_role","drop function if exists public.get_unread_count(p_conversation_id uuid, p_user_id uuid)"}'::text[]);

insert into supabase_migrations.chatctl_wanted (path, sha256, drops)
values ('objects/functions/hide_files.sql', '7fab4a1edd962bdb0e9316b5c42154675dbacd0a0a4d370f592d78926a251538', '{"drop function if exists private.hide_files(p_message public.messages)"}'::text[]);

insert into supabase_migrations.chatctl_wanted (path, sha256, drops)
values ('objects/functions/hold_briefly.sql', '7bde519f5535eaf9ac77421956796d27e06f812db76e4089f3de51531d6fbf30', '{"drop function if exists private.wait_unhurried()","drop function if exists private.hold_briefly()"}'::text[]);

insert into supabase_migrations.chatctl_wanted (path, sha256, drops)
values ('objects/functions/is_conversation_participant.sql', '6e1858ece70ec1a7a41404f614c03ae387473184336b6242c8c646525dd5089d', '{"revoke execute on function public.is_conversation_participant(uuid, uuid) from authenticated, service_role","drop function if exists public.is_conversation_participant(p_conversation_id uuid, p_user_id uuid)"}'::text[]);

insert into supabase_migrations.chatctl_wanted (path, sha256, drops)
values ('objects/functions/lock_conversations.sql', '0597e72cf192c60b22c58c332f0e7b2305d1e9428b65cbbda28c2a7a9c824d8f', '{"drop function if exists private.lock_conversations(p_conversation_ids uuid[])","drop function if exists private.lock_conversation(p_conversation_id uuid)"}'::text[]);

insert into supabase_migrations.chatctl_wanted (path, sha256, drops)
values ('objects/functions/mark_conversation_read.sql', '898db0b7fca2d35f45611bcb1a1b0c6f89af479b4886a94638ab4fdff0e61222', '{"revoke execute on function public.mark_conversation_read(uuid, bigint) from authenticated, service_role","drop function if exists public.mark_conversation_read(p_conversation_id uuid, p_seq bigint)"}'::text[]);

insert into supabase_migrations.chatctl_wanted (path, sha256, drops)
values ('objects/functions/may_add.sql', 'e7579ac0be6d2da71e6a2a99cf0d887b7e2915b5d36b73288fb0a7f7606c06a2', '{"drop function if exists private.may_add(p_caller uuid, p_conversation_id uuid, p_user_id uuid)"}'::text[]);

insert into supabase_migrations.chatctl_wanted (path, sha256, drops)
values ('objects/functions/refuse_message.sql', '946a4fd9335bd503358ff6d5e88c4806c70fb96a76d37397ca31049994473b3f', '{"revoke execute on function private.refuse_message(text, jsonb, jsonb) from authenticated, service_role","drop function if exists private.refuse_message(p_content text, p_attachments jsonb, p_reactions jsonb)"}'::text[]);

insert into supabase_migrations.chatctl_wanted (path, sha256, drops)
values ('objects/functions/merge_reactions.sql', '6d31ad74bfda183ae5bbf5750afd6988a3e47d3baea2f581281ed96236d416ec', '{"drop function if exists private.merge_reactions(p_old jsonb, p_new jsonb, p_user_id uuid)"}'::text[]);

insert into supabase_migrations.chatctl_wanted (path, sha256, drops)
values ('objects/functions/messages_after.sql', '180da09ca1e032d522ab12153a94c44feca2cb8485efbbe8853d444189aabd13', '{"drop function if exists private.messages_after(p_conversation_id uuid, p_moment timestamptz)"}'::text[]);

insert into supabase_migrations.chatctl_wanted (path, sha256, drops)
values ('objects/functions/read_position.sql', '8b0ecd10b6cc69101225c69b416f824cb5917c5fb4dcfe578a2cfc57e5e988a4', '{"drop function if exists private.read_position(p_conversation_id uuid, p_user_id uuid, p_read_at timestamptz, out last_read_seq bigint, out seen_count bigint)"}'::text[]);

insert into supabase_migrations.chatctl_wanted (path, sha256, drops)
values ('objects/functions/reading_moment.sql', 'ec162680becd71599c16bd19aa91ecc2b7adeac7ae59d3c3b8d7569cb76eaa96', '{"drop function if exists private.reading_moment(p_conversation_id uuid, p_read_at timestamptz)"}'::text[]);

insert into supabase_migrations.chatctl_wanted (path, sha256, drops)
values ('objects/functions/refuse_outsider.sql', '257c9bfec4ca3a4ea716e4b92310148eb848b20119006c0fe3486b2998bbb303', '{"drop function if exists private.refuse_outsider(p_table text, p_conversation_ids uuid[])"}'::text[]);

insert into supabase_migrations.chatctl_wanted (path, sha256, drops)
values ('objects/functions/refuse_return.sql', '2f620861ba0f90f8c04bddd4877344afe6e7c46a347895acce400166d2817c3f', '{"drop function if exists private.refuse_return(p_conversation_id uuid, p_user_id uuid)"}'::text[]);

insert into supabase_migrations.chatctl_wanted (path, sha256, drops)
values ('objects/functions/send_message.sql', '4bc059095cc202aa5438e42bf3d7d142cad8c89bb282ab41727528947e002747', '{"revoke execute on function public.send_message(uuid, text, jsonb) from authenticated, service_role","drop function if exists public.send_message(p_conversation_id uuid, p_content text, p_attachments jsonb)"}'::text[]);

insert into supabase_migrations.chatctl_wanted (path, sha256, drops)
values ('objects/functions/set_limit.sql', 'cf12f8d9575413c6729ce8a24c741d9558521ca1d29680aeee1201d887853711', '{"drop function if exists private.set_limit(p_action text, p_allowed bigint, p_per interval, p_actor text, p_reason text)"}'::text[]);

insert into supabase_migrations.chatctl_wanted (path, sha256, drops)
values ('objects/functions/start_direct_conversation.sql', '8a42371ca6afed5193345f2d33cafff8aa62f82d2adad7c47f69a7c22713dbe3', '{"revoke execute on function public.start_direct_conversation(uuid, uuid) from authenticated, service_role","drop function if exists public.start_direct_conversation(p_recipient_id uuid, p_organization_id uuid)"}'::text[]);

insert into supabase_migrations.chatctl_wanted (path, sha256, drops)
values ('objects/functions/take_pair.sql', '75e03cd82252522cdfd6ee726d89975b6fc8e2d013fd7a987738f4f94294882b', '{"drop function if exists private.take_pair(p_organization_id uuid, p_user_a uuid, p_user_b uuid)"}'::text[]);

insert into supabase_migrations.chatctl_wanted (path, sha256, drops)
values ('objects/functions/toggle_reaction.sql', '353be1a0005db95ee0bc7e27e7f26127a735c7e285353735edbceed513016929', '{"revoke execute on function public.toggle_reaction(uuid, text) from authenticated, service_role","drop function if exists public.toggle_reaction(p_message_id uuid, p_emoji text)"}'::text[]);

insert into supabase_migrations.chatctl_wanted (path, sha256, drops)
values ('objects/functions/wait_for_participant.sql', '4b85ee53c1ba91b2a3df5d743763c0d2dab7dbd4814bfc28701c179684c45e0f', '{"drop function if exists private.wait_for_participant(p_conversation_id uuid, p_user_id uuid)"}'::text[]);

insert into supabase_migrations.chatctl_wanted (path, sha256, drops)
values ('objects/views/my_colleagues.sql', '2b91dc7a43be8c90f921b8fda9e4966e396f08ee3eda8cc81ab890950915c5a7', '{"revoke select on private.my_colleagues from authenticated","drop view if exists private.my_colleagues"}'::text[]);

insert into supabase_migrations.chatctl_wanted (path, sha256, drops)
values ('objects/views/my_hidden_attachments.sql', '2bd825c58f4e7257ac9b22bdbe73a1f15c769f42420eab90d2003b4891de286c', '{"revoke select on private.my_hidden_attachments from authenticated","drop view if exists private.my_hidden_attachments"}'::text[]);

insert into supabase_migrations.chatctl_wanted (path, sha256, drops)
values ('objects/views/my_listings.sql', '1c82d91ed5556c24a3dfab8b688096fa49e3403d740f0e3854c1fd98aef004ee', '{"revoke select on private.my_listings from authenticated","drop view if exists private.my_listings"}'::text[]);

insert into supabase_migrations.chatctl_wanted (path, sha256, drops)
values ('objects/views/my_organizations.sql', 'd4f6bc2a8bbfc3f8ebdcbc1d01ea9723b973f6074446cd6274b87401933fbbb8', '{"revoke select on private.my_organizations from authenticated","drop view if exists private.my_organizations"}'::text[]);

insert into supabase_migrations.chatctl_wanted (path, sha256, drops)
values ('objects/triggers/conversations_checked.sql', '7fc4af7eff8a5465370997c8df5b50fd70991aac6b71d37510d9023d495aa140', '{"drop trigger if exists conversations_checked on public.conversations","drop function if exists private.conversations_checked()"}'::text[]);

insert into supabase_migrations.chatctl_wanted (path, sha256, drops)
values ('objects/triggers/conversations_limited.sql', '2ea0e3d7dc90aa1c11a42a63ab89004dfda38c042194903bc380948055035de2', '{"drop trigger if exists conversations_changed on public.conversations","drop trigger if exists conversations_update_limited on public.conversations","drop trigger if exists conversations_insert_limited on public.conversations","drop function if exists private.conversations_changed()","drop function if exists private.conversations_limited()"}'::text[]);

insert into supabase_migrations.chatctl_wanted (path, sha256, drops)
values ('objects/triggers/limits_changed.sql', '201e0d2cbd05b705c2511736f475d278453f5075091f79cf296a64584d2ac9b3', '{"drop trigger if exists limits_stay on private.limits","drop trigger if exists limits_changed on private.limits","drop function if exists private.limits_stay()","drop function if exists private.limits_changed()"}'::text[]);

insert into supabase_migrations.chatctl_wanted (path, sha256, drops)
values ('objects/triggers/members_before_insert.sql', '2ddb91c8fcaf5b570e1653422cd338b3ffc162ada0b23fcb587a6d6ff6839367', '{"drop trigger if exists members_before_insert on public.organization_members","drop function if exists private.members_before_insert()"}'::text[]);

insert into supabase_migrations.chatctl_wanted (path, sha256, drops)
values ('objects/triggers/members_changed.sql', 'b8cd08b1ac662cda2558d48d1e1307ff06bd25949f52035d678316d3e00ff81c', '{"drop trigger if exists members_added on public.organization_members","drop trigger if exists members_removed on public.organization_members","drop function if exists private.members_changed()"}'::text[]);

insert into supabase_migrations.chatctl_wanted (path, sha256, drops)
values ('objects/triggers/messages_before_insert.sql', '382b086bda464f1ee1d3974be86d84660b7f48089bf5dd91ae1dac1a9496c467', '{"drop trigger if exists messages_before_insert on public.messages","drop function if exists private.messages_before_insert()"}'::text[]);

insert into supabase_migrations.chatctl_wanted (path, sha256, drops)
values ('objects/triggers/messages_before_update.sql', 'fc6c082303c35e3b0c8807b0539fa9816a2174301ce80c593a2e312608abb990', '{"drop trigger if exists messages_before_update on public.messages","drop function if exists private.messages_before_update()"}'::text[]);

insert into supabase_migrations.chatctl_wanted (path, sha256, drops)
values ('objects/triggers/messages_make_room.sql', '071b26557b68ab1d2d9b1750144846066e9204a630e8a5a21f6290d3d8a4fa99', '{"drop trigger if exists messages_make_room on public.messages","drop function if exists private.messages_make_room()"}'::text[]);

insert into supabase_migrations.chatctl_wanted (path, sha256, drops)
values ('objects/triggers/messages_recounted.sql', 'ac61dc2489149c0ecc88efe62fdf81edc48b93d860d23a65c797d0232b20fd47', '{"drop trigger if exists messages_purged on public.messages","drop trigger if exists messages_deleted_or_restored on public.messages","drop function if exists private.messages_recounted()"}'::text[]);

insert into supabase_migrations.chatctl_wanted (path, sha256, drops)
values ('objects/triggers/moderation_log_is_append_only.sql', '8fc6da6091c07d0bb88ca516046bee75dffdba81a7f14d55c4bc00a85e7a3913', '{"drop trigger if exists moderation_log_is_append_only on private.moderation_log","drop function if exists private.moderation_log_is_append_only()"}'::text[]);

insert into supabase_migrations.chatctl_wanted (path, sha256, drops)
values ('objects/triggers/participants_before_delete.sql', '5d69aa401d560074b7a34f149ce05c132281c9641fd3762e9a532b9da7412600', '{"drop trigger if exists participants_before_delete on public.conversation_participants","drop function if exists private.participants_before_delete()"}'::text[]);

insert into supabase_migrations.chatctl_wanted (path, sha256, drops)
values ('objects/triggers/participants_before_insert.sql', '56155617edd84fbf5797684b13d4b9b0f23d3bacaa7ed753a466fbf16b63bea9', '{"drop trigger if exists participants_before_insert on public.conversation_participants","drop function if exists private.participants_before_insert()"}'::text[]);

insert into supabase_migrations.chatctl_wanted (path, sha256, drops)
values ('objects/triggers/participants_before_mark.sql', 'fc3b7325093f0f5828d1eb3d846ef7ecef15907d9944f86b6e4acb9a9f804f1b', '{"drop trigger if exists participants_before_mark on public.conversation_participants","drop function if exists private.participants_before_mark()"}'::text[]);

insert into supabase_migrations.chatctl_wanted (path, sha256, drops)
values ('objects/triggers/participants_joined.sql', '7dd281b5fdd4a9018a944d5b1d6078aa9c93de01cf28c9bbbfd2cce9a775a43f', '{"drop trigger if exists participants_joined on public.conversation_participants","drop function if exists private.participants_joined()"}'::text[]);

insert into supabase_migrations.chatctl_wanted (path, sha256, drops)
values ('objects/triggers/participants_left.sql', '7042d20b92a44dbddc0a6d147854b2c0064bca74b6768e684c879cfb02d7aea8', '{"drop trigger if exists participants_left on public.conversation_participants","drop function if exists private.participants_left()"}'::text[]);

insert into supabase_migrations.chatctl_wanted (path, sha256, drops)
values ('objects/triggers/participants_read.sql', '514f3d4d5ab1389dd6c4842be05144ab7e69de70fba42dffb3305eeeac6a892e', '{"drop trigger if exists participants_read on public.conversation_participants","drop function if exists private.participants_read()"}'::text[]);

insert into supabase_migrations.chatctl_wanted (path, sha256, drops)
values ('objects/triggers/profiles_limited.sql', 'cf6cdb58a08f1cd5b4c196edc7bc891d473bbd1d66ef730614605fa070d8627f', '{"drop trigger if exists profiles_limited on public.user_profiles","drop function if exists private.profiles_limited()"}'::text[]);

insert into supabase_migrations.chatctl_wanted (path, sha256, drops)
values ('objects/triggers/set_updated_at.sql', 'b0cf0fce627858c79a25bd644330696883fcc3462a248e5d11dbf64faf3d1153', '{"drop trigger if exists set_user_profiles_updated_at on public.user_profiles","drop trigger if exists set_conversations_updated_at on public.conversations","drop function if exists private.set_updated_at()"}'::text[]);

insert into supabase_migrations.chatctl_wanted (path, sha256, drops)
values ('objects/triggers/sync_profile.sql', '772ad15c70d0f203ed2320e533038065665a3de36b0bb8de38f3898e4d9be92e', '{"drop trigger if exists chat_sync_profile on auth.users","drop function if exists private.sync_profile()"}'::text[]);

insert into supabase_migrations.chatctl_wanted (path, sha256, drops)
values ('objects/triggers/uploads_limited.sql', '8ef822c479505ec41aa8b76f7a1673b093c1695a5a5b898998f2b228351acba3', '{"drop trigger if exists chat_uploads_limited on storage.objects","drop function if exists private.uploads_limited()"}'::text[]);

insert into supabase_migrations.chatctl_wanted (path, sha256, drops)
values ('objects/triggers/users_before_delete.sql', 'e3843eff2d8b3da0d11f10fa03746c5888b327cd582e9c46c4044bd3469c1209', '{"drop trigger if exists chat_users_before_delete on auth.users","drop function if exists private.conversations_of(p_user_id uuid)","drop function if exists private.users_before_delete()"}'::text[]);

insert into supabase_migrations.chatctl_wanted (path, sha256, drops)
values ('objects/triggers/writes_in_turn.sql', '02fbde688c2294ffaa95c16738d98018e1792e516f7f7b5d826c78f3a4e7ec2a', '{"drop trigger if exists profiles_update_in_turn on public.user_profiles","drop trigger if exists messages_update_in_turn on public.messages","drop trigger if exists participants_delete_in_turn on public.conversation_participants","drop trigger if exists participants_update_in_turn on public.conversation_participants","drop trigger if exists participants_insert_in_turn on public.conversation_participants","drop trigger if exists conversations_update_in_turn on public.conversations","drop trigger if exists conversations_insert_in_turn on public.conversations","drop function if exists private.writes_in_turn()"}'::text[]);

insert into supabase_migrations.chatctl_wanted (path, sha256, drops)
values ('objects/access/chat_hooks.sql', 'e9152c6bc8596573562780962344997b9dffc34cd200ccd0631d72ca5a4624d9', '{"revoke usage on schema chat_hooks from anon, authenticated, service_role"}'::text[]);

insert into supabase_migrations.chatctl_wanted (path, sha256, drops)
values ('objects/access/conversation_participants.sql', '90782236d08f1282cc05a6f697b2f658446bae7e68b569f1ad6d1abba4c729df',  E'{"drop policy if exists \\"people leave a group, or its creator removes them\\" on public.conversation_participants","drop policy if exists \\"participants change their own marks\\" on public.conversation_participants","drop policy if exists \\"the creator adds members of the organization\\" on public.conversation_participants","drop policy if exists \\"participants read the participants\\" on public.conversation_participants","revoke delete on public.conversation_participants from authenticated","revoke update (is_starred, is_muted, last_read_at) on public.conversation_participants from authenticated","revoke insert (conversation_id, user_id, last_read_at) on public.conversation_participants from authenticated","revoke select on public.conversation_participants from authenticated"}'::text[]);

insert into supabase_migrations.chatctl_wanted (path, sha256, drops)
values ('objects/access/conversations.sql', '3a222de9ea709110716a34a718eb8617c5d736e968563977ec549ed74912b741',  E'{"drop policy if exists \\"the creator names a group\\" on public.conversations","drop policy if exists \\"members start conversations as themselves\\" on public.conversations","drop policy if exists \\"participants read their conversations\\" on public.conversations","revoke update (name, updated_at) on public.conversations from authenticated","revoke insert (organization_id, name, is_group, created_by) on public.conversations from authenticated","revoke select on public.conversations from authenticated"}'::text[]);

insert into supabase_migrations.chatctl_wanted (path, sha256, drops)
values ('objects/access/messages.sql', '7edf2d50851c90052b0aca6d6b49ba7992d0c7b71711ce5bab43b30db80f516d',  E'{"drop policy if exists \\"participants update messages\\" on public.messages","drop policy if exists \\"participants send as themselves\\" on public.messages","drop policy if exists \\"participants read messages\\" on public.messages","revoke update (content, reactions, deleted_at) on public.messages from authenticated","revoke insert (organization_id, conversation_id, sender_id, content, attachments, reactions) on public.messages from authenticated","revoke select on public.messages from authenticated"}'::text[]);

insert into supabase_migrations.chatctl_wanted (path, sha256, drops)
values ('objects/access/organization_members.sql', '3117e85c6a2c48133cc27df20d9fa95ee16ecb2295767d548111644c563bf237',  E'{"drop policy if exists \\"members read the members of their organizations\\" on public.organization_members","revoke select on public.organization_members from authenticated"}'::text[]);

insert into supabase_migrations.chatctl_wanted (path, sha256, drops)
values ('objects/access/organizations.sql', 'f9bcd6ed2c222c339381807e4b8b2e8778ad80cb04b2f283aab7eae25e8d4600',  E'{"drop policy if exists \\"members read their organizations\\" on public.organizations","revoke select on public.organizations from authenticated"}'::text[]);

insert into supabase_migrations.chatctl_wanted (path, sha256, drops)
values ('objects/access/private.sql', '44caacc2a29a0b580d5750b5de175e9ccfaea11a666ec81c24881ff74a4d4460', '{"revoke usage on schema private from authenticated, service_role"}'::text[]);

insert into supabase_migrations.chatctl_wanted (path, sha256, drops)
values ('objects/access/user_profiles.sql', '535671e191c8953447a0a3d4ac6d7e7a80bde53fa498115680d860fa5fd0d67a',  E'{"drop policy if exists \\"people change their own profile\\" on public.user_profiles","drop policy if exists \\"people read themselves and their colleagues\\" on public.user_profiles","revoke update (full_name, avatar_url) on public.user_profiles from authenticated","revoke select on public.user_profiles from authenticated"}'::text[]);

insert into supabase_migrations.chatctl_wanted (path, sha256, drops)
values ('objects/storage/attachments.sql', 'ca4fd9dabec7a0b967d9b66c1e1a0f384170d3b3d6c0502ef8f424e3f9ca0979',  E'{"drop policy if exists \\"participants add attachments\\" on storage.objects","drop policy if exists \\"participants read attachments\\" on storage.objects"}'::text[]);

insert into supabase_migrations.chatctl_wanted (path, sha256, drops)
values ('objects/realtime/publication.sql', '8f75027530707021aecdf14e91a2e39e1accad391a63438b60ab9a407227bc38', '{}'::text[]);

-- Before objects are stated: find what files made and none makes any more, the last stated first since what needs
-- others was stated after them; and take back the privileges among it. What a file still grants on the same thing
-- is granted again when it is stated.
create table supabase_migrations.chatctl_obsolete as
select row_number() over (order by o.applied_at desc, o.path desc, d.place) as place, d.statement
from supabase_migrations.chatctl_objects o
cross join lateral unnest(o.drops) with ordinality as d (statement, place)
left join supabase_migrations.chatctl_wanted w on w.path = o.path
where w.sha256 is distinct from o.sha256
  -- What a file says on how to drop it is for the day that it is gone.
  and (w.path is null or d.statement not like '-- chatctl:drop%')
  and not exists (select from supabase_migrations.chatctl_wanted e where d.statement = any (e.drops));

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
        null; -- gone already, and its privileges with it
      when others then
        raise exception using errcode = sqlstate, message = format('cannot run: %s: %s', obsolete, sqlerrm);
    end;
  end loop;
end
$$;

-- A function that gets another signature: policies and triggers that hold on to the old one would go on doing so.
-- Those that files make are dropped with it, and stated again.
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
      exception when sqlstate 'CC000' then null; -- the comment is gone again, what it found stays
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
          select from supabase_migrations.chatctl_wanted w, unnest(w.drops) as d (statement)
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
        null; -- something else needs it: it is tried again when all is stated
    end;
  end loop;
end
$$;

-- objects/functions/refuse.sql
-- Refuse a request the way clients expect it: the SQLSTATE becomes the HTTP status (PostgREST), the hint is
-- the plan's error code, the detail its JSON.
create or replace function private.refuse(
  p_sqlstate text, p_code text, p_message text, p_details jsonb default '{}'
)
returns void
language plpgsql
set search_path = ''
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
-- Of the rows that others change too, a statement of the API changes one: called for each of them, it refuses the second.
-- PostgreSQL locks that row before it asks, so that waiting for it is kept too short to become a deadlock, until
-- restore_lock_timeout after the statement; not so short that the one row could run out of it, waiting for room on the disk.
create or replace function private.allow_one_row(p_sentence text)
returns void
language plpgsql
set search_path = ''
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

-- Returns whether the statement has changed such a row.
create or replace function private.restore_lock_timeout()
returns boolean
language plpgsql
set search_path = ''
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
-- Who is suspended now.
create or replace view private.suspended as
select s.user_id
from private.suspensions s
where s.suspended_until is null or s.suspended_until > now();

revoke all on private.suspended from public, anon, authenticated;
reset all; set check_function_bodies = off;

-- objects/functions/current_user_id.sql
-- Whom the caller's token names; null for a token that names nobody.
-- Never raises, whatever the claims: one raising policy stops Realtime for everybody. auth.uid() does raise.
create or replace function private.claimed_user_id()
returns uuid
language plpgsql stable
set search_path = ''
as $$
declare
  named uuid;
begin
  -- An assignment, since what RETURN casts is cast past the handler.
  named := coalesce(
    nullif(current_setting('request.jwt.claim.sub', true), ''),
    nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub'
  );
  return named;
exception when others then -- not JSON, nested past the stack, or no id
  return null;
end
$$;

-- Who is asking: the user whom the caller's token names; null for a suspended user, who from that moment is nobody to
-- every policy and function.
create or replace function private.current_user_id()
returns uuid
language plpgsql stable security definer
set search_path = ''
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
-- Refuse a row as its policy would, in PostgreSQL's words, where waiting for the policy would take a lock first.
create or replace function private.refuse_row(p_table text)
returns void
language plpgsql
set search_path = ''
as $$
begin
  raise insufficient_privilege using
    message = format('new row violates row-level security policy for table "%s"', p_table);
end
$$;

revoke execute on function private.refuse_row(text) from public;
reset all; set check_function_bodies = off;

-- objects/functions/api_user.sql
-- The user for whom role authenticated acts: whose writes wait for each other, and have limits. Null for every other
-- role, whatever its rights, and for a token that names nobody.
create or replace function private.api_user()
returns uuid
language sql stable
set search_path = ''
as $$
  select case
    when coalesce(nullif(current_setting('role', true), 'none'), session_user) = 'authenticated'
      then private.current_user_id()
  end
$$;

-- The same at the moment at which a row is written or has been, for triggers: who has been suspended since the statement
-- began, which may have waited, is refused. Volatile, so that it sees what was committed meanwhile.
create or replace function private.api_writer(p_table text)
returns uuid
language plpgsql
set search_path = ''
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
-- Whether a new message may have these attachments: valid ones, with no keys but the plan's, an id of up to 100
-- characters, and 16 kB in all, of which 1 kB is as much as five files usually take.
create or replace function private.attachments_fit(p_attachments jsonb)
returns boolean
language sql immutable parallel safe
set search_path = ''
as $$
  select case
    -- Far too much is seen without writing it out, which takes a second for 100 MB.
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
-- What PostgREST calls at the beginning of each request (db_pre_request). A write of a user may take 0.9 seconds: one
-- whose answer was made to take long (`select=` with thousands of embedded rows after an insert) would keep others
-- waiting for what it has changed as long as it may run, which is 8 seconds. From PostgreSQL 17 on it may hold a
-- conversation for 0.4 seconds, see hold_briefly: less than others may wait. A request that only reads is read-only.
create or replace function chat_hooks.before_request()
returns void
language plpgsql
set search_path = ''
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
-- Of the writes in a window those that count at a moment, oldest first: in the time that the limit looks back to. And
-- those as far ahead, after the clock was set back; what lies further ahead would refuse somebody until the clock is
-- there again.
--   p_at, p_amount  when, and how much; no amounts: each counts once
create or replace function private.window_entries(
  p_at timestamptz[], p_amount bigint[], p_now timestamptz, p_per interval
)
returns table (at timestamptz, amount bigint)
language sql immutable
set search_path = ''
as $$
  select e.at, coalesce(e.amount, 1)
  from unnest(p_at, p_amount) as e (at, amount)
  where e.at between p_now - p_per and p_now + p_per
  order by e.at
$$;

revoke execute on function private.window_entries(timestamptz[], bigint[], timestamptz, interval) from public;
reset all; set check_function_bodies = off;

-- objects/functions/check_message_rate_limit.sql
-- How much of the limit of messages (10 in 60 seconds, unless an operator lowered it) the caller has left.
--   reset_at     when the next message is accepted; while some remain, when the oldest counted one is forgotten
--   retry_after  seconds until a message is accepted; 0 = at once
create or replace function public.check_message_rate_limit()
returns table (allowed boolean, "limit" integer, remaining integer, reset_at timestamptz, retry_after integer)
language plpgsql stable security definer
set search_path = ''
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
-- Refuse what goes beyond a limit.
--   p_remaining  how much is left, which is less than what was asked for
--   p_reset_at   when as much as was asked for is free again
--   p_message    the sentence for the user; null: the plan's
create or replace function private.refuse_limited(
  p_action text, p_allowed bigint, p_remaining bigint, p_reset_at timestamptz, p_message text default null
)
returns void
language plpgsql
set search_path = ''
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
-- Count p_amount of an action against its limit, or refuse it. Never one too many in any such time, since it is the
-- user's turn (take_turn). Writes of the same sixtieth of that time are one entry, as of the last of them, so that there
-- are few whatever the limit is; a limit is thereby stricter by as much at most.
create or replace function private.count_against_limit(p_user_id uuid, p_action text, p_amount bigint default 1)
returns void
language plpgsql
set search_path = ''
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
        -- The first entry after whose end the later ones leave room.
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
    -- Of a user who has no profile nothing is counted; the policies refuse what they write.
    insert into private.action_windows (user_id, action, at, amount)
    select u.id, p_action, times, amounts from public.user_profiles u where u.id = p_user_id;
  end if;
end
$$;

-- Refuse an action of which nothing is left, before anybody waits for a turn: a look that locks nothing. What it lets
-- through, count_against_limit decides.
create or replace function private.refuse_spent(p_user_id uuid, p_action text)
returns void
language plpgsql
set search_path = ''
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
-- Who takes part in which conversation: listed, and still a member of its organization.
create or replace view private.participations as
select cp.conversation_id, c.organization_id, cp.user_id
from public.conversation_participants cp
join public.conversations c on c.id = cp.conversation_id
join public.organization_members om on om.organization_id = c.organization_id and om.user_id = cp.user_id;

-- The conversations that the caller takes part in, now; a suspended caller in none. What the policies ask, so that they
-- need neither refer to themselves (42P17) nor call a function per row. Runs as its owner on purpose (no
-- security_invoker) and shows the caller's own rows only; the schema is not exposed.
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
-- Refuse another message of somebody whose last messages were accepted at p_sent, of which the last ten are kept.
create or replace function private.refuse_full_window(p_sent timestamptz[])
returns void
language plpgsql
set search_path = ''
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
    return; -- as most of the time: there was room for this one before the last few came
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
-- Refuse what would have to wait for others in an order that could end in a deadlock: a moment later it may go through.
create or replace function private.refuse_to_wait()
returns void
language plpgsql
set search_path = ''
as $$
begin
  perform private.refuse('PT429', 'RATE_LIMITED',
    'Others are writing there at the moment. Try again, one conversation at a time.',
    jsonb_build_object('retry_after', 1));
end
$$;

revoke execute on function private.refuse_to_wait() from public;
reset all; set check_function_bodies = off;

-- objects/functions/take_turn.sql
-- Wait until it is a user's turn to write, which ends with the transaction; returns the moments that count for their last
-- messages, null for a user without profile. So the writes of one user follow one another, from whatever devices.
-- First of all locks; with a conversation locked already (messages of several senders in one statement of a trusted
-- role) it does not wait, see lock_conversations.
create or replace function private.take_turn(p_user_id uuid)
returns timestamptz[]
language plpgsql
set search_path = ''
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
    -- The first write of this user: of a row that somebody else is adding at the same time nothing is seen but the wait.
    if current_setting('chat.last_locked', true) <> '' then
      perform set_config('lock_timeout', '300ms', true);
    end if;
    insert into private.send_windows (user_id)
    select u.id from public.user_profiles u where u.id = p_user_id
    on conflict do nothing;
    perform set_config('lock_timeout', usual, true);
  exception
    when foreign_key_violation then
      return null; -- deleted at this moment
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

-- objects/functions/count_message.sql
-- Take the turn of a message's sender and count the message against the limit, or refuse it, step by step. Of most
-- messages messages_before_insert does this in one statement; here come those that are refused, those of trusted roles,
-- who need not take part, a user's first one, and any after the first in one transaction.
--   p_noted  the moment that is counted
create or replace function private.count_message(
  p_conversation_id uuid, p_organization_id uuid, p_sender_id uuid, p_noted timestamptz, p_trusted boolean
)
returns void
language plpgsql
set search_path = ''
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
  -- A sender over the limit waits for nothing.
  perform private.refuse_full_window(w.sent_at) from private.send_windows w where w.user_id = p_sender_id;
  sent := private.take_turn(p_sender_id);
  perform private.refuse_full_window(sent);
  update private.send_windows w
  set sent_at = (sent || p_noted)[greatest(cardinality(sent) - 8, 1):]
  where w.user_id = p_sender_id;
end
$$;

revoke execute on function private.count_message(uuid, uuid, uuid, timestamptz, boolean) from public;
reset all; set check_function_bodies = off;

-- objects/functions/is_trusted.sql
-- Whether the role in force is above row-level security: service_role, and operators on their own connection.
-- Asks for the role of the session, since inside a SECURITY DEFINER function current_user is its owner.
create or replace function private.is_trusted()
returns boolean
language plpgsql stable security definer
set search_path = ''
as $$
declare
  role_in_force text := coalesce(nullif(current_setting('role', true), 'none'), session_user);
begin
  if role_in_force in ('authenticated', 'anon') then
    return false;
  end if;
  return exists (
    select from pg_catalog.pg_roles r
    where r.rolname = role_in_force and (r.rolsuper or r.rolbypassrls)
  );
end
$$;

revoke execute on function private.is_trusted() from public;
grant execute on function private.is_trusted() to authenticated, service_role;
reset all; set check_function_bodies = off;

-- objects/functions/require_caller.sql
-- Refuse unless p_user_id is the caller: nobody asks in another person's name. Trusted roles may.
create or replace function private.require_caller(p_user_id uuid)
returns void
language plpgsql stable
set search_path = ''
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
-- The organization that a new conversation of p_user_id belongs to: the one joined first; null without any.
create or replace function public.get_user_default_organization(p_user_id uuid)
returns uuid
language plpgsql stable security definer
set search_path = ''
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
-- A new group of the caller and p_participant_ids, 3 to 50 people with the caller, in one step.
create or replace function public.create_group_conversation(
  p_name text, p_participant_ids uuid[], p_organization_id uuid default null
)
returns uuid
language plpgsql
set search_path = ''
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
-- Who manages a conversation now: of a group its creator, as long as they take part and are a member of the organization;
-- else whoever of those has taken part longest, somebody who is not suspended before all others; null when there is
-- nobody. A direct conversation has no heir, and keeps its creator as long as anybody takes part.
create or replace function private.creator_of(p_conversation_id uuid)
returns uuid
language sql stable
set search_path = ''
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
-- The ASCII letters, digits and signs of a text, in lower case, whatever they are written as: percent-encoded (several times,
-- too), fullwidth, with invisible characters between them. Never raises, and looks at 16,384 characters.
create or replace function private.plain_text(p_text text)
returns text
language plpgsql immutable
set search_path = ''
as $$
declare
  plain text := left(p_text, 16384);
begin
  if plain ~ '%' then
    plain := regexp_replace(plain, '%(25)+', '%', 'g');
    -- Fullwidth digits and letters in UTF-8; what else is not ASCII goes.
    plain := regexp_replace(plain, '%ef%bc%9([0-9])', '\1', 'gi');
    plain := regexp_replace(plain, '%ef%b(?:c%a|d%8)([1-6])', '%6\1', 'gi');
    plain := regexp_replace(plain, '%[89a-f][0-9a-f]', '', 'gi');
    -- The digits and letters of a uuid, and its hyphens; what else is ASCII separates them.
    plain := regexp_replace(plain, '%3([0-9])', '\1', 'g');
    for letter in 1 .. 6 loop
      plain := regexp_replace(plain, format('%%[46]%s', letter), chr(96 + letter), 'g');
    end loop;
    plain := regexp_replace(plain, '%2d', '-', 'gi');
    plain := regexp_replace(plain, '%[0-7][0-9a-f]', ' ', 'gi');
  end if;
  if plain !~ '^[ -~]*$' then
    -- 64 characters at a time: normalize sorts the marks that follow one another.
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
-- The files that attachments name: every uuid in an id or a url, since the names of objects begin with one. A uuid too many
-- hides nothing that somebody else has uploaded. It is part of deleting a message, so it raises for no attachment.
create or replace function private.file_ids(p_attachments jsonb)
returns setof text
language sql immutable
set search_path = ''
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
    -- Digits that other text runs into, which may be digits of the same kind: "uuid" ends with one.
    select unnest(array[left(m.found[1], 32), right(m.found[1], 32)])
    from regexp_matches(t.text, '[0-9a-f]{32,}', 'g') as m (found)
  ) as f (digits)
$$;

revoke execute on function private.file_ids(jsonb) from public;
reset all; set check_function_bodies = off;

-- objects/functions/get_conversations_with_details.sql
-- The conversation list of p_user_id, the one with the newest message first. SECURITY DEFINER, guarded by
-- require_caller: reads one row per conversation and table, and no message but
-- the last. One plan for everybody: making one anew takes as long as the list itself.
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
set search_path = ''
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
    -- The profile of somebody who shares no organization any more is nobody's business.
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
-- One page of a conversation, newest message first, without deleted ones.
--   p_before  bigint   seq of the last message already shown; null = first page
--   p_limit   integer  1 to 200
-- SECURITY DEFINER: whether the caller takes part is asked once, where a policy asks for every row. Every page
-- costs the same, and has the same plan: making one takes longer than reading the page.
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
set search_path = ''
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

-- objects/functions/get_unread_count.sql
-- How many messages of a conversation p_user_id has not read: newer than read, not their own, not deleted.
-- 0 for a conversation that the user takes no part in. Costs the same whatever the backlog.
create or replace function public.get_unread_count(p_conversation_id uuid, p_user_id uuid)
returns integer
language plpgsql stable security definer
set search_path = ''
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
-- Put on record which files go with a deleted message: Storage hides those that its sender has uploaded, and those of
-- which nobody knows who has, see storage/attachments.sql. Of an erased sender only the files still tell who it was:
-- somebody who is no user any more.
create or replace function private.hide_files(p_message public.messages)
returns void
language sql
set search_path = ''
as $$
  insert into private.deleted_attachments (message_id, attachment_id, conversation_id, sender_id)
  select p_message.id, f.id, p_message.conversation_id, coalesce(p_message.sender_id, (
    select max(o.owner_id)::uuid
    from storage.objects o
    where p_message.sender_id is null
      and o.bucket_id = 'attachments'
      -- All that begin with this uuid and _, which ` follows; starts_with would use no index.
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
-- With something locked that others need: let the transaction end soon, where before_request has said how soon. PostgreSQL
-- ends the connection otherwise. A time-out of the statement would count the wait for the lock, too; and so would this one,
-- so that wait_unhurried is called before something else is waited for. A time-out that is already running, of the project's
-- own for instance, is not shortened but ended first.
create or replace function private.hold_briefly()
returns void
language plpgsql
set search_path = ''
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
set search_path = ''
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
-- Whether the caller takes part in a conversation. About somebody else it does not answer (42501).
create or replace function public.is_conversation_participant(
  p_conversation_id uuid, p_user_id uuid default auth.uid()
)
returns boolean
language plpgsql stable security definer
set search_path = ''
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
-- The lock of a conversation, under which seq, counters and read states change.
--
-- Everything that writes takes its locks in this order, so that nobody waits for somebody who waits for them:
--   1. the turn of a user: the row of private.send_windows, see take_turn
--   2. rows of participants, messages and organization members
--   3. conversations, by ascending id
--   4. read states
--   5. profiles, by foreign keys
-- A row is locked before its BEFORE ROW triggers run. So conversations are locked by AFTER STATEMENT triggers, which
-- know all that a statement has changed; an INSERT, which locks no row, locks its conversation in a BEFORE ROW trigger.
--
-- A transaction remembers the last conversation that it has locked. One before it (rows of several conversations in one
-- INSERT, in another order) it takes as long as nobody else has it; it does not wait, but is refused.
create or replace function private.lock_conversation(p_conversation_id uuid)
returns void
language plpgsql
set search_path = ''
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
set search_path = ''
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
-- Mark a conversation read up to a message, or to its end; never back. Returns what is still unread.
--   p_seq  bigint  the last message that was seen; null = all
create or replace function public.mark_conversation_read(p_conversation_id uuid, p_seq bigint default null)
returns integer
language plpgsql
set search_path = ''
as $$
declare
  caller uuid := private.current_user_id();
  seen_at timestamptz := 'infinity'; -- as far as there is anything: reading_moment
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
-- Whether somebody may add a person to a conversation: the creator who takes part, to a group; or who created it, as
-- long as it has nobody. What the policy of conversation_participants asks, for triggers that ask before and after
-- they wait for a lock.
create or replace function private.may_add(p_caller uuid, p_conversation_id uuid, p_user_id uuid)
returns boolean
language sql stable
set search_path = ''
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
-- Refuse what is no message, as the constraints of messages do, and before anything is locked for it. Of a new message
-- more is asked than of one that is there, which may be older than this rule: see attachments_fit.
create or replace function private.refuse_message(p_content text, p_attachments jsonb, p_reactions jsonb default '[]')
returns void
language plpgsql
set search_path = ''
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
-- The reactions after a participant's write: its own entries as written, everybody else's as they are.
-- A client writes the whole array it read a moment ago; what others changed meanwhile must not be undone. An entry of
-- somebody else that is not there is ignored: whether it was withdrawn meanwhile or never there, the array does not say.
-- A message has room for 1,000 entries, 20 for each of 50 participants; messages_make_room makes it.
create or replace function private.merge_reactions(p_old jsonb, p_new jsonb, p_user_id uuid)
returns jsonb
language plpgsql immutable
set search_path = ''
as $$
declare
  had integer;
  has integer;
begin
  if jsonb_typeof(p_new) <> 'array' then
    return p_new; -- the check constraint refuses it
  elsif jsonb_array_length(p_new) > 1020 then -- more than all that there can be, and all of one's own
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
        -- What is nobody's stays in, for the check constraint to refuse.
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
-- How many messages a conversation has after a moment, deleted ones among them.
create or replace function private.messages_after(p_conversation_id uuid, p_moment timestamptz)
returns bigint
language sql stable
set search_path = ''
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
-- Where reading up to a moment leaves a participant: the seq read to, and how many messages are seen.
-- The caller holds the lock of the conversation, so that no message arrives in between.
create or replace function private.read_position(
  p_conversation_id uuid, p_user_id uuid, p_read_at timestamptz, out last_read_seq bigint, out seen_count bigint
)
language plpgsql stable
set search_path = ''
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
-- What is kept of the moment up to which somebody says to have read: not beyond the conversation's own time, which is
-- that of its last change and ahead of the clock after the clock was set back. Then "now" means all there is, as it does
-- otherwise: what a client says of the time is as right as its clock, by about a minute. Nothing, if its clock is so wrong
-- that it says a time before there was chat, which the constraint on last_read_at does not take.
create or replace function private.reading_moment(p_conversation_id uuid, p_read_at timestamptz)
returns timestamptz
language plpgsql
set search_path = ''
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
-- Refuse whoever does not take part in all of these conversations at this moment: for triggers, after they have waited.
create or replace function private.refuse_outsider(p_table text, p_conversation_ids uuid[])
returns void
language plpgsql
set search_path = ''
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
-- Refuse to add somebody to a group that they have left by their own will not long ago: not by its creator, that is. The
-- plan's clients have no place to accept an invitation, so that time has to do.
create or replace function private.refuse_return(p_conversation_id uuid, p_user_id uuid)
returns void
language plpgsql
set search_path = ''
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

-- objects/functions/send_message.sql
-- Send a message as the caller, who has thereby read what came before; returns the message as stored.
create or replace function public.send_message(
  p_conversation_id uuid, p_content text default null, p_attachments jsonb default null
)
returns public.messages
language plpgsql
set search_path = ''
as $$
declare
  caller uuid := private.current_user_id();
  spent record;
  sent public.messages;
begin
  -- What the insert would refuse is refused before reading locks the conversation.
  perform private.refuse_message(p_content, p_attachments);
  if caller is not null then
    select l."limit", l.reset_at into spent from public.check_message_rate_limit() as l where not l.allowed;
    if found then
      perform private.refuse_limited('message', spent."limit", 0, spent.reset_at);
    end if;
  end if;
  -- Reading first: locks go participant, then conversation (lock_conversations.sql).
  update public.conversation_participants cp
  set last_read_at = 'infinity' -- as far as there is anything: reading_moment
  where cp.conversation_id = p_conversation_id and cp.user_id = caller;
  if not found then
    perform private.refuse('PT403', 'NOT_PARTICIPANT', 'You''re not part of this conversation');
  end if;
  insert into public.messages (organization_id, conversation_id, sender_id, content, attachments)
  select c.organization_id, c.id, caller, p_content, p_attachments
  from public.conversations c
  where c.id = p_conversation_id
  returning * into sent;
  if not found then -- suspended, or out of the organization, while it waited
    perform private.refuse('PT403', 'NOT_PARTICIPANT', 'You''re not part of this conversation');
  end if;
  return sent;
end
$$;

revoke execute on function public.send_message(uuid, text, jsonb) from public, anon;
grant execute on function public.send_message(uuid, text, jsonb) to authenticated, service_role;
reset all; set check_function_bodies = off;

-- objects/functions/set_limit.sql
-- Change a limit; the log says who did and why.
create or replace function private.set_limit(
  p_action text, p_allowed bigint, p_per interval, p_actor text, p_reason text
)
returns void
language plpgsql
set search_path = ''
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
-- The direct conversation of the caller and p_recipient_id in an organization (default: the caller's first):
-- the one there is, or a new one. Two who start it at once get the same.
create or replace function public.start_direct_conversation(
  p_recipient_id uuid, p_organization_id uuid default null
)
returns uuid
language plpgsql
set search_path = ''
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
  exception when sqlstate 'PT409' then -- the other one was faster
    get stacked diagnostics details = pg_exception_detail;
    return (details::jsonb ->> 'conversation_id')::uuid;
  end;
end
$$;

revoke execute on function public.start_direct_conversation(uuid, uuid) from public, anon;
grant execute on function public.start_direct_conversation(uuid, uuid) to authenticated, service_role;
reset all; set check_function_bodies = off;

-- objects/functions/take_pair.sql
-- Wait until nobody else is starting a direct conversation of these two people, until the end of the transaction. One that
-- has started another before does not wait: three who each start two, in a ring, would wait for each other.
create or replace function private.take_pair(p_organization_id uuid, p_user_a uuid, p_user_b uuid)
returns void
language plpgsql
set search_path = ''
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
-- Add the caller's reaction to a message, or take it back; returns the reactions after that.
create or replace function public.toggle_reaction(p_message_id uuid, p_emoji text)
returns jsonb
language plpgsql
set search_path = ''
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
-- Before somebody is added to a conversation: wait until whatever happens to a row that they have in it is done. They
-- may be leaving, or marking it read, and hold that row while they wait for the conversation; and the unique index
-- would wait for them. With a conversation locked already that would be a deadlock, and the INSERT is refused.
create or replace function private.wait_for_participant(p_conversation_id uuid, p_user_id uuid)
returns void
language plpgsql
set search_path = ''
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
-- The people who share an organization with the caller; for the policies, like my_participations.
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
-- The files of deleted messages in the caller's conversations; for the Storage policies.
create or replace view private.my_hidden_attachments
with (security_barrier = true) as
select d.conversation_id, lower(d.attachment_id) as attachment_id, d.sender_id
from private.deleted_attachments d
join private.my_participations p on p.conversation_id = d.conversation_id;

revoke all on private.my_hidden_attachments from public, anon, authenticated;
grant select on private.my_hidden_attachments to authenticated;
reset all; set check_function_bodies = off;

-- objects/views/my_listings.sql
-- The conversations that list the caller, each with every organization that the caller is a member of: for rows that know
-- the organization of their conversation, as messages do by their foreign key. Compared by both, they are those of
-- my_participations. Looking up the conversation is left out, since it would take longer than the rest of the policy.
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
-- The organizations that the caller is a member of; for the policies, like my_participations.
create or replace view private.my_organizations
with (security_barrier = true) as
select om.organization_id
from public.organization_members om
where om.user_id = (select private.current_user_id());

revoke all on private.my_organizations from public, anon, authenticated;
grant select on private.my_organizations to authenticated;
reset all; set check_function_bodies = off;

-- objects/triggers/conversations_checked.sql
-- What a conversation must be: a group has a name and at most 50 people, a direct conversation no name and at most two.
-- Not check constraints, which PostgreSQL parses anew in every statement that changes a conversation: sending a message,
-- which changes none of this, would take a twentieth longer. The errors look like those of constraints. As with the other
-- triggers, what is loaded without triggers is not checked.
create or replace function private.conversations_checked()
returns trigger
language plpgsql
set search_path = ''
as $$
declare
  broken text := case
    when new.participant_count not between 0 and case when new.is_group then 50 else 2 end
      then 'conversations_participant_count'
    when new.is_group and coalesce(char_length(btrim(new.name)), 0) > 0 and char_length(new.name) <= 255 then null
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
-- What a client may do to conversations: start so many, and change one at a time. As the policies do, it asks who is a
-- member and who takes part; but after the statement has waited.
create or replace function private.conversations_limited()
returns trigger
language plpgsql security definer
set search_path = ''
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
    perform private.count_against_limit(writer, 'conversation');
  else
    perform private.allow_one_row('Change one conversation at a time');
    perform private.lock_conversation(new.id); -- which it is already; but later statements have to know
    perform private.refuse_outsider('conversations', array[new.id]);
    -- The plan's client touches updated_at after each message.
    perform private.count_against_limit(writer, case when new.name is distinct from old.name then 'rename' else 'touch' end);
  end if;
  return new;
end
$$;

create or replace function private.conversations_changed()
returns trigger
language plpgsql security definer
set search_path = ''
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
-- A limit can be changed, which is logged however it is done; it cannot be removed.
create or replace function private.limits_changed()
returns trigger
language plpgsql
set search_path = ''
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
set search_path = ''
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
-- Before somebody comes back to an organization in whose conversations they are still listed: these are locked, as
-- members_changed will, but before the foreign key locks the profile. It would be a deadlock with the deletion of that
-- user, and whoever waits for one of the conversations would be caught in it.
create or replace function private.members_before_insert()
returns trigger
language plpgsql security definer
set search_path = ''
as $$
begin
  perform private.lock_conversations(array(
    select c.id
    from public.conversation_participants p
    join public.conversations c on c.id = p.conversation_id
    where p.user_id = new.user_id and c.organization_id = new.organization_id and c.is_group
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
-- After people are removed from an organization, or come back to it while they are still listed in its groups: a group
-- whose creator is no member any more is managed by another participant, one that nobody managed by whoever came back.
create or replace function private.members_changed()
returns trigger
language plpgsql security definer
set search_path = ''
as $$
declare
  groups uuid[] := array(
    select c.id
    from changed m
    join public.conversation_participants p on p.user_id = m.user_id
    join public.conversations c on c.id = p.conversation_id and c.organization_id = m.organization_id
    where c.is_group
  );
begin
  -- All of them, also those whose creator stays: somebody else may be appointing one of these people at this moment.
  perform private.lock_conversations(groups);
  update public.conversations c
  set created_by = private.creator_of(c.id)
  where c.id = any (groups) and c.created_by is distinct from private.creator_of(c.id);
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

-- objects/triggers/messages_before_insert.sql
-- Accept a message: the sender's limit, then seq and time, under the lock of the conversation.
-- Locks go sender's turn, conversation, read state. Who may not send there is refused before the conversation is locked,
-- and again under its lock, for which the message may have waited: it is judged by what is true when it is accepted.
-- A statement takes as long to begin as it does to run. So most messages of clients have three, and each does several
-- things: the first takes the turn and counts, the second locks the conversation and gives the seq, the third asks again
-- who may send. The others go through count_message.
create or replace function private.messages_before_insert()
returns trigger
language plpgsql security definer
set search_path = ''
-- One plan for each statement, which PostgreSQL otherwise plans anew each time.
set plan_cache_mode = force_generic_plan
as $$
declare
  -- Asked of the roles that may be: of clients that takes longer than the answer.
  trusted boolean := current_setting('role', true) is distinct from 'authenticated' and private.is_trusted();
  live integer := (new.deleted_at is null)::integer;
  moment timestamptz := clock_timestamp();
  -- Counted as accepted 20 ms from now, so that it need not be written again unless the message waits longer.
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
      -- merge_reactions ignores reactions of others, which a client has read with the message; a new one has none.
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
  -- Nothing is wrong with a short text: then there is no need to call what looks closer.
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
  -- Clients give no ids. Without the lock another session could be inserting this message at the same time; and an ON
  -- CONFLICT DO NOTHING would leave a gap in seq.
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
  where c.id = new.conversation_id and c.organization_id = new.organization_id
  returning c.last_seq, c.updated_at into new.seq, new.created_at;
  if not found and not trusted then
    perform private.refuse_row('messages');
  elsif not found then
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
-- What may change in a message, by whom; and a deleted one keeps nothing that anybody could read.
create or replace function private.messages_before_update()
returns trigger
language plpgsql security definer
set search_path = ''
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
  if new.sender_id is null and old.sender_id is not null then
    return new; -- the sender is erased
  end if;

  if not trusted then
    if old.sender_id is distinct from caller then
      perform private.allow_one_row('React to one message at a time');
    end if;
    perform private.hold_briefly();
    if old.deleted_at is not null then
      perform private.count_against_limit(caller, 'delete'); -- it has locked the row
      return null; -- a tombstone: nothing to change, and deleting it twice is no error
    end if;
    -- Asked again, since this may have waited for the row.
    if not exists (select from private.my_participations p where p.conversation_id = old.conversation_id) then
      perform private.refuse_row('messages');
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
  new.updated_at := greatest(clock_timestamp(), old.updated_at + interval '1 microsecond');
  if new.deleted_at is not null and not trusted then
    new.deleted_at := new.updated_at;
  end if;

  if old.deleted_at is null and new.deleted_at is not null then
    insert into private.deleted_messages
      (message_id, conversation_id, sender_id, content, attachments, reactions, deleted_at, deleted_by)
    values
      (old.id, old.conversation_id, old.sender_id, old.content, old.attachments, old.reactions,
       new.deleted_at, caller);
    if old.attachments is not null then
      perform private.hide_files(old);
    end if;
    new.content := null;
    new.attachments := null;
    new.reactions := '[]';
  elsif old.deleted_at is not null and new.deleted_at is null then
    delete from private.deleted_messages d where d.message_id = old.id returning * into kept;
    if not found then
      perform private.refuse('PT404', 'NOT_FOUND', 'Nothing is kept of this message');
    end if;
    new.content := kept.content;
    new.attachments := kept.attachments;
    new.reactions := kept.reactions;
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
-- A message has room for the reactions of those who take part in the conversation. Those of people who have left stay
-- as long as there is room for them as well; the oldest of them go first. Comes after messages_before_update, by its name.
create or replace function private.messages_make_room()
returns trigger
language plpgsql security definer
set search_path = ''
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

-- objects/triggers/messages_recounted.sql
-- After messages are deleted, restored or purged: each conversation's count and last message, and what its participants
-- have seen. The conversations are locked first and read by statements of their own, which therefore see what was
-- committed while they waited.
create or replace function private.messages_recounted()
returns trigger
language plpgsql security definer
set search_path = ''
as $$
declare
  conversations uuid[];
  seqs bigint[];
  senders uuid[];
  changes integer[];
begin
  perform private.restore_lock_timeout();
  if tg_op = 'UPDATE' then
    select
      array_agg(b.conversation_id), array_agg(b.seq), array_agg(b.sender_id),
      array_agg(case when b.deleted_at is null then -1 else 1 end)
    into conversations, seqs, senders, changes
    from before b join after a on a.id = b.id
    where (b.deleted_at is null) <> (a.deleted_at is null);
  else
    select array_agg(b.conversation_id), array_agg(b.seq), array_agg(b.sender_id), array_agg(-1)
    into conversations, seqs, senders, changes
    from before b
    where b.deleted_at is null;
  end if;
  if conversations is null then
    return null;
  end if;

  perform private.lock_conversations(conversations);
  if tg_op = 'UPDATE' and private.api_writer('messages') is not null then
    perform private.refuse_outsider('messages', conversations);
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
-- What was logged stays as it was logged.
create or replace function private.moderation_log_is_append_only()
returns trigger
language plpgsql
set search_path = ''
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
-- Before somebody leaves a group, or is removed from it by its creator: one at a time, so that whoever waits for the row of
-- a participant holds no other. Not where a project lets its users delete conversations, or themselves, which cascades.
create or replace function private.participants_before_delete()
returns trigger
language plpgsql security definer
set search_path = ''
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
-- Before somebody joins: the conversation is locked, by those alone who may add them; and nobody is said to have read
-- anything but by themselves, or anything that is yet to come. A statement of the API adds to one conversation, so that it
-- waits for none with another one locked; participants_joined ends the statement.
create or replace function private.participants_before_insert()
returns trigger
language plpgsql security definer
set search_path = ''
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
  -- Once more, for what others did while this waited.
  perform private.wait_for_participant(new.conversation_id, new.user_id);
  if not trusted then
    if not private.may_add(private.current_user_id(), new.conversation_id, new.user_id) then
      perform private.refuse_row('conversation_participants');
    end if;
    perform private.refuse_return(new.conversation_id, new.user_id);
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
-- Before somebody marks a conversation: nothing is read that is yet to come. Their row is held briefly, since the creator may
-- be removing them.
create or replace function private.participants_before_mark()
returns trigger
language plpgsql security definer
set search_path = ''
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
-- After people join: the rules that span rows (who, how many, one direct conversation per pair), the count,
-- who manages the group, and where each begins to read. After, not before, so that row-level security has refused
-- strangers first; participants_before_insert has locked the conversations.
create or replace function private.participants_joined()
returns trigger
language plpgsql security definer
set search_path = ''
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
      if conversation.is_group and arrival.size < 3 then
        perform private.refuse('PT400', 'VALIDATION_ERROR', 'Groups need at least 3 participants',
          jsonb_build_object('minimum', 3, 'participants', arrival.size));
      end if;
      if not conversation.is_group then
        if arrival.size <> 2 then
          perform private.refuse('PT400', 'VALIDATION_ERROR', 'A direct conversation has exactly 2 participants',
            jsonb_build_object('participants', arrival.size));
        end if;
        perform private.take_pair(conversation.organization_id, arrival.users[1], arrival.users[2]);
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
-- After people leave: the count, who manages the group from now on, and their read states; and that somebody has left by
-- their own will. The creator of an emptied conversation is nobody, so that nobody is in the place of somebody who has
-- just made one and may read it.
create or replace function private.participants_left()
returns trigger
language plpgsql security definer
set search_path = ''
as $$
declare
  writer uuid;
begin
  if private.restore_lock_timeout() then -- else they go with their conversation, or user
    writer := private.api_writer('conversation_participants');
  end if;
  if writer is not null then
    perform private.count_against_limit(writer, 'remove');
  end if;
  perform private.lock_conversations(array(select d.conversation_id from departed d));
  if writer is not null then
    -- What the policies ask, once more: who leaves is a member, and who removes others manages the group.
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
-- After participants have changed their marks: that counts, each conversation once, and once more for each thousand
-- messages that it leaves unread, which others wait for; and of those that they have read, how far, and how many messages
-- that leaves unread.
create or replace function private.participants_read()
returns trigger
language plpgsql security definer
set search_path = ''
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
    -- What has to be counted under the lock is looked up before it.
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
-- What a client may do to profiles: change its own, so often.
create or replace function private.profiles_limited()
returns trigger
language plpgsql security definer
set search_path = ''
as $$
declare
  writer uuid := private.api_writer('user_profiles');
begin
  if writer is not null then
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
-- updated_at is the server's, and never goes back: a message takes its time from here, so that within a
-- conversation created_at rises with seq even when the clock does not.
create or replace function private.set_updated_at()
returns trigger
language plpgsql
set search_path = ''
as $$
begin
  new.updated_at := greatest(clock_timestamp(), old.updated_at + interval '1 microsecond');
  return new;
end
$$;

revoke execute on function private.set_updated_at() from public;

create or replace trigger set_conversations_updated_at
before update on public.conversations
for each row execute function private.set_updated_at();

create or replace trigger set_user_profiles_updated_at
before update on public.user_profiles
for each row execute function private.set_updated_at();
reset all; set check_function_bodies = off;

-- objects/triggers/sync_profile.sql
-- A profile appears with its auth user and follows its email.
create or replace function private.sync_profile()
returns trigger
language plpgsql security definer
set search_path = ''
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
-- What one person may upload: so many files and bytes in an hour. Storage asks the policies by an insert of its user that
-- it rolls back, receives the file, and then inserts its row as service_role, in the name of the owner: that one is
-- counted here, and refused if others were faster. Whatever else service_role uploads has no owner.
create or replace function private.uploads_limited()
returns trigger
language plpgsql security definer
set search_path = ''
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
    select from private.my_participations p where p.conversation_id::text = (storage.foldername(new.name))[3]
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
-- Before a user is deleted, by Auth or by an operator: what goes or changes with them is locked in the order that
-- lock_conversations.sql gives. The cascade of the foreign keys would lock the profile first, and the rest after it.
create or replace function private.users_before_delete()
returns trigger
language plpgsql security definer
set search_path = ''
as $$
begin
  perform private.take_turn(old.id);
  perform from public.conversation_participants p where p.user_id = old.id order by p.conversation_id for update;
  -- Erased here and not by the foreign key, which would do it with the conversations locked: of many messages that takes
  -- seconds. One by one in the order of their ids, so that two of these do not wait for each other.
  perform from public.messages m where m.sender_id = old.id order by m.id for no key update;
  update public.messages m set sender_id = null where m.sender_id = old.id;
  perform from public.organization_members o where o.user_id = old.id order by o.organization_id for update;
  perform private.lock_conversations(private.conversations_of(old.id));
  -- From here on nobody adds them anywhere; but somebody may have, while this waited. With the profile locked no
  -- conversation is waited for: lock_conversation refuses as it does for one before the last.
  perform from public.user_profiles u where u.id = old.id for update;
  perform set_config('chat.last_locked', 'ffffffff-ffff-ffff-ffff-ffffffffffff', true);
  perform private.lock_conversations(private.conversations_of(old.id));
  return old;
end
$$;

create or replace function private.conversations_of(p_user_id uuid)
returns uuid[]
language sql stable
set search_path = ''
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

-- objects/triggers/writes_in_turn.sql
-- Before a statement of the API writes: it is its user's turn. So of one user's statements, from whatever devices, one
-- writes at a time, and two of them cannot wait for each other. Who has been suspended meanwhile is refused.
--   the action that the statement is, if only one: with nothing left of it, it is refused before it waits
create or replace function private.writes_in_turn()
returns trigger
language plpgsql security definer
set search_path = ''
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

-- Of the columns that clients write; the database's own changes of others belong to the statement that caused them.
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

-- An insert takes the turn of its sender, see messages_before_insert.
create or replace trigger messages_update_in_turn
before update of content, reactions, deleted_at on public.messages
for each statement execute function private.writes_in_turn();

create or replace trigger profiles_update_in_turn
before update on public.user_profiles
for each statement execute function private.writes_in_turn('profile');
reset all; set check_function_bodies = off;

-- objects/access/chat_hooks.sql
-- The schema of what PostgREST calls in whatever role a request has: anon enters it, since it would be refused everything
-- otherwise; so would a role of the project's own. PostgREST calls chat_hooks.before_request where this role may set that,
-- and where no other function is called already, which would not be any more; see docs/backend.md.
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
    raise notice 'writes of the API are not limited to 0.9 s: PostgREST calls % before each request, which may call chat_hooks.before_request()', other;
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
  raise notice 'PostgREST calls chat_hooks.before_request before each request now, and none that its file or environment may name';
exception when insufficient_privilege then
  raise notice 'writes of the API are not limited to 0.9 s: this role may not alter authenticator';
end
$$;
reset all; set check_function_bodies = off;

-- objects/access/conversation_participants.sql
-- Participants: read by participants of the same conversation; added by the creator from the organization; one's
-- own marks are one's own; from a group one leaves, or the creator removes. What a client sees of the
-- conversation here, it sees through the policies of conversations: its participants, or its creator at first.
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
-- Conversations: read by participants, and by the creator until there are any; started by members, named by the
-- creator. updated_at is accepted, as the plan's clients send it, and overwritten.
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

-- objects/access/messages.sql
-- Messages: read by participants, tombstones too; sent by participants as themselves. An update is a
-- participant's; which columns of whose message, messages_before_update decides.
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
  -- Which clients may not write: messages_before_insert has, having seen that the sender takes part and is not suspended.
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
-- The schema that the API does not expose. Its functions and views are used by policies and by functions that
-- run as the caller, who therefore may enter it; its tables are nobody's but the owner's.
revoke all on schema private from public, anon;
grant usage on schema private to authenticated, service_role;
reset all; set check_function_bodies = off;

-- objects/access/user_profiles.sql
-- Profiles: read by oneself and by people of a shared organization; name and avatar are one's own to change.
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
-- Files: a private bucket whose limits Storage enforces; a participant reads and adds
-- {organization}/chat/{conversation}/{uuid}_{name}, nobody changes or deletes. Compared as text: a name is what
-- anybody made it, and a cast that fails on one would break the listing for all.
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
  -- The files of a deleted message go with it: those that its sender uploaded, or nobody in particular.
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
    select from private.my_participations p
    where p.organization_id::text = (storage.foldername(name))[1]
      and p.conversation_id::text = (storage.foldername(name))[3]
  )
  and (storage.foldername(name))[2] = 'chat'
  and cardinality(storage.foldername(name)) = 3
  -- No control characters, line separators among them, and nothing that climbs.
  and storage.filename(name)
    ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}_[^\u0001-\u001f\u007f-\u009f\u2028\u2029]{1,200}$'
  and name not like '%..%'
);
reset all; set check_function_bodies = off;

-- objects/realtime/publication.sql
-- What Realtime sends: new and changed messages, changed conversations, new participants. A deletion is sent
-- to every subscriber whatever the policies say, so that only the opaque key of a row may be in it: the
-- replica identity stays the primary key.
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

-- What the Supabase CLI has stated, in chatctl's words: then chatctl has nothing to state. Runs after objects
-- are stated and before `drop_obsolete`.
insert into supabase_migrations.chatctl_objects (path, sha256, drops, chatctl_version)
select w.path, w.sha256, w.drops, 'export'
from supabase_migrations.chatctl_wanted w
on conflict (path) do update set
  sha256 = excluded.sha256,
  drops = excluded.drops,
  applied_at = now(),
  applied_by = session_user,
  chatctl_version = excluded.chatctl_version,
  actor = null,
  git_revision = null;

-- After objects are stated: drop what no file makes any more, dependents first, and forget the files that are gone.
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

  -- A name and a signature have many spellings. What a file makes in another one is not obsolete: COMMENT finds
  -- what DROP would find, and tells which object that is; none of the comments stays.
  for candidate in
    with drops as (
      select d.statement, true as wanted
      from supabase_migrations.chatctl_wanted w
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
        null; -- it is not there, or not ours to comment
    end;
  end loop;

  while cardinality(waiting) > 0 loop
    still_waiting := '{}';
    foreach obsolete in array waiting loop
      begin
        execute obsolete;
      exception
        when undefined_table or undefined_function or undefined_object or invalid_schema_name or wrong_object_type then
          null; -- gone already, with its table for example; or its name is that of something else
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
  where not exists (select from supabase_migrations.chatctl_wanted w where w.path = o.path);
  drop table supabase_migrations.chatctl_wanted, supabase_migrations.chatctl_obsolete;
end
$$;

reset all;
