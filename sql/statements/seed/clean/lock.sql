-- Nobody writes, between what is looked at and what is taken away. In the order in which a message is sent.
lock table
  public.conversation_participants, public.messages, public.conversations, public.organization_members,
  public.organizations, public.user_profiles, private.suspensions, private.holds
in share row exclusive mode;
