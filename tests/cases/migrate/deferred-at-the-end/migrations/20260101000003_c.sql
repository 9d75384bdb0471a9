insert into par values (7);
