-- Whether operators of this database can suspend users.
select to_regprocedure('moderation.suspend_user(uuid, text, text, text, timestamptz, text)') is not null;
