"""Invariants of the backend, whatever people and operators did: each rule as a query for its violations."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from chatctl.db.connection import Connection

RULES = {
    "seq is gap-free, and last_seq is its end": """
        select c.id
        from conversations c
        cross join lateral (
          select count(*) as messages, coalesce(max(s.seq), 0) as last
          from (
            select m.seq from messages m where m.conversation_id = c.id
            union all
            select p.seq from unnest(%(conversations)s::uuid[], %(seqs)s::bigint[]) as p (conversation, seq)
            where p.conversation = c.id
          ) as s
        ) as m
        where (m.messages, m.last) <> (c.last_seq, c.last_seq)
    """,
    "message_count and last_message_seq are a recount": """
        select c.id
        from conversations c
        cross join lateral (
          select count(*) as live, coalesce(max(m.seq), 0) as last
          from messages m where m.conversation_id = c.id and m.deleted_at is null
        ) as m
        where (c.message_count, c.last_message_seq) <> (m.live, m.last)
    """,
    "participant_count is a recount": """
        select c.id
        from conversations c
        where c.participant_count <> (
          select count(*) from conversation_participants p where p.conversation_id = c.id
        )
    """,
    "every participant has one read state, and nobody else": """
        select conversation_id, user_id
        from conversation_participants p
        full join private.read_states r using (conversation_id, user_id)
        where p.id is null or r.last_read_seq is null
    """,
    "unread is the plan's slow definition": """
        select p.conversation_id, p.user_id
        from conversation_participants p
        join conversations c on c.id = p.conversation_id
        join private.read_states r on (r.conversation_id, r.user_id) = (p.conversation_id, p.user_id)
        where c.message_count - r.seen_count <> (
          select count(*) from messages m
          where m.conversation_id = p.conversation_id
            and m.created_at > coalesce(p.last_read_at, '1970-01-01')
            and m.sender_id is distinct from p.user_id
            and m.deleted_at is null
        )
    """,
    "a read state is a recount": """
        select p.conversation_id, p.user_id
        from conversation_participants p
        join private.read_states r on (r.conversation_id, r.user_id) = (p.conversation_id, p.user_id)
        cross join lateral private.read_position(p.conversation_id, p.user_id, p.last_read_at) as w
        where r.seen_count <> w.seen_count
          or (%(seqs)s::bigint[] = '{}' and r.last_read_seq <> w.last_read_seq)
    """,
    "created_at rises with seq": """
        select id
        from (
          select id, created_at <= lag(created_at) over (partition by conversation_id order by seq) as back
          from messages
        ) as m
        where back
    """,
    "the content of deleted messages is kept, and only theirs": """
        select m.id
        from messages m
        full join private.deleted_messages d on d.message_id = m.id
        where (m.deleted_at is null) <> (d.message_id is null)
    """,
    "nobody has the same reaction twice": """
        select m.id
        from messages m
        where jsonb_array_length(m.reactions) <> (
          select count(distinct r.entry) from jsonb_array_elements(m.reactions) as r (entry)
        )
    """,
    "a pair has one direct conversation": """
        select c.organization_id, array_agg(distinct c.id)
        from conversations c
        cross join lateral (
          select array_agg(p.user_id order by p.user_id) as pair
          from conversation_participants p where p.conversation_id = c.id
        ) as p
        where not c.is_group and cardinality(p.pair) = 2
        group by c.organization_id, p.pair
        having count(*) > 1
    """,
    "a group has 50 participants at most": """
        select conversation_id from conversation_participants group by 1 having count(*) > 50
    """,
    "a group is managed by one of its participants who is a member, if there is any": """
        select c.id
        from conversations c
        cross join lateral (
          select array_agg(p.user_id) as people
          from conversation_participants p
          join organization_members o on (o.organization_id, o.user_id) = (c.organization_id, p.user_id)
          where p.conversation_id = c.id
        ) as p
        where c.is_group
          and case when p.people is null then c.created_by is not null and c.participant_count > 0
            else c.created_by is null or c.created_by <> all (p.people) end
    """,
}


def breaches(
    conn: Connection, purged: Collection[tuple[UUID, int]] = ()
) -> dict[str, list[tuple[object, ...]]]:
    """The broken rules, each with the first rows that violate it.

    ``purged``: conversation and seq of each message whose row an operator has deleted.
    """
    gaps = {"conversations": [conversation for conversation, _ in purged], "seqs": [seq for _, seq in purged]}
    violations = {
        rule: conn.execute(f"{query} limit 5".encode(), gaps).fetchall() for rule, query in RULES.items()
    }
    return {rule: rows for rule, rows in violations.items() if rows}
