"""A definition rendered and read back is the same definition."""

from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from mlview.definitions import (
    DOWNSTREAM,
    ArtifactMethod,
    Expectation,
    Freshness,
    HoldoutLast,
    HoldoutShare,
    MaterializedView,
    Method,
    Model,
    Name,
    OnViolation,
    PlainView,
    RefreshMode,
    Requirement,
    Rollout,
    RolloutStage,
    SourceFreshness,
    Stage,
)
from mlview.sql import parse_statement, render

NASTY = [
    "a",
    'a"; DROP TABLE z',
    "select",
    "two words",
    "../x",
    "Größe",
    "A.b",
    "as",
    "x" * 300,
    "é\u00a0b",
]
text = st.one_of(
    st.sampled_from(NASTY),
    st.text(
        st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), min_size=1, max_size=8
    ),
)
names = st.builds(Name, text, st.one_of(st.just("main"), text))
columns = st.lists(text, min_size=1, max_size=3, unique=True).map(tuple)
durations = st.builds(
    timedelta,
    days=st.integers(0, 400),
    seconds=st.integers(1, 86399),
    microseconds=st.sampled_from([0, 500_000]),
)
shares = st.floats(0.001, 0.999)
queries = st.sampled_from(
    [
        "SELECT 1", "FROM t", "WITH a AS (FROM b) FROM a", "(FROM t) UNION (FROM u)", "VALUES (1)",
        "SELECT ';' AS x -- ;\nFROM t", "/* why */ SELECT $$ AS $$", 'SELECT "with no data" FROM t',
    ]
)  # fmt: skip
predicates = st.sampled_from(
    ["a > 1", "count(*) >= 10", "b IN (1, 2) AND c = ')'", "recall(new) > .5"]
)
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    text,
    st.just(""),
)
values = st.recursive(scalars, lambda inner: st.lists(inner, max_size=3).map(tuple), max_leaves=4)
methods = st.one_of(
    st.builds(
        Method,
        st.one_of(text, st.just("a.b.C")),
        st.lists(st.tuples(text, values), max_size=3, unique_by=lambda pair: pair[0]).map(tuple),
    ),
    st.binary(min_size=32, max_size=32).map(lambda digest: ArtifactMethod(digest.hex())),
)
rule_names = st.none() | text
expectations = st.one_of(
    st.builds(
        Expectation, predicates, rule_names, st.sampled_from([OnViolation.FAIL, OnViolation.WARN])
    ),
    st.builds(
        Expectation,
        predicates,
        rule_names,
        st.just(OnViolation.DROP_ROW),
        st.none() | st.floats(0, 100),
    ),
)
requirements = st.builds(
    Requirement, predicates, rule_names, st.sampled_from([OnViolation.FAIL, OnViolation.WARN])
)
rollouts = st.builds(
    lambda early, rollback: Rollout((*early, RolloutStage(Stage.LIVE)), rollback),
    st.tuples(
        st.builds(RolloutStage, st.just(Stage.SHADOW), durations),
        st.builds(RolloutStage, st.just(Stage.CANARY), durations, shares, st.just(()) | columns),
    ).flatmap(lambda stages: st.sampled_from([(), stages[:1], stages[1:], stages])),
    st.booleans(),
)
sources = st.lists(st.builds(SourceFreshness, columns, durations), max_size=2).map(tuple)
freshness = st.builds(Freshness, st.none() | durations, st.none() | durations, sources).filter(
    lambda promise: promise != Freshness()
)
shared = {
    "name": names,
    "query": queries,
    "expectations": st.lists(expectations, max_size=2).map(tuple),
    "target_lag": st.none() | st.just(DOWNSTREAM) | durations,
    "freshness": st.none() | freshness,
    "refresh_when": st.none() | predicates,
    "refresh_mode": st.sampled_from(RefreshMode),
    "priority": st.none() | st.integers(0, 9),
    "owner": st.none() | text,
}
holdouts = st.one_of(
    st.none(),
    st.builds(HoldoutShare, shares, st.just(()) | columns, st.booleans()),
    st.builds(HoldoutLast, durations | shares),
)
models = st.builds(
    Model,
    **shared,
    target=st.none() | text,
    method=st.none() | methods,
    key=st.just(()) | columns,
    time=st.none() | text,
    ignore=st.just(()) | columns,
    holdout=holdouts,
    requirements=st.lists(requirements, max_size=2).map(tuple),
    rollout=st.none() | rollouts,
)
views = st.builds(MaterializedView, **shared)
plain_views = st.builds(PlainView, names, queries, st.just(()) | columns)


@settings(deadline=None, max_examples=300)
@given(models | views, st.booleans())
def test_what_is_rendered_is_read_back_the_same(definition, or_replace):
    statement = parse_statement(render(definition, or_replace=or_replace))
    assert statement.definition == definition
    assert statement.definition.name.name == definition.name.name
    assert repr(statement.definition) == repr(definition)
    assert statement.or_replace == or_replace


@settings(deadline=None)
@given(plain_views)
def test_a_plain_view_is_read_back_the_same(view):
    assert repr(parse_statement(render(view)).view) == repr(view)


def test_clauses_stand_on_lines_of_their_own():
    model = Model(
        name=Name("m"), query="FROM t", target="late", target_lag=timedelta(hours=1), owner="it's"
    )
    assert render(model) == (
        "CREATE MODEL m\n  PREDICT late\n  TARGET_LAG '1 hour'\n  OWNER 'it''s'\nAS FROM t"
    )
