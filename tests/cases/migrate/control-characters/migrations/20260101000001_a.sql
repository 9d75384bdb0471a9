-- of a Macintoshcreate table kept (id int, v text, "a b " text);insert into kept values (1, 'onetwo
three
four   ﻿ ');insert into kept values (2, E'a\\'b;
' -- more 'c;'), (3, $x$ 
; $x$);comment on table kept is 'trailing 	
 blanks ';
create function f() returns text language plpgsql as $$
begin -- whyreturn 'ab  
c';
end $$;
create view w as select 1 as "x ", 2 as y ;
