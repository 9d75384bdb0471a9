create table par (id int primary key);
create table chi (p int references par deferrable initially deferred);
