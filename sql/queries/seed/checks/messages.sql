-- Messages that the backend would not take: too long, empty, with files or reactions that are not valid.
--   organizations  uuid[]
--   users          uuid[]
select format('message %%s', m.id) as object, w.detail
from public.messages m
cross join lateral (
  values
    (char_length(m.content) > 4000, format('%%s characters', char_length(m.content))),
    (
      m.deleted_at is null and coalesce(m.attachments, '[]') = '[]'
      and coalesce(btrim(m.content, E' \t\r\n'), '') = '',
      'neither text nor files'
    ),
    (
      m.deleted_at is not null
      and (m.content, m.attachments, m.reactions) is distinct from (null::text, null::jsonb, '[]'::jsonb),
      'deleted, and its content still shows'
    ),
    (m.attachments is not null and not private.valid_attachments(m.attachments), 'its files are not valid'),
    (m.reactions <> '[]' and not private.valid_reactions(m.reactions), 'its reactions are not valid')
) as w (wrong, detail)
where m.organization_id = any (%(organizations)s::uuid[]) and w.wrong
order by m.conversation_id, m.seq, w.detail;
