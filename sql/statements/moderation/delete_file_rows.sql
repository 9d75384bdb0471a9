-- Delete the rows of the files that wait for it, on a server without Storage.
select private.delete_file_rows();
