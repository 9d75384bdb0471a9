-- The schema of the operators' functions and views. Only its owner may use it, and the roles that
-- `chatctl operator grant` names.
revoke all on schema moderation from public, anon, authenticated, service_role;
