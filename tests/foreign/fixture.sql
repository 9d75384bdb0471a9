-- Tables of the app are named without schema, even if the audit has tables of the same name.
insert into people (id, "displayName") select id(who), who from unnest(array['ann', 'ben', 'cat', 'dan']) as p (who);
insert into identities (person, provider) values (id('ann'), 'mail'), (id('ann'), 'phone'), (id('ben'), 'mail');
insert into probes (name, maker) values ('red', id('ann')), ('blue', id('ben'));
insert into "Lists" (owner, "Slug", title, first_item) values
  (id('ann'), 'home', 'At home', 1), (id('ann'), 'work', 'At work', null), (id('ben'), 'home', 'At Ben''s', null);
insert into "to do" (owner, list, "No.", "it's ""done""?", what) values
  (id('ann'), 'home', 1, false, 'sweep'), (id('ann'), 'home', 2, true, 'mop'),
  (id('ann'), 'work', 1, false, 'write'), (id('ben'), 'home', 1, false, 'paint');
insert into readers (owner, list, reader, level) values
  (id('ann'), 'home', id('ben'), 'read'), (id('ann'), 'home', id('cat'), 'write');
insert into journal (id, day, author, entry) values
  (id('old'), '2019-05-01', id('ann'), 'long ago'), (id('new'), '2024-05-01', id('ann'), 'today'),
  (id('bens'), '2024-06-01', id('ben'), 'mine');
