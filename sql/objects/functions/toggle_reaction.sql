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
