-- The small fixture of audit-rls: every identity of access.yaml, with every kind of row.
-- The operator creates it after prepare.sql, which defines id(); it is rolled back with the transaction. To run it in
-- psql: begin; \i prepare.sql  \i fixture.sql  …  rollback;
--
-- All times in it are far from now, in the past or in the future, so that no result depends on the audit's duration.

insert into auth.users (instance_id, id, aud, role, email, raw_user_meta_data, is_anonymous)
select
  '00000000-0000-0000-0000-000000000000', id(who), 'authenticated', 'authenticated',
  who || '@audit.invalid', jsonb_build_object('full_name', who), who = 'anonymous'
from unnest(array[
  'nobody', 'outsider', 'southerner', 'colleague', 'participant', 'sender', 'creator', 'both', 'left', 'removed',
  'suspended', 'paused', 'forger', 'anonymous', 'unprofiled', 'busy', 'reporter', 'muted'
]) as u (who);
-- Users can set this metadata themselves; it is also in their tokens.
update auth.users set raw_user_meta_data = raw_user_meta_data || jsonb_build_object(
  'sub', id('sender'), 'organization_id', id('north'), 'organizations', array[id('north')], 'role', 'owner', 'is_admin', true
)
where id = id('forger');
delete from public.user_profiles where id = id('unprofiled');

insert into public.organizations (id, name, slug, created_at)
select id(slug), initcap(slug), 'audit-' || slug, '2020-01-01'
from unnest(array['north', 'south', 'vacant']) as o (slug);

insert into public.organization_members (organization_id, user_id, role, joined_at)
select id(organization), id(who), role, timestamptz '2020-01-01' + position * interval '1 day'
from (values
  (1, 'north', 'creator', 'owner'), (2, 'north', 'sender', 'member'), (3, 'north', 'participant', 'member'),
  (4, 'north', 'colleague', 'admin'), (5, 'north', 'both', 'member'), (6, 'north', 'left', 'member'),
  (7, 'north', 'removed', 'member'), (8, 'north', 'suspended', 'admin'),
  (9, 'south', 'outsider', 'owner'), (10, 'south', 'southerner', 'member'), (11, 'south', 'both', 'member'),
  (12, 'south', 'forger', 'member'), (13, 'north', 'paused', 'member'), (14, 'south', 'removed', 'member'),
  (15, 'north', 'busy', 'member'), (16, 'north', 'muted', 'member'), (17, 'north', 'reporter', 'member')
) as m (position, organization, who, role);

-- Conversations with their participants; the last four have none yet.
insert into public.conversations (id, organization_id, name, is_group, created_by, created_at)
select id(name), id(organization), case when is_group then name end, is_group, id(creator), '2020-02-01'
from (values
  ('group', 'north', true, 'creator'), ('busy group', 'north', true, 'busy'), ('locked group', 'north', true, 'muted'), ('direct', 'north', false, 'creator'), ('deserted', 'north', true, 'left'),
  ('southern', 'south', true, 'outsider'), ('southern direct', 'south', false, 'both'),
  ('new', 'north', true, 'creator'), ('new direct', 'north', false, 'sender'),
  ('new of removed', 'north', true, 'removed'), ('new of suspended', 'north', true, 'suspended')
) as c (name, organization, is_group, creator);

insert into public.conversation_participants (id, conversation_id, user_id, joined_at)
select id(who || ' in ' || conversation), id(conversation), id(who), '2020-02-01'
from (values
  ('group', array['creator', 'sender', 'participant', 'both', 'left', 'removed', 'suspended', 'paused', 'muted', 'reporter']),
  ('locked group', array['muted', 'sender', 'participant']),
  ('busy group', array['busy', 'sender', 'participant']),
  ('direct', array['creator', 'participant']),
  ('deserted', array['sender', 'participant', 'left']),
  ('southern', array['outsider', 'southerner', 'both']),
  ('southern direct', array['both', 'southerner'])
) as p (conversation, people), unnest(people) as u (who);

insert into public.messages (id, organization_id, conversation_id, sender_id, content, attachments, reactions)
select id(m.name), c.organization_id, c.id, id(m.sender), m.name, m.attachments::jsonb, coalesce(m.reactions, '[]')
from (values
  (1, 'hello', 'group', 'sender', format(
    '[{"id": "%s", "name": "a.png", "type": "image/png", "size": 1, "url": "x"}]', id('file')),
    jsonb_build_array(
      jsonb_build_object('userId', id('participant'), 'emoji', 'ok'), jsonb_build_object('userId', id('creator'), 'emoji', 'ok')
    )),
  (2, 'answer', 'group', 'participant', null, null),
  (3, 'deleted', 'group', 'sender', format(
    '[{"id": "%s", "name": "gone.png", "type": "image/png", "size": 1, "url": "x"}]', id('gone file')), null),
  (4, 'erased', 'group', 'left', null, null),
  (5, 'of suspended', 'group', 'suspended', null, null),
  (6, 'of both', 'group', 'both', null, null),
  (7, 'of muted', 'group', 'muted', null, null),
  -- The last one of the group that is not deleted.
  (8, 'of removed', 'group', 'removed', null, null),
  (9, 'private word', 'direct', 'creator', null, null),
  (10, 'left behind', 'deserted', 'left', null, null),
  (11, 'from the south', 'southern', 'outsider', null, null),
  (12, 'taken back', 'deserted', 'sender', format(
    '[{"id": "%s", "name": "a.png", "type": "image/png", "size": 1, "url": "x"}, {"id": "%s", "name": "b.png", "type": "image/png", "size": 1, "url": "x"}]',
    id('unowned file'), id('file of another')), null),
  (13, 'erased and deleted', 'group', 'left', format(
    '[{"id": "%s", "name": "e.png", "type": "image/png", "size": 1, "url": "x"}]', upper(id('file of erased')::text)), null),
  (14, 'of busy', 'busy group', 'busy', null, null),
  (15, 'to busy', 'busy group', 'sender', null, null),
  (16, 'before the lock', 'locked group', 'sender', null, null)
) as m (position, name, conversation, sender, attachments, reactions)
join public.conversations c on c.id = id(m.conversation)
order by m.position;
update public.messages set sender_id = null where id in (id('erased'), id('erased and deleted'));

insert into storage.buckets (id, name, public, created_at, updated_at)
select bucket, bucket, false, '2020-01-01', '2020-01-01' from unnest(array['audit-other', 'audit-empty']) as b (bucket);
insert into storage.objects (id, bucket_id, name, owner_id, created_at, updated_at, last_accessed_at)
select id(file), bucket, path, case when owner is not null then id(owner)::text end, '2020-02-01', '2020-02-01', '2020-02-01'
from (values
  ('file', 'attachments', format('%s/chat/%s/%s_a.png', id('north'), id('group'), id('file')), 'sender'),
  ('gone file', 'attachments', format('%s/chat/%s/%s_gone.png', id('north'), id('group'), id('gone file')), 'sender'),
  ('direct file', 'attachments', format('%s/chat/%s/%s_b.png', id('north'), id('direct'), id('direct file')), 'creator'),
  ('file of erased', 'attachments', format('%s/chat/%s/%s_e.png', id('north'), id('group'), id('file of erased')), 'erased'),
  ('southern file', 'attachments', format('%s/chat/%s/%s_c.png', id('south'), id('southern'), id('southern file')), 'outsider'),
  ('unowned file', 'attachments', format('%s/chat/%s/%s_a.png', id('north'), id('deserted'), id('unowned file')), null),
  ('file of another', 'attachments', format('%s/chat/%s/%s_b.png', id('north'), id('deserted'), id('file of another')), 'participant'),
  ('wrong organization', 'attachments', format('%s/chat/%s/%s_d.png', id('south'), id('group'), id('file')), 'sender'),
  ('wrong folder', 'attachments', format('%s/other/%s/%s_e.png', id('north'), id('group'), id('file')), 'sender'),
  ('too deep', 'attachments', format('%s/chat/%s/x/%s_f.png', id('north'), id('group'), id('file')), 'sender'),
  ('other bucket', 'audit-other', format('%s/chat/%s/%s_g.png', id('north'), id('group'), id('file')), 'sender'),
  ('no uuid', 'attachments', 'not-a-uuid/chat/also-none/x.png', 'sender'),
  ('bare name', 'attachments', 'x.png', 'sender'),
  ('climbing', 'attachments', format('../%s/chat/%s/%s_h.png', id('north'), id('group'), id('file')), 'sender')
) as o (file, bucket, path, owner);
-- After the files, because they are the only reference to an erased sender.
update public.messages set deleted_at = '2020-03-01', content = null, attachments = null
where id in (id('deleted'), id('taken back'), id('erased and deleted'));

-- Reports, also of a message that is no longer there, and by people who have left or lost access since.
insert into public.message_reports (id, message_id, reporter_id, kind, comment, created_at)
select id('report by ' || reporter), id(message), id(reporter), kind, comment, '2020-03-01'
from (values
  ('reporter', 'hello', 'harassment', 'rude'), ('sender', 'answer', 'spam', null), ('creator', 'deleted', 'other', null),
  ('left', 'of both', 'hate', 'a note'), ('suspended', 'hello', 'spam', null), ('outsider', 'from the south', 'illegal', null)
) as r (reporter, message, kind, comment);
insert into private.report_reviews (report_id, claimed_by, claimed_at, verdict, resolved_by, resolved_at)
values
  (id('report by sender'), 'ops', '2020-03-02', null, null, null),
  (id('report by creator'), 'ops', '2020-03-02', 'upheld', 'ops', '2020-03-02');
update public.message_reports set status = 'claimed' where id = id('report by sender');
update public.message_reports set status = 'resolved' where id = id('report by creator');

-- One user left, also a group that they created, one was removed from the organization, some are suspended.
delete from public.conversation_participants
where id in (id('left in group'), id('left in deserted'));
delete from public.organization_members where (organization_id, user_id) = (id('north'), id('removed'));
insert into private.suspensions (user_id, reason, suspended_at, suspended_until)
values (id('suspended'), 'audit', '2020-03-01', null), (id('paused'), 'audit', '2020-03-01', now() + interval '10 years'),
  (id('creator'), 'audit', '2020-03-01', '2020-03-02');
update private.suspensions set visible_reason = 'audit' where user_id = id('suspended');
-- One is muted everywhere, one in an organization, one in a conversation; of two the mutes have ended. One group is locked.
insert into private.mutes (id, user_id, organization_id, conversation_id, reason, visible_reason, muted_at, muted_until)
values
  (id('mute'), id('muted'), null, null, 'audit', 'audit', '2020-03-01', null),
  (id('southern mute'), id('both'), id('south'), null, 'audit', null, '2020-03-01', now() + interval '10 years'),
  (id('mute in a group'), id('sender'), null, id('busy group'), 'audit', null, '2020-03-01', null),
  (id('ended mute'), id('creator'), null, null, 'audit', null, '2020-03-01', '2020-03-02'),
  (id('ended mute in a group'), id('participant'), null, id('group'), 'audit', null, '2020-03-01', '2020-03-02');
update public.conversations set locked_at = '2020-03-01', lock_reason = 'audit' where id = id('locked group');

-- Triggers have set these columns to the current time. Only replication can change them, so the operator sets
-- session_replication_role; if that is not allowed, the columns keep their values, and the audit reports them.
do $$
begin
  set local session_replication_role = replica;
  update public.user_profiles
  set created_at = '2020-01-01', updated_at = '2020-01-01'
  where id in (select n.id from chatctl_audit.names n);
  update public.conversations
  set updated_at = '2020-02-01'
  where organization_id in (id('north'), id('south'));
  update public.messages
  set created_at = timestamptz '2020-02-01' + seq * interval '1 hour',
    updated_at = coalesce(deleted_at, timestamptz '2020-02-01' + seq * interval '1 hour')
  where conversation_id in (select c.id from public.conversations c where c.organization_id in (id('north'), id('south')));
  -- A group whose creator has left it, as existed before another participant took over such groups.
  update public.conversations set created_by = id('left') where id = id('deserted');
  -- So that recent actions can be days away from now. This is not logged, so that the sequence of the log stays.
  update private.limits set per = interval '30 days';
  set local session_replication_role = origin;
exception when insufficient_privilege then
  null;
end
$$;

-- When deleted messages were last changed before that.
update private.deleted_messages
set updated_at = '2020-02-01'
where message_id in (select n.id from chatctl_audit.names n);

-- Two participants have read some messages and starred the conversation.
update public.conversation_participants
set is_starred = true, last_read_at = (select m.created_at from public.messages m where m.id = id('answer'))
where id in (id('participant in group'), id('outsider in southern'));

-- The rate limits. One user has just sent ten messages and used up the limit for uploads, one has used up every other
-- limit, one has just sent one message; the others sent theirs long ago, one of them ten.
update private.send_windows
set sent_at = array_fill(timestamptz '2020-02-01', array[cardinality(sent_at)])
where user_id in (select n.id from chatctl_audit.names n);
insert into private.send_windows (user_id, sent_at)
select id(who), array_fill(at, array[times])
from (values
  ('creator', now() + interval '15 days', 10), ('participant', now() + interval '15 days', 1),
  ('outsider', '2020-02-01', 10), ('busy', '2020-02-01', 1)
) as w (who, at, times)
on conflict (user_id) do update set sent_at = excluded.sent_at;
insert into private.action_windows (user_id, action, at, amount)
select id(case l.action when 'upload' then 'creator' else 'busy' end), l.action, array[now() + interval '15 days'], array[l.allowed]
from private.limits l
where l.action not in ('message', 'return');
insert into private.action_windows (user_id, action, at, amount)
select id('sender'), l.action, array['2020-02-01', now() + interval '15 days'], array[l.allowed, 1]
from private.limits l
where l.action not in ('message', 'return');
-- One user left the group recently; two left it long ago, and one of them is back.
insert into private.departures (conversation_id, user_id, left_at)
values
  (id('group'), id('left'), array['2020-02-01', now() - interval '15 days']),
  (id('group'), id('colleague'), array[timestamptz '2020-02-01']), (id('group'), id('participant'), array[timestamptz '2020-02-01']);

-- As at the beginning of a request: the writes above are not part of it, so nothing is locked.
set local chat.last_locked = '';
