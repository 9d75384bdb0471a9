-- Forget the files that Storage has deleted; how many.
select moderation.forget_deleted_files();
