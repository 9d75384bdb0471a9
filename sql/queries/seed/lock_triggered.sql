-- Nobody writes while triggers are switched off. Messages first, as whoever sends has them first.
lock table
  public.messages, public.conversations, public.conversation_participants, public.organization_members,
  public.user_profiles
in share row exclusive mode;
