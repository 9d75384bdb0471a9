-- Block writes while triggers are disabled. In the order of clean/lock.sql.
lock table
  public.conversation_participants, public.messages, public.conversations, public.organization_members,
  public.user_profiles
in share row exclusive mode;
