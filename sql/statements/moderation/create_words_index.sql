-- Index the words of messages for `message search`. The expression is the body of moderation.search_words, and not a call of
-- it, which everybody who sends a message would need the right to execute.
create index concurrently messages_search on public.messages using gin (pg_catalog.to_tsvector(
  'pg_catalog.simple',
  pg_catalog.regexp_replace(
    content,
    '[\u00a0-\u00bf\u0e00-\u109f\u1780-\u17ff\u2000-\u2bff\u3000-\u31ff\u3400-\u9fff\uf900-\ufaff\uff00-\uffef\U0001f000-\U0003ffff]',
    ' \& ', 'g'
  )
));
