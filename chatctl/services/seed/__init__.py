"""Filling a database with realistic data: the same seed gives the same rows on every server.

A world passes through these modules in order:

1. ``specfile`` reads the description of a world from a YAML file and checks it.
2. ``spec`` defines this description, and the built-in worlds demo and perf.
3. ``scaling`` multiplies the numbers of users, conversations and messages.
4. ``outline`` generates everything except the messages: organizations, users and conversations.
5. ``loading`` writes the rows to the database; an interrupted load can be continued.
6. ``chunks`` divides the conversations into parts and writes each in one transaction, with its messages.

Terms:

- A Team is the description of one organization: its users, their languages and its conversations.
- A Talk is the description of one or more conversations of the same kind within a Team.
- A Chat is one generated conversation: its participants and the number of its messages, without their texts.
- Staff (``_Staff`` in ``outline``) is a Team with its generated organization, users and memberships.
- A sitting is a part of a conversation in which some of its participants have one exchange.
"""
