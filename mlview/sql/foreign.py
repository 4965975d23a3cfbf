"""How other systems spell it, and how mlview does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlview.sql.tokens import Lexeme

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlview.sql.cursor import Cursor
    from mlview.sql.tokens import Token

QUERY_WORDS = frozenset(
    [
        *("SELECT", "FROM", "VALUES", "TABLE", "PIVOT", "UNPIVOT", "PIVOT_WIDER", "PIVOT_LONGER"),
        *("WITH", "DESCRIBE", "SUMMARIZE", "SHOW"),
    ]
)
_SHAPE = "CREATE MODEL name PREDICT label USING Method (parameter => value) AS SELECT ..."
_METHODS = {
    "linear_reg": "LinearRegression",
    "logistic_reg": "LogisticRegression",
    "kmeans": "KMeans",
    "pca": "PCA",
    "boosted_tree_classifier": "HistGradientBoostingClassifier",
    "boosted_tree_regressor": "HistGradientBoostingRegressor",
    "random_forest_classifier": "RandomForestClassifier",
    "random_forest_regressor": "RandomForestRegressor",
    "dnn_classifier": "MLPClassifier",
    "dnn_regressor": "MLPRegressor",
    "xgboost": "HistGradientBoostingClassifier",
}
_HINTS = {
    "TRANSFORM": "put the expressions into the query after AS; preprocessing follows from types",
    "TARGET": "write PREDICT label, and AS SELECT ... for the rows",
    "LABEL": "write PREDICT label",
    "FUNCTION": "leave it out: FROM model answers, as does ML.PREDICT(MODEL name, ...)",
    "IAM_ROLE": "leave it out: training runs where the data is",
    "SETTINGS": f"parameters stand with the method: {_SHAPE}",
    "MODEL_TYPE": f"write USING Method: {_SHAPE}",
    "INPUT": f"the query names the columns: {_SHAPE}",
    "REMOTE": f"models are trained here: {_SHAPE}",
    "WAREHOUSE": "leave it out: there is no warehouse; TARGET_LAG '1 hour' alone is enough",
    "LAG": "write TARGET_LAG '1 hour'",
    "INITIALIZE": "a definition is materialized at once; to wait, end it in WITH NO DATA",
    "BUILD": "a definition is materialized at once; to wait, end it in WITH NO DATA",
    "SCHEDULE": "write TARGET_LAG '1 hour'",
    "COMMENT": "write COMMENT ON MODEL name IS '...' as a statement of its own",
    "CLUSTER": "leave it out: the store orders its files itself",
    "PARTITION": "leave it out: the store orders its files itself",
    "LIMIT": "put it into the query, with an ORDER BY",
}


def clause_hint(cursor: Cursor) -> str | None:
    """How to spell the foreign clause that comes next; None if it is no known one."""
    token = cursor.token
    if token is None:
        return None
    if token.word in ("OPTIONS", "WITH", "SETTINGS"):
        return _options_hint(cursor)
    following = cursor.ahead(1)
    if token.word == "TARGET" and following is not None and following.word == "LAG":
        return "write TARGET_LAG '1 hour'"
    return _HINTS.get(token.word)


def _options_hint(cursor: Cursor) -> str:
    strings = _option_strings(cursor.tokens[cursor.index + 1 :])
    method = _METHODS.get(strings.get("MODEL_TYPE", "").lower(), "Method (parameter => value)")
    label = next(
        (strings[word] for word in ("INPUT_LABEL_COLS", "LABEL_COLS", "TARGET") if word in strings),
        "label",
    )
    unsupervised = method in ("KMeans", "PCA")
    return f"write {'' if unsupervised else f'PREDICT {label} '}USING {method} AS SELECT ..."


def _option_strings(tokens: Sequence[Token]) -> dict[str, str]:
    """Each option's first string: `model_type = 'x'`, `input_label_cols = ['y']`."""
    strings: dict[str, str] = {}
    word = ""
    for token in tokens:
        if token.word == "AS":
            break
        if token.word:
            word = token.word
        elif token.kind is Lexeme.STRING and word:
            strings.setdefault(word, token.value)
    return strings
