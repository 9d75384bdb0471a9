-- Messages that the backend would reject: too long, empty, or with invalid attachments or reactions.
--   organizations  uuid[]
--   users          uuid[]
select format('message %%s', m.id) as object, w.detail
from public.messages m
cross join lateral (
  select case
    when m.deleted_at is not null then
      case
        when (m.content, m.attachments, m.reactions) is distinct from (null::text, null::jsonb, '[]'::jsonb)
          then 'is deleted, but its content is still visible'
      end
    when char_length(m.content) > 4000 then format('%%s characters', char_length(m.content))
    when coalesce(btrim(m.content, E' \t\r\n'), '') = '' and coalesce(m.attachments, '[]') = '[]'
      then 'has neither text nor files'
    when m.attachments is not null and not private.valid_attachments(m.attachments) then 'its files are not valid'
    when m.reactions <> '[]' and not private.valid_reactions(m.reactions) then 'its reactions are not valid'
  end as detail
) as w
where m.organization_id = any (%(organizations)s::uuid[]) and w.detail is not null
order by m.conversation_id, m.seq;
