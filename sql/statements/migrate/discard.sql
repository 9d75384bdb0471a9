-- Discard what a session keeps beside its settings, as it does when it ends: prepared statements, cursors, channels
-- that are listened to, temporary objects, and the last values of sequences. `discard all` does not run in a
-- transaction, and would give up the lock of the migration.
do $$
begin
  deallocate all;
  execute 'close all'; -- without execute it is PL/pgSQL's own word
  unlisten *;
  discard temp;
  discard sequences;
end
$$;
