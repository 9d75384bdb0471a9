-- Whom a pseudonym in the log stands for. For operators.
create or replace view moderation.log_pseudonyms as
select p.pseudonym, p.user_id
from private.log_pseudonyms p;

revoke all on moderation.log_pseudonyms from public, anon, authenticated, service_role;
