-- The moderation log, newest first.
--   before           bigint       id of the last row already shown; null: from the newest
--   count            bigint       at most so many rows
--   actor            text         null: any
--   action           text         an action, or its first word: message; null: any
--   target           text         an id as the log has it, for example message:6f…; null: any
--   ticket           text         null: any
--   user_id          uuid         what concerns this user; null: any
--   organization_id  uuid         null: any
--   since            timestamptz  null: from the beginning
--   until            timestamptz  null: to now
select
  l.id, l.at, l.actor, l.database_role, l.action, l.target_type, l.target_id, l.user_id, l.reason, l.ticket,
  l.client, l.organization_id, l.job_id, l.details, l.targets, l.previous_hash, l.hash
from moderation.log l
where l.id < coalesce(%(before)s::bigint, 9223372036854775807)
  and (%(actor)s::text is null or l.actor = %(actor)s::text)
  and (%(action)s::text is null or l.action = %(action)s::text or split_part(l.action, '.', 1) = %(action)s::text)
  and (%(target)s::text is null or l.targets @> array[%(target)s::text])
  and (%(ticket)s::text is null or l.ticket = %(ticket)s::text)
  and (%(user_id)s::uuid is null or l.targets @> array[(
    select 'user:' || p.pseudonym from moderation.log_pseudonyms p where p.user_id = %(user_id)s::uuid
  )])
  and (%(organization_id)s::uuid is null or l.organization_id = %(organization_id)s::uuid)
  and (%(since)s::timestamptz is null or l.at >= %(since)s::timestamptz)
  and (%(until)s::timestamptz is null or l.at < %(until)s::timestamptz)
order by l.id desc
limit %(count)s::bigint;
