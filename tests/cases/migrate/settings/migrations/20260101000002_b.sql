prepare p as select 2;
insert into app.log default values;
create table public_name (v text default 'a\', d text default '01/02/2026'::date, u text default 'ü');
insert into public_name default values;
