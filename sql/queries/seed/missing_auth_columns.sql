-- Columns that sign-in requires but these tables of Auth lack.
select format('%s.%s', w.table_name, w.column_name) as name
from (
  values
    ('users', 'instance_id'), ('users', 'id'), ('users', 'aud'), ('users', 'role'), ('users', 'email'),
    ('users', 'encrypted_password'), ('users', 'email_confirmed_at'), ('users', 'created_at'),
    ('users', 'updated_at'), ('users', 'raw_app_meta_data'), ('users', 'raw_user_meta_data'),
    ('users', 'is_sso_user'), ('users', 'is_anonymous'),
    ('users', 'confirmation_token'), ('users', 'recovery_token'), ('users', 'email_change_token_new'),
    ('users', 'email_change'), ('users', 'email_change_token_current'), ('users', 'email_change_confirm_status'),
    ('users', 'phone_change'), ('users', 'phone_change_token'), ('users', 'reauthentication_token'),
    ('identities', 'id'), ('identities', 'provider_id'), ('identities', 'user_id'),
    ('identities', 'identity_data'), ('identities', 'provider')
) as w (table_name, column_name)
where not exists (
  select from pg_catalog.pg_attribute a
  where a.attrelid = to_regclass('auth.' || w.table_name) and a.attname = w.column_name and not a.attisdropped
)
order by 1;
