-- Discard the state of a session other than settings, as at its end: prepared statements, cursors, LISTEN channels,
-- temporary objects, and cached sequence values. `discard all` cannot run in a transaction, and would release the
-- migration lock.
do $$
begin
  deallocate all;
  execute 'close all'; -- without execute, PL/pgSQL would parse it as its own CLOSE
  unlisten *;
  discard temp;
  discard sequences;
end
$$;
