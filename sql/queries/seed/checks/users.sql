-- Users who could not sign in: Auth needs all these values and an identity, the backend a profile with the email.
--   organizations  uuid[]
--   users          uuid[]
select format('user %%s', coalesce(u.email, w.id::text)) as object, f.detail
from unnest(%(users)s::uuid[]) as w (id)
left join auth.users u on u.id = w.id
left join auth.identities i on i.user_id = w.id and i.provider = 'email'
left join public.user_profiles p on p.id = w.id
cross join lateral (
  values
    (u.id is null, 'does not exist'),
    (u.id is not null and i.id is null, 'has no identity'),
    (u.id is not null and p.id is null, 'has no profile'),
    (u.id is not null and p.id is not null and p.email is distinct from u.email, 'has a different email in the profile'),
    (u.email <> lower(u.email), 'has an email that is not in lower case'),
    (
      i.id is not null and u.id is not null
      and (i.identity_data ->> 'email', i.provider_id) is distinct from (u.email::text, u.id::text),
      'has the identity of another user'
    ),
    (coalesce(u.encrypted_password, '') = '' and u.id is not null, 'has no password'),
    (u.email_confirmed_at is null and u.id is not null, 'is not confirmed'),
    (u.banned_until > now(), 'is banned'),
    -- As JSON, because an older Auth lacks some of these columns.
    (to_jsonb(u) -> 'is_sso_user' = 'true', 'can sign in only with SSO'),
    (
      u.id is not null and (
        (u.instance_id, u.aud, u.role)
          is distinct from ('00000000-0000-0000-0000-000000000000'::uuid, 'authenticated', 'authenticated')
        or exists (
          select from jsonb_each(to_jsonb(u)) as v (name, value)
          where v.value = 'null' and v.name in (
            'confirmation_token', 'recovery_token', 'email_change_token_new', 'email_change',
            'email_change_token_current', 'email_change_confirm_status', 'phone_change', 'phone_change_token',
            'reauthentication_token', 'created_at', 'updated_at', 'raw_app_meta_data'
          )
        )
      ),
      'lacks values that Auth needs: instance, audience, role, tokens or times'
    )
) as f (wrong, detail)
where f.wrong
order by object, f.detail;
