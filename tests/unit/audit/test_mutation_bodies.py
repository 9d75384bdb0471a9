"""The mutation operators for statements of PL/pgSQL."""

from __future__ import annotations

from chatctl.services.audit.mutation.bodies import BodyContext, edits, names_a_person
from chatctl.services.audit.mutation.catalogue import calls
from chatctl.services.audit.mutation.edits import distinct_edits

HOSTILE = """
declare
  said text := 'if a then raise; end if;'; -- if this then that
  told text := $q$ if b then return; end if; $q$;
begin
  /* if nothing then return; end if; */
  if said = 'then' and not exists (select case when x then y end from t) then
    raise exception 'no; "then" (%', said using errcode = '42501';
  elsif told is null then
    perform private.refuse('PT403', 'if; then');
  else
    if "if" then
      said := 'x';
      told := 'y';
    end if;
  end if;
  case said when 'a' then perform f.g(1); perform h(); else null; end case;
  for row in select * from t loop
    if found then return; end if;
  end loop;
  perform private.guard(said);
  return;
exception when others then
  return;
end
"""
TRIGGER = """
begin
  new.a := 1;
  new."B" = 2;
  old_value := 3;
  insert into t (a) values (new.a);
  update t set a = 1 where b; delete from u;
  perform from t where a = new.a for update;
  return new;
end
"""
WHO = BodyContext(
    user_functions=frozenset({"private.who"}),
    predicate_functions=frozenset({"private.trusted"}),
    request_values=("p_user",),
)


def edits_by(text: str, operator: str, around: BodyContext | None = None) -> list[tuple[str, str]]:
    """The text that ``operator`` removes, and its replacement."""
    distinct = distinct_edits(edits(text, around or BodyContext()), text)
    return [(text[edit.start : edit.end], edit.new) for edit, _ in distinct if edit.operator == operator]


def test_a_branch_that_refuses_or_returns_is_a_guard() -> None:
    assert edits_by(HOSTILE, "guard-removed") == [
        ("said = 'then' and not exists (select case when x then y end from t)", "false"),
        ("told is null", "false"),
        ("found", "false"),
    ]


def test_a_guard_is_inverted_and_an_early_return_lets_everybody_through() -> None:
    assert edits_by(HOSTILE, "guard-inverted") == [
        (
            "said = 'then' and not exists (select case when x then y end from t)",
            "not (said = 'then' and not exists (select case when x then y end from t)\n)",
        ),
        ("told is null", "not (told is null\n)"),
    ]
    assert edits_by(HOSTILE, "guard-passed") == [("found", "true")]


def test_calls_of_guards_are_removed_unless_a_branch_has_nothing_else() -> None:
    assert edits_by(HOSTILE, "guard-call-removed") == [
        ("perform f.g(1);", "null;"),
        ("perform h();", "null;"),
        ("perform private.guard(said);", "null;"),
    ]


def test_the_current_user_becomes_the_user_of_the_request() -> None:
    text = (
        "begin if private.who() = p_user or private.trusted() then return; end if; x := private.who(1); end"
    )
    assert edits_by(text, "actor-from-request", WHO) == [("private.who()", "p_user")]
    assert edits_by(text, "answer-to-true", WHO) == [("private.trusted()", "true")]


def test_a_trigger_loses_each_column_that_it_sets() -> None:
    around = BodyContext(trigger=True, before_row=True)
    assert [was for was, _ in edits_by(TRIGGER, "assignment-removed", around)] == [
        "new.a := 1;",
        'new."B" = 2;',
    ]
    assert edits_by(TRIGGER, "return-changed", around) == [("new", "null")]
    assert edits_by(TRIGGER, "assignment-removed") == []


def test_a_returned_boolean_is_inverted() -> None:
    assert edits_by("begin return true; end", "return-changed") == [("true", "false")]
    assert edits_by("begin return not true; end", "return-changed") == []


def test_a_name_that_refers_to_a_user_is_recognized() -> None:
    assert [name for name in ("p_user_id", "sender", "p_message_id", "owner_id") if names_a_person(name)] == [
        "p_user_id",
        "sender",
        "owner_id",
    ]


def test_calls_are_read_only_from_code() -> None:
    text = "begin perform a.b(1); -- c.d()\n x := 'e.f()' || g.h (i.j); end"
    assert list(calls(text)) == ["a.b", "g.h"]
