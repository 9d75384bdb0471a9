insert into chi values (7);
