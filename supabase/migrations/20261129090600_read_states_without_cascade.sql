-- Locks go from participant to conversation to read state. The cascade from participants took the read state of somebody
-- who leaves before the conversation, and deadlocked with whoever sent at that moment: participants_left deletes it now,
-- under the lock of the conversation. The last of these migrations, with which its functions come.
-- `chatctl seed verify` looks for read states without a participant.
alter table private.read_states drop constraint read_states_participant;
