-- Block writes between the checks and the deletion. In the order in which sending a message locks the tables.
lock table
  public.conversation_participants, public.messages, public.conversations, public.organization_members,
  public.organizations, public.user_profiles, private.suspensions, private.mutes, private.holds
in share row exclusive mode;
