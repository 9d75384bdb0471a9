-- Emails and names of users that begin with a text, each with what else tells the user apart.
--   text   text
--   count  bigint  at most so many
(
  select u.email as value, coalesce(u.full_name, '') as description
  from moderation.users u
  where starts_with(u.email, %(text)s::text)
  union all
  select u.full_name, coalesce(u.email, '')
  from moderation.users u
  where %(text)s::text <> '' and starts_with(u.full_name, %(text)s::text)
)
order by value, description
limit %(count)s::bigint;
